"""Defences side by side on the page, with the accuracy that each costs."""

from collections.abc import Iterator

from privaudit.inert import inert
from privaudit.reports.document import Block, Figure, Section, Sentence, Table
from privaudit.reports.page.interval_chart import MOST, Row, from_zero, intervals_chart
from privaudit.reports.svg import DOTTED, GREY, INK, ORANGE, SOLID, swatch
from privaudit.reports.words.numbers import NOT_MEASURED, interval
from privaudit.reports.words.sweep import accuracy, exact_matches, planted
from privaudit.results import Result, Sweep, SweepDefence

_CHANCE = 1.44
"""Bits that a model without the secret is expected to show: log2(e)."""


def sweep(result: Result) -> Section | None:
    """Defences side by side."""
    found = result.sweep
    if found is None:
        return None
    blocks: list[Block] = []
    if found.finding is not None:
        blocks.append(Sentence(inert(found.finding.sentence), "strong"))
    blocks.append(Sentence(f"{planted(found)}."))
    blocks.extend(_figure(found))
    blocks.append(_table(found))
    return Section("sweep", "Defences side by side", tuple(blocks))


def _figure(found: Sweep) -> Iterator[Figure]:
    """Exposure per defence as an interval, with the accuracy beside it in words."""
    drawn = [row for row in found.defences if row.exposure_bits.value is not None][:MOST]
    if not drawn:
        return
    rows = [
        Row(inert(row.defence), row.exposure_bits, row.control_exposure_bits, accuracy(row)) for row in drawn
    ]
    chart = intervals_chart(
        rows,
        from_zero(found.ceiling_bits, f"exposure in bits, at most {found.ceiling_bits:.1f}"),
        "Exposure of the secrets under every defence, and the accuracy of the models",
        colour=ORANGE,
        compared=(GREY, "square"),
        upright=_CHANCE,
        places=1,
    )
    data = Table(
        "Exposure and accuracy by defence",
        ("defence", "exposure, bits", "in clean models", "accuracy"),
        tuple((row.name, interval(row.found, 1), interval(row.compared, 1), row.aside) for row in rows),
        frozenset({1, 2, 3}),
    )
    legend = (
        (
            swatch(ORANGE, SOLID, "circle"),
            "exposure of the planted secrets, with its 95 % interval over models",
        ),
        (swatch(GREY, SOLID, "square"), "the same secrets in clean models"),
        (swatch(INK, DOTTED), "chance"),
    )
    caption = "How far the secrets stand out under each defence, and on the right the remaining accuracy."
    yield Figure(chart.render("defences"), caption, legend, data)


def _table(found: Sweep) -> Table:
    private = any(row.epsilon is not None for row in found.defences)
    rows = tuple(
        (
            inert(row.defence),
            *((_epsilon(row),) if private else ()),
            f"{row.n_models}",
            exact_matches(row),
            interval(row.exposure_bits, 1),
            interval(row.control_exposure_bits, 1),
            interval(row.difference_bits, 1),
            NOT_MEASURED if row.p_value is None else f"{row.p_value:.1g}",
            accuracy(row),
        )
        for row in found.defences
    )
    header = (
        "defence",
        *(("epsilon",) if private else ()),
        "models",
        "recovered",
        "exposure, bits",
        "in clean models",
        "difference",
        "p-value",
        "accuracy",
    )
    caption = (
        "Recovered: models whose strict favourite is their secret. Exposure: bits by which it stands out, at "
        f"most {found.ceiling_bits:.1f}. Intervals: 95 %, over independently trained models. p-value: of the "
        "hypothesis that no model knows its secret. Accuracy on held-out records, with its spread."
    )
    return Table(caption, header, rows, frozenset(range(1, len(header))))


def _epsilon(row: SweepDefence) -> str:
    if row.epsilon is None:
        return "none"
    copies = "" if row.group_epsilon is None else f" ({row.group_epsilon:.3g} for all copies)"
    return f"{row.epsilon:.3g}{copies}"
