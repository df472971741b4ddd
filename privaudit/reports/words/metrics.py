"""How each metric is said: one row per metric, for pages, charts, SARIF and badges.

The clauses are for a reader who has never heard of false-positive rates or bits: what a lawyer signs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from privaudit.results.metrics import (
    ADVANTAGE,
    AUC,
    EPSILON,
    EXPOSURE,
    EXTRACTED,
    METRICS,
    TPR,
    Metric,
    metric_of,
)
from privaudit.rounding import significant

Amount = Callable[[Decimal, str], str]
"""A number in words, rounded to a side."""
UNSAID = "more than a billion"
_DIGITS = 3
_MOST = Decimal(10) ** 9
_RARE = 0.01
"""The false-positive rate of a TPR where only one is shown."""


@dataclass(frozen=True)
class MetricWords:
    """One row."""

    rule: str
    """The name of its SARIF rule."""
    meaning: str
    """What is wrong where a limit is exceeded."""
    severity: str
    """As GitHub has it: above 0 to 10, high from 7, critical above 9."""
    clause: str
    """What a number says, with ``{amount}`` (*at least 5 %*), ``{rate}`` (*1 in 100*) and ``{unit}``."""
    increase: str
    """The same of an increase over a baseline."""
    amounts: tuple[Amount, Amount]
    """Of a number, and of an increase."""
    axis: str | None = None
    """At an axis, where its heading would not do."""
    charted: bool = False
    """Whether a history draws it even without a limit on it."""


def shown_at(metric: Metric) -> float | None:
    """The FPR at which a metric is shown where there is room for one."""
    return _RARE if metric.takes_fpr else None


def axis_words(key: str) -> str:
    """A metric as it stands at an axis; one that only a later version knows by its key."""
    found = metric_of(key)
    if found is None:
        return key
    metric, fpr = found
    return (fpr is None and WORDS[metric.name].axis) or metric.heading(fpr)


def plain_number(value: Decimal, side: str) -> str:
    """Three digits; whole numbers are whole."""
    if value > _MOST:
        return UNSAID
    if value == value.to_integral_value():
        return f"{value:,.0f}"
    short = significant(value, _DIGITS, side)
    return f"{short:,f}".rstrip("0").rstrip(".") if abs(short) < 100 else f"{short:,.0f}"


def _percent(value: Decimal, side: str) -> str:
    return f"{plain_number(100 * value, side)} %"


def _points(value: Decimal, side: str) -> str:
    return f"{plain_number(100 * value, side)} percentage points"


def _power(base: Decimal, unit: str = "") -> Amount:
    def amount(exponent: Decimal, side: str) -> str:
        return (UNSAID if exponent > 60 else plain_number(base**exponent, side)) + unit

    return amount


_FASTER = _power(Decimal(2), " times")

WORDS: Mapping[str, MetricWords] = {
    TPR.name: MetricWords(
        "Membership inference at few false alarms",
        "An attack identifies training records while wrongly accusing few others.",
        "7.5",
        "an attacker who wrongly accuses at most {rate} outsiders finds {amount} of the {unit} in the "
        "training data",
        "an attacker who wrongly accuses at most {rate} outsiders finds {amount} more of the {unit} in "
        "the training data than with the accepted model",
        (_percent, _points),
        charted=True,
    ),
    AUC.name: MetricWords(
        "Membership inference",
        "An attack distinguishes training records from other records.",
        "6.5",
        "an attacker shown one of the {unit} in the training data and one from outside picks the right "
        "one {amount} of the time (guessing: 50 %)",
        "an attacker distinguishes {unit} in the training data from outside ones {amount} more often "
        "than with the accepted model",
        (_percent, _points),
        charted=True,
    ),
    ADVANTAGE.name: MetricWords(
        "Membership advantage",
        "An attack beats guessing at recognising training records.",
        "6.0",
        "an attacker accuses {amount} more of the {unit} in the training data than of outsiders",
        "the gap between how often an attacker accuses {unit} in the training data and how often "
        "outsiders is {amount} wider than with the accepted model",
        (_points, _points),
        axis="Advantage (TPR - FPR)",
    ),
    EXPOSURE.name: MetricWords(
        "Exposed canary",
        "A planted secret stands out among its possible values.",
        "7.0",
        "an attacker who tries the model's favourites first reaches a planted secret {amount} sooner "
        "than by trying everything (chance: about 2 times)",
        "an attacker who tries the model's favourites first reaches a planted secret {amount} sooner "
        "than with the accepted model",
        (_FASTER, _FASTER),
        axis="Exposure of the worst canary, bits",
        charted=True,
    ),
    EXTRACTED.name: MetricWords(
        "Extracted canary",
        "A planted secret was read out of the model word for word.",
        "9.1",
        "{amount} of the planted secrets can be read out of the model word for word",
        "{amount} more of the planted secrets than with the accepted model can be read out word for word",
        (plain_number, plain_number),
        axis="Canaries recovered exactly",
        charted=True,
    ),
    EPSILON.name: MetricWords(
        "Epsilon exceeded",
        "An attack achieves more than the permitted epsilon allows.",
        "8.0",
        "training on one person's data multiplies an attacker's odds of noticing it by {amount} (1 would "
        "be perfect privacy)",
        "the factor by which training on one person's data multiplies an attacker's odds of noticing it "
        "is {amount} that of the accepted model",
        (_power(Decimal(1).exp()), _power(Decimal(1).exp(), " times")),
        axis="Epsilon, at least",
        charted=True,
    ),
}
CHARTED = tuple(m.key(shown_at(m)) for m in METRICS.values() if WORDS[m.name].charted)
"""Keys of what a history draws even without a limit on it."""
