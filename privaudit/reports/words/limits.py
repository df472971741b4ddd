"""Limits in words for a reader who has never heard of false-positive rates or bits.

Every sentence says what the number that decided says and no more: *at least* for the lower end of an
interval, *at most* and *up to* for the upper one, each rounded to the side on which it stays true.
"""

from decimal import Decimal

from privaudit.inert import inert
from privaudit.reports.words.metrics import UNSAID, WORDS
from privaudit.results import ThresholdResult
from privaudit.results.metrics import METRICS
from privaudit.rounding import DOWN, NEAR, UP

_SIMPLER = {"at most 0": "none", "more than 0": "any"}


def in_words(item: ThresholdResult, unit: str = "records") -> str:
    """One sentence on one limit, with what was found.

    Args:
        item: as it was judged.
        unit: what membership is counted over.
    """
    words = WORDS.get(item.metric or "")
    if words is None:
        return inert(item.reason)
    text, in_amount = (
        (words.clause, words.amounts[0]) if item.against == "limit" else (words.increase, words.amounts[1])
    )
    limit = in_amount(_exact(item.limit), NEAR)

    def clause(kind: str, value: float | None = None, side: str = NEAR) -> str:
        amount = f"{kind} {limit if value is None else in_amount(_exact(value), side)}"
        amount = amount.replace(f"more than {UNSAID}", UNSAID)
        said = text.format(amount=_SIMPLER.get(amount, amount), rate=_one_in(item.fpr), unit=unit)
        return f"{_where(item)}{said}"

    if item.result == "exceeded" and item.value is not None:
        return f"{_capital(clause('at least', item.value, DOWN))}; the limit is {limit}."
    if item.result == "holds" and item.value is not None:
        said = _capital(clause("at most", item.value, UP))
        return f"{said}{_on_what(item)}; the limit is {limit}."
    if item.value is not None and item.value > item.limit:
        said = clause("up to", item.value, UP)
        return f"It is possible that {said}: this audit neither proves nor rules out more than {limit}."
    return f"It is not known whether {clause('more than')}."


def _on_what(item: ThresholdResult) -> str:
    """What an upper end rests on: no attack bounds epsilon from above, only the accounting of the claim."""
    if METRICS[item.metric or ""].from_below:
        return (
            ", if training was as claimed, and except for events as rare as the delta of the claim; attacks "
            "cannot show that"
        )
    return "" if item.attack is not None else ", by the attacks that ran"


def _where(item: ThresholdResult) -> str:
    part = "" if item.slice is None else f"where {inert(item.slice.replace('=', ' is ', 1))}, "
    return part if item.attack is None else f"{part}with the attack {inert(item.attack)}, "


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _one_in(fpr: float | None) -> str:
    return f"1 in {round(1 / fpr):,}" if fpr else "none of the"


def _exact(value: float) -> Decimal:
    """The number as written: 0.05 is five hundredths."""
    return Decimal(repr(float(value)))
