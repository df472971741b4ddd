"""Canary extraction on the page: what came out, how exposed each secret is, and the controls."""

from collections.abc import Sequence

from privaudit.inert import inert
from privaudit.reports.document import Block, Section, Sentence, Table
from privaudit.reports.extraction_table import rank
from privaudit.reports.extraction_words import plain_words
from privaudit.reports.tables import NOT_MEASURED, interval
from privaudit.results import Extraction, Result

_MOST_ROWS = 60


def extraction(result: Result) -> Section | None:
    """Every planted secret and every control, with rank, exposure and what the search found."""
    rows = result.extraction
    if not rows:
        return None
    blocks: list[Block] = [Sentence(inert(text)) for text in plain_words(rows)]
    if result.extraction_summary:
        blocks.append(_summary(result))
    shown = sorted(rows, key=_worst_first)[:_MOST_ROWS]
    blocks.append(_table(shown))
    if left := len(rows) - len(shown):
        blocks.append(Sentence(f"{left} more rows, which stand out less, are in the result file.", "small"))
    if any(row.secret is not None for row in rows):
        blocks.append(_secrets([row for row in shown if row.secret is not None]))
    return Section("extraction", "Canary extraction", tuple(blocks))


def _worst_first(row: Extraction) -> tuple[bool, bool, float]:
    return not row.included, not row.exact_match, -(row.exposure_bits.value or 0.0)


def _table(rows: Sequence[Extraction]) -> Table:
    cells = tuple(
        (
            inert(row.canary) + ("" if row.included else " (control, not planted)"),
            inert(row.attack),
            f"{row.repetitions:,}" if row.included else "0",
            "yes" if row.exact_match else f"no, {row.hamming} of {row.secret_length} wrong",
            rank(row),
            interval(row.exposure_bits, 1),
            NOT_MEASURED if row.control_exposure_bits is None else interval(row.control_exposure_bits, 1),
            NOT_MEASURED if row.p_value is None else f"{row.p_value:.2g}",
            f"{row.evaluations:,}",
        )
        for row in rows
    )
    header = ("canary", "attack", "copies", "recovered", "rank", "exposure, bits", "in clean models, bits",
              "p-value", "evaluations")  # fmt: skip
    caption = (
        "Rank: the secret's place among all that it could be, 1 = the model's favourite. Exposure: bits by "
        "which it stands out; about 1 is chance. Secrets are not shown: a canary is its id and its length."
    )
    return Table(caption, header, cells, frozenset({2, 4, 5, 6, 7, 8}))


def _summary(result: Result) -> Table:
    rows = tuple(
        (
            f"{inert(row.attack)}, {'planted' if row.included else 'controls'}",
            f"{row.n_extracted:,} of {row.n_canaries:,}",
            interval(row.exact_match_rate, 2),
            NOT_MEASURED if row.guess_rate is None else f"{row.guess_rate:.2g}",
            interval(row.mean_exposure_bits, 1),
        )
        for row in result.extraction_summary
    )
    header = ("attack", "recovered", "rate", "by guessing", "mean exposure, bits")
    return Table("Over all canaries", header, rows, frozenset({1, 2, 3, 4}))


def _secrets(rows: Sequence[Extraction]) -> Table:
    cells = tuple(
        (f"{inert(row.canary)}, {inert(row.attack)}", inert(row.secret or ""), inert(row.found or ""))
        for row in rows
    )
    return Table("Secrets, shown because they were asked for", ("canary, attack", "secret", "found"), cells)
