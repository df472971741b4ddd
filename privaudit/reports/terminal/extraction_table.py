"""Canary extraction as tables, below a few sentences that need no knowledge of the field.

A secret appears only if the result holds it, because the user asked for it.
"""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from privaudit.inert import inert
from privaudit.reports.terminal.tables import Columns, bare_table, fitted_table
from privaudit.reports.words.extraction import by_canary, plain_words
from privaudit.reports.words.extraction_numbers import exposure, match_rate, mean_exposure, number, rank
from privaudit.reports.words.numbers import interval
from privaudit.results import Extraction, Result

_MOST_CANARIES = 20
_ORDER = (
    "exposure", "exact", "rank", "control exposure", "words wrong", "p", "planted", "evaluations",
    "control rank", "seconds",
)  # fmt: skip
_SUMMARY_ORDER = ("recovered", "rate", "mean exposure", "p of luck", "by guessing", "models")


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
        yield Text(f"The result file has {left_out} more canaries, which stand out less.", "dim")
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
        "p": [number(row.p_value, ".2g") for row in rows],
        "control rank": [number(row.control_rank, ",.0f") for row in rows],
        "control exposure": [interval(row.control_exposure_bits, 1) for row in rows],
        "evaluations": [f"{row.evaluations:,}" for row in rows],
        "seconds": [f"{row.seconds:.1f}" for row in rows],
    }


def _name(row: Extraction) -> str:
    return inert(row.canary) if row.included else f"{inert(row.canary)} (control)"


def _legend(rows: Sequence[Extraction]) -> Iterator[Text]:
    yield Text(
        "rank: the secret's place among all fillings, 1 = the model's favourite. exposure: bits by which it"
        " stands out; about 1 is chance.",
        "dim",
    )
    if any(row.control_exposure_bits is not None or row.control_rank is not None for row in rows):
        yield Text("control: the same secret in models that were trained without it.", "dim")
    if any(row.rank is not None and not row.rank_exact for row in rows):
        yield Text(
            "~: ranked in a sample of the fillings; exposure with its 95 % interval, or its lower end.",
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
        "rate": [match_rate(row) for row in summary],
        "by guessing": [number(row.guess_rate, ".2g") for row in summary],
        "p of luck": [number(row.p_value, ".2g") for row in summary],
        "mean exposure": [mean_exposure(row, result.extraction) for row in summary],
        "models": [f"{row.n_models:,}" for row in summary],
    }
    return fitted_table(names, columns, _SUMMARY_ORDER, width)


def _secrets_table(rows: Sequence[Extraction]) -> Table:
    table = bare_table("canary", "attack", "secret", "found")
    for row in rows:
        table.add_row(*(Text(inert(text or "")) for text in (row.canary, row.attack, row.secret, row.found)))
    return table
