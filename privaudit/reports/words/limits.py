"""Limits in words for somebody who never heard of false-positive rates or bits: what a lawyer signs.

Every sentence says what the number that decided says and no more: *at least* for the lower end of an
interval, *at most* and *up to* for the upper one, each rounded to the side on which it stays true.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal

from privaudit.inert import inert
from privaudit.reports.findings import metric_of
from privaudit.results import ThresholdResult

DOWN, UP, NEAR = ROUND_FLOOR, ROUND_CEILING, ROUND_HALF_EVEN
_DIGITS = 3
_MOST = Decimal(10) ** 9
_UNSAID = "more than a billion"
_SIMPLER = {"at most 0": "none", "more than 0": "any"}
_SAID_TWICE = f"more than {_UNSAID}"


@dataclass(frozen=True)
class _Meaning:
    """What a number of one metric says."""

    clause: str
    """With ``{amount}``, which begins with *at least* or the like, ``{rate}`` and ``{unit}``."""
    amount: Callable[[Decimal, str], str]
    """A number in words, rounded to a side."""


def in_words(item: ThresholdResult, unit: str = "records") -> str:
    """One sentence on one limit, with what was found.

    Args:
        item: as it was judged.
        unit: what membership is counted over.
    """
    metric, fpr = metric_of(item)
    meaning = (_ITSELF if item.against == "limit" else _INCREASE).get(metric)
    if meaning is None:
        return inert(item.reason)
    limit = meaning.amount(_exact(item.limit), NEAR)

    def clause(kind: str, value: float | None = None, side: str = NEAR) -> str:
        amount = f"{kind} {limit if value is None else meaning.amount(_exact(value), side)}"
        amount = amount.replace(_SAID_TWICE, _UNSAID)
        said = meaning.clause.format(amount=_SIMPLER.get(amount, amount), rate=_one_in(fpr), unit=unit)
        return f"{_where(item)}{said}"

    if item.result == "exceeded" and item.value is not None:
        return f"{_capital(clause('at least', item.value, DOWN))}; the limit is {limit}."
    if item.result == "holds" and item.value is not None:
        said = _capital(clause("at most", item.value, UP))
        return f"{said}{_on_what(item, metric)}; the limit is {limit}."
    if item.value is not None and item.value > item.limit:
        said = clause("up to", item.value, UP)
        return f"It may be that {said}: this audit neither proves nor excludes more than {limit}."
    return f"It is not known whether {clause('more than')}."


def _on_what(item: ThresholdResult, metric: str) -> str:
    """What an upper end rests on: no attack bounds epsilon from above, only the accounting of the claim."""
    if metric == "epsilon":
        return (
            ", if training did what is claimed for it and but for events as rare as the delta of the claim; "
            "attacks cannot show that"
        )
    return "" if item.attack is not None else ", by the attacks that ran"


def _where(item: ThresholdResult) -> str:
    part = "" if item.slice is None else f"where {inert(item.slice.replace('=', ' is ', 1))}, "
    return part if item.attack is None else f"{part}by the attack {inert(item.attack)}, "


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _one_in(fpr: str) -> str:
    try:
        return f"1 in {round(1 / float(fpr)):,}"
    except (ValueError, ZeroDivisionError, OverflowError):
        return "none of the"


def _percent(value: Decimal, side: str) -> str:
    return f"{_rounded(100 * value, side)} %"


def _points(value: Decimal, side: str) -> str:
    return f"{_rounded(100 * value, side)} percentage points"


def _power(base: Decimal, unit: str = "") -> Callable[[Decimal, str], str]:
    def amount(exponent: Decimal, side: str) -> str:
        return (_UNSAID if exponent > 60 else _rounded(base**exponent, side)) + unit

    return amount


def _exact(value: float) -> Decimal:
    """As it is written, so that 0.05 is five hundredths."""
    return Decimal(repr(float(value)))


def _rounded(value: Decimal, side: str) -> str:
    """Three digits; whole numbers are whole."""
    if value > _MOST:
        return _UNSAID
    if value == value.to_integral_value():
        return f"{value:,.0f}"
    short = Context(prec=_DIGITS, rounding=side).plus(value)
    return f"{short:,f}".rstrip("0").rstrip(".") if abs(short) < 100 else f"{short:,.0f}"


_ITSELF: Mapping[str, _Meaning] = {
    "tpr": _Meaning(
        "an attacker who may wrongly accuse {rate} outsiders finds {amount} of the {unit} in the training "
        "data",
        _percent,
    ),
    "auc": _Meaning(
        "an attacker who is shown one of the {unit} in the training data and one from outside tells which is "
        "which {amount} of the time (guessing: 50 %)",
        _percent,
    ),
    "advantage": _Meaning(
        "an attacker accuses {amount} more of the {unit} in the training data than of outsiders", _points
    ),
    "exposure": _Meaning(
        "an attacker who tries the model's favourites first reaches a planted secret {amount} sooner than by "
        "trying everything (chance: about 2 times)",
        _power(Decimal(2), " times"),
    ),
    "extracted": _Meaning(
        "{amount} of the planted secrets can be read out of the model word for word", _rounded
    ),
    "epsilon": _Meaning(
        "training on somebody's data multiplies an attacker's odds of noticing it by {amount} (1 would be "
        "perfect privacy)",
        _power(Decimal(1).exp()),
    ),
}
_INCREASE: Mapping[str, _Meaning] = {
    "tpr": _Meaning(
        "an attacker who may wrongly accuse {rate} outsiders finds {amount} more of the {unit} in the "
        "training data than with the accepted model",
        _points,
    ),
    "auc": _Meaning(
        "an attacker tells {unit} in the training data from outside ones {amount} more often than with the "
        "accepted model",
        _points,
    ),
    "advantage": _Meaning(
        "the gap between how often an attacker accuses {unit} in the training data and how often outsiders "
        "is {amount} wider than with the accepted model",
        _points,
    ),
    "exposure": _Meaning(
        "an attacker who tries the model's favourites first reaches a planted secret {amount} sooner than "
        "with the accepted model",
        _power(Decimal(2), " times"),
    ),
    "extracted": _Meaning(
        "{amount} more of the planted secrets than with the accepted model can be read out word for word",
        _rounded,
    ),
    "epsilon": _Meaning(
        "what training on somebody's data multiplies an attacker's odds of noticing it by is {amount} that "
        "of the accepted model",
        _power(Decimal(1).exp(), " times"),
    ),
}
