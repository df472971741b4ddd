"""Canary extraction on the page: what was recovered, how exposed each secret is, and the controls."""

from collections.abc import Iterator, Sequence

from privaudit.inert import inert
from privaudit.reports.document import Block, Figure, Listing, Section, Sentence, Table
from privaudit.reports.svg import Strip, slot_sign, strips
from privaudit.reports.words.extraction import by_canary, plain_words
from privaudit.reports.words.extraction_numbers import exposure, match_rate, mean_exposure, number, rank
from privaudit.reports.words.numbers import NOT_MEASURED, interval
from privaudit.results import Extraction, Result

_MOST_ROWS = 60
_MOST_STRIPS = 20
_MOST_REMARKS = 20


def extraction(result: Result) -> Section | None:
    """Every planted secret and every control, with rank, exposure and what the search found."""
    rows = result.extraction
    if not rows:
        return None
    blocks: list[Block] = [Sentence(inert(text)) for text in plain_words(rows, result.not_run)]
    blocks.extend(_strips(rows))
    if result.extraction_summary:
        blocks.append(_summary(result))
    shown = sorted(rows, key=_worst_first)[:_MOST_ROWS]
    blocks.append(_table(shown))
    if remarks := list(dict.fromkeys(text for row in rows for text in (row.note, row.reason) if text)):
        blocks.append(Listing(tuple(map(inert, remarks[:_MOST_REMARKS]))))
    if left := len(rows) - len(shown):
        blocks.append(Sentence(f"The result file has {left} more rows, which stand out less.", "small"))
    if any(row.secret is not None for row in rows):
        blocks.append(_secrets([row for row in shown if row.secret is not None]))
    return Section("extraction", "Canary extraction", tuple(blocks))


def _worst_first(row: Extraction) -> tuple[bool, bool, float]:
    return not row.included, not row.exact_match, -(row.exposure_bits.value or 0.0)


def _strips(rows: Sequence[Extraction]) -> Iterator[Figure]:
    """The best answer on each planted canary, slot by slot; nothing for results without the slots."""
    planted = [
        min(tries, key=lambda row: row.hamming)
        for tries in by_canary([row for row in rows if row.included and row.matches])
    ]
    if not planted:
        return
    shown = sorted(planted, key=_worst_first)[:_MOST_STRIPS]
    words = " ".join(
        f"{inert(row.canary)}: {row.matches.count(True)} of {len(row.matches)} positions right."
        for row in shown
    )
    chart = strips(
        [_strip(row) for row in shown], "Positions of each secret that were recovered", words, "strip"
    )
    left = len(planted) - len(shown)
    not_drawn = f"; {left} more are not drawn" if left else ""
    caption = (
        "Each planted secret, position by position: whether the best answer of all attacks has the right "
        f"word there. The most exposed secrets come first{not_drawn}."
    )
    legend = ((slot_sign(True), "recovered: the attack's word is right"), (slot_sign(False), "wrong"))
    yield Figure(chart, caption, legend, _positions(shown))


def _strip(row: Extraction) -> Strip:
    below = [f"rank {rank(row)}; {_stands_out(row)}"]
    if row.secret is not None:
        below.append(f"secret: {inert(row.secret)}")
        below.append(f"answer: {inert(row.found or '')}")
    return Strip(f"{inert(row.canary)}, by {inert(row.attack)}", row.matches, tuple(below))


def _stands_out(row: Extraction) -> str:
    value = row.exposure_bits.value
    found = "exposure not measured" if value is None else f"exposure {value:.1f} bits"
    clean = None if row.control_exposure_bits is None else row.control_exposure_bits.value
    return found if clean is None else f"{found} ({clean:.1f} in clean models)"


def _positions(rows: Sequence[Extraction]) -> Table:
    cells = tuple(
        (
            inert(row.canary),
            inert(row.attack),
            _places(row.matches, wanted=True),
            _places(row.matches, wanted=False),
        )
        for row in rows
    )
    header = ("canary", "attack", "positions recovered", "positions wrong")
    return Table("Positions of each secret in the best answer", header, cells)


def _places(matches: Sequence[bool], *, wanted: bool) -> str:
    return ", ".join(f"{place}" for place, right in enumerate(matches, 1) if right is wanted) or "none"


def _table(rows: Sequence[Extraction]) -> Table:
    cells = tuple(
        (
            inert(row.canary) + ("" if row.included else " (control, not planted)"),
            inert(row.attack),
            f"{row.repetitions:,}" if row.included else "0",
            "yes" if row.exact_match else f"no, {row.hamming} of {row.secret_length} wrong",
            rank(row),
            exposure(row),
            _control_rank(row),
            NOT_MEASURED if row.control_exposure_bits is None else interval(row.control_exposure_bits, 1),
            NOT_MEASURED if row.p_value is None else f"{row.p_value:.2g}",
            f"{row.evaluations:,}",
            f"{row.seconds:.1f}",
        )
        for row in rows
    )
    header = ("canary", "attack", "copies", "recovered", "rank", "exposure, bits", "rank in clean models",
              "exposure there", "p-value", "evaluations", "seconds")  # fmt: skip
    caption = (
        "Rank: the secret's place among all its possible values, or (~) among a sample of them; 1 = the "
        "model's favourite. Exposure: bits by which it stands out, with a 95 % interval where a sample was "
        "ranked; about 1 is chance; ≥ where a sample can show no more. Clean models were trained without it. "
        "Evaluations: texts that the search put through the model. The table shows the ids of canaries, not "
        "their secrets."
    )
    return Table(caption, header, cells, frozenset({2, 4, 5, 6, 7, 8, 9, 10}))


def _control_rank(row: Extraction) -> str:
    return NOT_MEASURED if row.control_rank is None else f"{row.control_rank:,.0f}"


def _summary(result: Result) -> Table:
    rows = tuple(
        (
            f"{inert(row.attack)}, {'planted' if row.included else 'controls'}",
            f"{row.n_extracted:,} of {row.n_canaries:,}",
            match_rate(row),
            number(row.guess_rate, ".2g"),
            number(row.p_value, ".2g"),
            mean_exposure(row, result.extraction),
        )
        for row in result.extraction_summary
    )
    header = ("attack", "recovered", "rate", "by guessing", "p of luck", "mean exposure, bits")
    return Table("Over all canaries", header, rows, frozenset({1, 2, 3, 4, 5}))


def _secrets(rows: Sequence[Extraction]) -> Table:
    cells = tuple(
        (f"{inert(row.canary)}, {inert(row.attack)}", inert(row.secret or ""), inert(row.found or ""))
        for row in rows
    )
    return Table("Secrets, shown on request", ("canary, attack", "secret", "found"), cells)
