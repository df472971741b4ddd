"""How ranks and exposures are written."""

from collections.abc import Sequence

from privaudit.reports.words.numbers import NOT_MEASURED, interval
from privaudit.results import Extraction, ExtractionSummary, Interval
from privaudit.rounding import at_least


def rank(row: Extraction) -> str:
    """The secret's place among what was ranked, ``~`` where that was a sample."""
    if row.rank is None or row.n_ranked is None:
        return NOT_MEASURED
    return f"{'' if row.rank_exact else '~'}{row.rank:,} of {row.n_ranked:,}"


def exposure(row: Extraction) -> str:
    """Bits with their interval; of a secret that nothing in a sample beat, how many they are at least."""
    bits = row.exposure_bits
    return _at_least(bits) if unbeaten(row) else interval(bits, 1)


def unbeaten(row: Extraction) -> bool:
    """Whether nothing in a sample beat the secret: how far it stands out then has no upper end."""
    return row.rank == 1 and not row.rank_exact


def match_rate(summary: ExtractionSummary) -> str:
    """The share of canaries recovered exactly; with an interval only over several models."""
    rate = summary.exact_match_rate
    if rate.value is None or rate.low is not None:
        return interval(rate, 2)
    return f"{rate.value:.2f}"


def mean_exposure(summary: ExtractionSummary, rows: Sequence[Extraction]) -> str:
    """The mean over canaries with its interval; only its lower end where one of them has no upper end."""
    key = (summary.attack, summary.included)
    capped = any(unbeaten(row) for row in rows if (row.attack, row.included) == key)
    return _at_least(summary.mean_exposure_bits) if capped else interval(summary.mean_exposure_bits, 1)


def _at_least(bits: Interval) -> str:
    return NOT_MEASURED if bits.low is None else f"≥ {at_least(bits.low, places=1)}"


def number(value: float | None, form: str) -> str:
    """A value in the form of ``format``, or that it was not measured."""
    return NOT_MEASURED if value is None else format(value, form)
