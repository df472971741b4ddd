"""Epsilon as an axis: what is claimed, what attacks refute, and the most that they could refute."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

from markupsafe import Markup

from privaudit.inert import inert
from privaudit.reports.document import Figure, Table
from privaudit.reports.svg import (
    BLUE,
    DASHED,
    DOTTED,
    GREEN,
    GREY,
    INK,
    ORANGE,
    SOLID,
    Axis,
    Chart,
    dot_swatch,
    swatch,
)
from privaudit.results import Epsilon
from privaudit.rounding import at_least, at_most

_NONE = "none"
_FAR = 4.0
"""A ceiling this many times beyond everything else would squeeze it, and is named at the end of the axis."""
_STEPS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0, 200.0, 1000.0)
_ROW = 30
Upright = tuple[str, float, str, str]
"""A vertical line: what it is, where, colour and dashes."""


@dataclass(frozen=True)
class Bound:
    """One row of the chart."""

    name: str
    value: float
    ceiling: float | None
    accounted: float | None = None
    """What it is compared with, where every row has its own."""


def bounds_chart(
    bounds: Sequence[Bound], uprights: Sequence[Upright], delta: float, title: str, description: str
) -> Chart:
    """Lower bounds as intervals from 0, their ceilings as diamonds, what is accounted as squares or lines."""
    most = _most(bounds, uprights)
    step = next((step for step in _STEPS if most / step <= 8), most)
    chart = Chart(
        Axis(0.0, most, f"epsilon at delta {delta:g}", tuple(step * i for i in range(int(most / step) + 1))),
        Axis(0.0, len(bounds) + 1.0, "", ()),
        title,
        description,
        height=70 + _ROW * (len(bounds) + 1),
        left=196,
    )
    for _, value, colour, dash in uprights:
        chart.upright(value, colour, dash)
    for place, bound in enumerate(bounds):
        at = float(len(bounds) - place)
        chart.beside(at, bound.name)
        chart.interval(at, 0.0, bound.value, bound.value, ORANGE)
        if bound.accounted is not None:
            chart.dot(bound.accounted, at, GREEN, "square")
        if bound.ceiling is not None and bound.ceiling <= most:
            chart.dot(bound.ceiling, at, GREY, "diamond")
        elif bound.ceiling is not None:
            chart.beyond(at, at_most(bound.ceiling))
    return chart


def bounds_legend(bounds: Sequence[Bound]) -> Iterator[tuple[Markup, str]]:
    """What the marks of :func:`bounds_chart` stand for."""
    yield swatch(ORANGE, SOLID, "circle"), "refuted by the attack: epsilon is at least the dot"
    if any(bound.accounted is not None for bound in bounds):
        yield dot_swatch(GREEN, "square"), "accounted"
    if any(bound.ceiling is not None for bound in bounds):
        yield dot_swatch(GREY, "diamond"), "the most that this bound could have shown"


def epsilon_axis(epsilon: Epsilon) -> Figure:
    """Every lower bound against the claim and the ceiling of the design."""
    bounds = [Bound(inert(b.method), b.value, b.ceiling) for b in epsilon.lower_bounds]
    uprights: list[Upright] = [
        (f"{text}: {value:.3g}", value, colour, dash)
        for text, value, colour, dash in (
            ("claimed", epsilon.claimed, GREEN, SOLID),
            ("accounted (PLD)", epsilon.accounted, BLUE, DASHED),
        )
        if value is not None and isfinite(value)
    ]
    most = _most(bounds, uprights)
    ceiling = f"the most this design could certify: {at_most(epsilon.ceiling)}"
    if epsilon.ceiling <= most:
        uprights.append((ceiling, epsilon.ceiling, INK, DOTTED))
    chart = bounds_chart(
        bounds,
        uprights,
        epsilon.delta,
        "Lower bounds on epsilon against what is claimed",
        f"A bound to the right of the claim contradicts it, if its assumptions hold. {_in_words(epsilon)}",
    )
    legend = (*bounds_legend(bounds), *((swatch(c, d), text) for text, _, c, d in uprights))
    beyond = "" if epsilon.ceiling <= most else f" Beyond the axis: {ceiling}."
    caption = (
        "What the attack refutes, against what is claimed; each bound is valid under its assumptions, listed "
        "in the table. A bound far below the claim verifies nothing. The test that was fixed in advance "
        f"decides, not the largest bound.{beyond}"
    )
    return Figure(chart.render("epsilon"), caption, legend, _table(epsilon))


def _most(bounds: Sequence[Bound], uprights: Sequence[Upright]) -> float:
    """Where the axis ends: beyond everything finite, and beyond ceilings unless they are far."""
    values = [value for _, value, _, _ in uprights] + [bound.value for bound in bounds]
    shown = max([1.0, *filter(isfinite, values), *(b.accounted for b in bounds if b.accounted is not None)])
    ceilings = [bound.ceiling for bound in bounds if bound.ceiling is not None]
    near = [ceiling for ceiling in ceilings if ceiling < _FAR * shown]
    # NOTE: names at the end of the axis need room beside the lines.
    return (1.1 if len(near) == len(ceilings) else 1.4) * max([shown, *near])


def _in_words(epsilon: Epsilon) -> str:
    bounds = " ".join(f"{inert(b.method)}: at least {at_least(b.value)}." for b in epsilon.lower_bounds)
    claimed = "" if epsilon.claimed is None else f"Claimed: {epsilon.claimed:.3g}. "
    return f"{claimed}{bounds} Ceiling: {at_most(epsilon.ceiling)}."


def _table(epsilon: Epsilon) -> Table:
    rows = tuple(
        (
            inert(bound.method) + (" (the test)" if bound.primary else ""),
            at_least(bound.value),
            _NONE if bound.ceiling is None else at_most(bound.ceiling),
            f"{bound.confidence:.0%}",
            _NONE if bound.p_value is None else f"{bound.p_value:.2g}",
            inert(bound.assumes),
        )
        for bound in epsilon.lower_bounds
    )
    return Table(
        "Lower bounds on epsilon and what each rests on",
        ("method", "epsilon at least", "possible at most", "confidence", "p-value of the claim", "assumes"),
        rows,
        frozenset({1, 2, 3, 4}),
    )
