"""Canary extraction as tables, below a few sentences that need no knowledge of the field.

A secret appears only where the result holds it, which is where the user asked for it.
"""

from collections.abc import Iterator, Sequence
from math import floor

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from privaudit.inert import inert
from privaudit.reports.extraction_words import by_canary, plain_words
from privaudit.reports.tables import NOT_MEASURED, Columns, bare_table, fitted_table, interval
from privaudit.results import Extraction, ExtractionSummary, Interval, Result

_MOST_CANARIES = 20
_ORDER = (
    "exposure", "exact", "rank", "control exposure", "words wrong", "p", "planted", "evaluations",
    "control rank", "seconds",
)  # fmt: skip
_SUMMARY_ORDER = ("recovered", "rate", "mean exposure", "by guessing", "models")


def extraction_parts(result: Result, width: int) -> Iterator[RenderableType]:
    """What was recovered in plain words, the rates over all canaries, and every canary by itself."""
    for sentence in plain_words(result.extraction, result.not_run):
        yield Text(sentence)
    if result.extraction_summary:
        yield Text()
        yield from _summary_table(result, width)
    yield Text()
    canaries = sorted(by_canary(result.extraction), key=_worst_first)
    rows = [row for tries in canaries[:_MOST_CANARIES] for row in tries]
    names = {"canary": [_name(row) for row in rows], "attack": [row.attack for row in rows]}
    yield from fitted_table(names, _columns(rows), _ORDER, width)
    if left_out := len(canaries[_MOST_CANARIES:]):
        yield Text(f"{left_out} more canaries, which stand out less, are in the result file.", "dim")
    yield from _legend(rows)
    if any(row.secret is not None or row.found is not None for row in rows):
        yield Text()
        yield _secrets_table(rows)


def _worst_first(tries: Sequence[Extraction]) -> tuple[bool, bool, float]:
    """Planted canaries before controls, recovered ones before the others, the most exposed first."""
    bits = max(-1.0 if row.exposure_bits.value is None else row.exposure_bits.value for row in tries)
    return not tries[0].included, not any(row.exact_match for row in tries), -bits


def _columns(rows: Sequence[Extraction]) -> Columns:
    return {
        "planted": [f"{row.repetitions:,}x" if row.included else "no" for row in rows],
        "exact": ["yes" if row.exact_match else "no" for row in rows],
        "words wrong": [f"{row.hamming} of {row.secret_length}" for row in rows],
        "rank": [rank(row) for row in rows],
        "exposure": [exposure(row) for row in rows],
        "p": [_number(row.p_value, ".2g") for row in rows],
        "control rank": [_number(row.control_rank, ",.0f") for row in rows],
        "control exposure": [interval(row.control_exposure_bits, 1) for row in rows],
        "evaluations": [f"{row.evaluations:,}" for row in rows],
        "seconds": [f"{row.seconds:.1f}" for row in rows],
    }


def _name(row: Extraction) -> str:
    return inert(row.canary) if row.included else f"{inert(row.canary)} (control)"


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
    """Whether nothing in a sample beat the secret: how far it stands out is then not known from above."""
    return row.rank == 1 and not row.rank_exact


def mean_exposure(summary: ExtractionSummary, rows: Sequence[Extraction]) -> str:
    """The mean over canaries with its interval; only its lower end where one of them has no upper end."""
    key = (summary.attack, summary.included)
    capped = any(unbeaten(row) for row in rows if (row.attack, row.included) == key)
    return _at_least(summary.mean_exposure_bits) if capped else interval(summary.mean_exposure_bits, 1)


def _at_least(bits: Interval) -> str:
    return NOT_MEASURED if bits.low is None else f"≥ {floor(10 * bits.low) / 10:.1f}"


def _number(value: float | None, form: str) -> str:
    return NOT_MEASURED if value is None else format(value, form)


def _legend(rows: Sequence[Extraction]) -> Iterator[Text]:
    yield Text(
        "rank: the secret's place among all fillings, 1 = the model's favourite. exposure: bits by which it"
        " stands out; about 1 is chance.",
        "dim",
    )
    if any(row.control_exposure_bits is not None or row.control_rank is not None for row in rows):
        yield Text("control: the same secret, asked of models that were trained without it.", "dim")
    if any(row.rank is not None and not row.rank_exact for row in rows):
        yield Text(
            "~: ranked in a sample of the fillings; exposure with its 95 % interval, or what it is at least.",
            "dim",
        )
    for remark in dict.fromkeys(text for row in rows for text in (row.note, row.reason) if text):
        yield Text(f"Note: {inert(remark)}", "yellow")


def _summary_table(result: Result, width: int) -> Iterator[RenderableType]:
    summary = result.extraction_summary
    names = {
        "attack": [row.attack for row in summary],
        "canaries": ["planted" if row.included else "controls" for row in summary],
    }
    columns = {
        "recovered": [f"{row.n_extracted:,} of {row.n_canaries:,}" for row in summary],
        "rate": [interval(row.exact_match_rate, 2) for row in summary],
        "by guessing": [_number(row.guess_rate, ".2g") for row in summary],
        "mean exposure": [mean_exposure(row, result.extraction) for row in summary],
        "models": [f"{row.n_models:,}" for row in summary],
    }
    return fitted_table(names, columns, _SUMMARY_ORDER, width)


def _secrets_table(rows: Sequence[Extraction]) -> Table:
    table = bare_table("canary", "attack", "secret", "found")
    for row in rows:
        table.add_row(*(Text(inert(text or "")) for text in (row.canary, row.attack, row.secret, row.found)))
    return table
