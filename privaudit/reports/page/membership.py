"""Membership inference on the page: every attack, the worst slices, the most exposed records."""

from collections.abc import Iterator, Sequence

from privaudit.inert import inert
from privaudit.reports.document import Block, Figure, Listing, Section, Sentence, Table
from privaudit.reports.page.interval_chart import MOST, Row, auc_axis, intervals_chart
from privaudit.reports.svg import BLUE, DOTTED, INK, SOLID, swatch
from privaudit.reports.words.membership import by_auc, rate_at, seed_agreement, worst_slices
from privaudit.reports.words.numbers import NOT_MEASURED, interval
from privaudit.reports.words.reversed_attacks import worse_than_guessing
from privaudit.results import Membership, Result, Slice

_MOST_SLICES, _MOST_RECORDS = 20, 20
_RARE = 0.01
_UNKNOWN = "not recorded"
_SEES = {
    "label": "label: the adversary sees only the predicted class",
    "score": "score: the adversary sees the class probabilities",
    "logits": "logits: the adversary sees the scores behind the probabilities",
    "gradients": "gradients: the adversary has the model and can differentiate it",
    "weights": "weights: the adversary has the model and reads its parameters",
}


def attacks(result: Result) -> Section | None:
    """Every attack with what it needed and what it reached."""
    rows = sorted(result.membership, key=by_auc, reverse=True)
    if not rows:
        return None
    blocks: list[Block] = [*_in_words(result, rows), *_auc_figure(rows), _overview(rows)]
    seen = dict.fromkeys(row.access for row in rows)
    blocks.append(Listing(tuple(text for access, text in _SEES.items() if access in seen)))
    blocks.append(_more(rows))
    return Section("attacks", "Membership inference: every attack", tuple(blocks))


def slices(result: Result) -> Section | None:
    """The parts of the data that leak most."""
    if not result.slices:
        return None
    worst = worst_slices(result.slices, _MOST_SLICES)
    rows = tuple(
        (
            _named(part),
            f"{part.n_members:,}",
            f"{part.n_nonmembers:,}",
            interval(part.auc),
            rate_at(part, _RARE),
        )
        for part in worst
    )
    caption = (
        f"The worst {len(rows)} of {len(result.slices)} slices by {inert(worst[0].attack)}; the intervals "
        "hold for all slices at once."
    )
    header = ("slice", "members", "non-members", "AUC", "TPR at 1 % FPR")
    table = Table(caption, header, rows, frozenset({1, 2, 3, 4}))
    return Section("slices", "Where it leaks most: slices", (table,))


def records(result: Result) -> Section | None:
    """The members that an attack singles out; their texts only on request."""
    if not result.records:
        return None
    shown = result.records[:_MOST_RECORDS]
    texts = any(row.text is not None for row in shown)
    own = any(row.record_fpr is not None for row in shown)
    rows = tuple(
        (
            inert(row.id),
            inert(row.attack),
            f"{row.odds:.3g} : 1",
            f"{row.fpr:.4f}",
            *((_share(row.record_fpr),) if own else ()),
            *((inert(row.text or ""),) if texts else ()),
        )
        for row in shown
    )
    header = (
        "record",
        "attack",
        "odds of membership",
        "non-members as high",
        *(("clean models as sure",) if own else ()),
        *(("text",) if texts else ()),
    )
    caption = (
        "The most exposed members. Odds: how much likelier a member than a non-member is to score this high. "
        "The smaller the share of non-members, or of models that never saw the record, the more exposed the "
        "record is."
    )
    table = Table(caption, header, rows, frozenset(range(2, 4 + own)))
    return Section("records", "Where it leaks most: records", (table,))


def _in_words(result: Result, rows: Sequence[Membership]) -> Iterator[Sentence]:
    best = rows[0]
    if best.auc.value is not None:
        yield Sentence(
            f"The strongest attack, {inert(best.attack)}, distinguishes a member from a non-member in "
            f"{100 * best.auc.value:.0f} % of pairs; guessing does so in 50 %."
        )
    yield from (Sentence(text, "warning") for text in worse_than_guessing(rows))
    if result.seed_agreement is not None:
        yield Sentence(seed_agreement(result.seed_agreement))


def _auc_figure(rows: Sequence[Membership]) -> Iterator[Figure]:
    measured = [Row(inert(row.attack), row.auc) for row in rows if row.auc.value is not None]
    drawn = measured[:MOST]
    if not drawn:
        return
    left_out = f" Drawn: the first {len(drawn)} of {len(measured)}." if len(measured) > len(drawn) else ""
    chart = intervals_chart(drawn, auc_axis(drawn), "AUC of every attack with its interval", upright=0.5)
    table = Table(
        "AUC by attack",
        ("attack", "AUC"),
        tuple((r.name, interval(r.found)) for r in measured),
        frozenset({1}),
    )
    legend = (
        (swatch(BLUE, SOLID, "circle"), "estimate and 95 % interval"),
        (swatch(INK, DOTTED), "guessing"),
    )
    caption = f"The chance that a random member scores higher than a random non-member, by attack.{left_out}"
    yield Figure(chart.render("auc"), caption, legend, table)


def _overview(rows: Sequence[Membership]) -> Table:
    cells = tuple(
        (
            inert(row.attack),
            row.access,
            _queries(row),
            f"{row.n_references:,}",
            f"{row.seconds:.1f}",
            interval(row.auc),
            rate_at(row, _RARE),
        )
        for row in rows
    )
    header = (
        "attack",
        "access",
        "queries per record",
        "reference models",
        "seconds",
        "AUC",
        "TPR at 1 % FPR",
    )
    caption = (
        "What each attack needs and reaches, with separate 95 % intervals. Queries: texts put to the model "
        "per record. Seconds: to compute the scores, after the model and the references have answered. TPR "
        "at 1 % FPR: members found while at most 1 % of the non-members are wrongly accused; "
        f"{NOT_MEASURED}: too few to measure."
    )
    return Table(caption, header, cells, frozenset(range(2, len(header))))


def _more(rows: Sequence[Membership]) -> Table:
    cells = tuple(
        (
            inert(row.attack),
            f"{row.n_members:,} / {row.n_nonmembers:,}",
            interval(row.auc_within_class),
            rate_at(row, 0.001),
            rate_at(row, 0.1),
            interval(row.advantage),
        )
        for row in rows
    )
    header = (
        "attack",
        "members / non-members",
        "AUC within class",
        "TPR at 0.1 % FPR",
        "TPR at 10 % FPR",
        "advantage",
    )
    caption = (
        "More on each attack. Within class: members against non-members of their own class. Advantage: TPR "
        "minus FPR of a threshold chosen on one half of the records and measured on the other."
    )
    return Table(caption, header, cells, frozenset(range(1, len(header))))


def _queries(row: Membership) -> str:
    count = row.parameters.get("queries")
    if not isinstance(count, int):
        return _UNKNOWN
    backward = row.parameters.get("backward_passes")
    return f"{count:,} and a gradient" if isinstance(backward, int) and backward > 0 else f"{count:,}"


def _named(part: Slice) -> str:
    return f"{inert(part.by)} = {inert(part.value)}"


def _share(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{value:.3f}"
