"""Membership inference on the page: every attack, the worst slices, the most exposed records."""

from collections.abc import Iterator, Sequence

from privaudit.inert import inert
from privaudit.reports.document import Block, Figure, Section, Sentence, Table
from privaudit.reports.membership_table import SHOWN_FPRS, by_auc, rate_at, worst_slices
from privaudit.reports.page.roc import swatch
from privaudit.reports.svg import BLUE, SOLID, Axis, Chart
from privaudit.reports.tables import interval
from privaudit.results import Membership, Result

_MOST_SLICES, _MOST_RECORDS, _MOST_DRAWN = 20, 20, 20


def attacks(result: Result) -> Section | None:
    """Every attack with what it needed and what it reached."""
    rows = sorted(result.membership, key=by_auc, reverse=True)
    if not rows:
        return None
    header = ("attack", "access", "AUC", "within class", *(f"TPR at {100 * f:g} % FPR" for f in SHOWN_FPRS),
              "advantage", "references", "seconds")  # fmt: skip
    cells = tuple(
        (
            inert(row.attack),
            row.access,
            interval(row.auc),
            interval(row.auc_within_class),
            *(rate_at(row, fpr) for fpr in SHOWN_FPRS),
            interval(row.advantage),
            f"{row.n_references:,}",
            f"{row.seconds:.1f}",
        )
        for row in rows
    )
    caption = (
        "Intervals: 95 %. AUC: the chance that a random member scores higher than a random non-member; 0.5 "
        "is guessing. TPR at FPR: members found while at most that share of non-members is wrongly accused; "
        "n/m: too few non-members to measure."
    )
    table = Table(caption, header, cells, frozenset(range(2, len(header))))
    blocks: list[Block] = [*_in_words(result, rows), _figure(rows), table]
    return Section("attacks", "Membership inference: every attack", tuple(blocks))


def slices(result: Result) -> Section | None:
    """The parts of the data that leak most."""
    if not result.slices:
        return None
    worst = worst_slices(result.slices, _MOST_SLICES)
    rows = tuple(
        (
            f"{inert(part.by)} = {inert(part.value)}",
            f"{part.n_members:,}",
            f"{part.n_nonmembers:,}",
            interval(part.auc),
        )
        for part in worst
    )
    caption = (
        f"The worst {len(rows)} of {len(result.slices)} slices by {inert(worst[0].attack)}; the intervals "
        "hold for all slices at once."
    )
    table = Table(caption, ("slice", "members", "non-members", "AUC"), rows, frozenset({1, 2, 3}))
    return Section("slices", "Where it leaks most: slices", (table,))


def records(result: Result) -> Section | None:
    """The members that an attack singles out; their texts only where they were asked for."""
    if not result.records:
        return None
    texts = any(row.text is not None for row in result.records)
    rows = tuple(
        (
            inert(row.id),
            inert(row.attack),
            f"{row.odds:.3g} : 1",
            f"{row.fpr:.4f}",
            *((inert(row.text or ""),) if texts else ()),
        )
        for row in result.records[:_MOST_RECORDS]
    )
    header = ("record", "attack", "odds of membership", "share of non-members as high")
    caption = "The most exposed members. Odds: how much likelier a member than a non-member scores this high."
    table = Table(caption, header + (("text",) if texts else ()), rows, frozenset({2, 3}))
    return Section("records", "Where it leaks most: records", (table,))


def _in_words(result: Result, rows: Sequence[Membership]) -> Iterator[Sentence]:
    best = rows[0]
    if best.auc.value is not None:
        yield Sentence(
            f"The strongest attack, {inert(best.attack)}, tells a member from a non-member in "
            f"{best.auc.value:.0%} of pairs; guessing does in 50 %."
        )
    if result.seed_agreement is not None:
        found = result.seed_agreement
        yield Sentence(
            f"Under other seeds ({found.n_models} models) {found.overlap:.0%} of the most exposed "
            f"{found.fraction:.0%} of members are the same ones; by chance it would be "
            f"{found.expected_overlap:.0%}."
        )


def _figure(rows: Sequence[Membership]) -> Figure:
    drawn = [row for row in rows if row.auc.low is not None and row.auc.high is not None][:_MOST_DRAWN]
    least = min([0.5, *(row.auc.low for row in drawn if row.auc.low is not None)])
    low = max(0.0, round(least - 0.05, 1))
    ticks = tuple(tick / 10 for tick in range(int(10 * low), 11))
    chart = Chart(
        Axis(low, 1.0, "AUC with its 95 % interval; 0.5 is guessing", ticks),
        Axis(0.0, len(drawn) + 1.0, "", ()),
        "AUC of every attack with its interval",
        " ".join(f"{inert(row.attack)} {interval(row.auc)}." for row in drawn),
        height=64 + 22 * (len(drawn) + 1),
        left=170,
    )
    chart.upright(0.5, "currentColor", "2 3")
    for place, row in enumerate(drawn):
        at = float(len(drawn) - place)
        chart.beside(at, inert(row.attack))
        if row.auc.low is not None and row.auc.high is not None:
            chart.interval(at, row.auc.low, row.auc.value, row.auc.high, BLUE)
    table = Table(
        "AUC by attack",
        ("attack", "AUC"),
        tuple((inert(r.attack), interval(r.auc)) for r in drawn),
        frozenset({1}),
    )
    legend = ((swatch(BLUE, SOLID), "95 % interval and estimate"),)
    return Figure(chart.render("auc"), "AUC of every attack that ran.", legend, table)
