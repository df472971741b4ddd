"""Theory against practice on the page: what each epsilon costs, what attacks reach, and what it allows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

from privaudit.inert import inert
from privaudit.reports.document import Block, Figure, Listing, Section, Sentence, Table
from privaudit.reports.page.epsilon_axis import Bound, bounds_chart, bounds_legend
from privaudit.reports.svg import (
    BLUE,
    DASHDOT,
    DASHED,
    DOTTED,
    GREEN,
    GREY,
    INK,
    ORANGE,
    SOLID,
    Axis,
    Chart,
    swatch,
)
from privaudit.reports.words.numbers import NOT_MEASURED, bound, interval
from privaudit.results import AttackOverModels, Correlation, EpsilonSweep, EpsilonSweepRow, Interval, Result
from privaudit.results.epsilon import ASSUMPTION_FREE
from privaudit.rounding import at_least, at_most

_NO_PRIVACY = "none"
_EDGE = 1.12
"""How far the axis reaches beyond the first and the last epsilon."""


def epsilon_sweep(result: Result) -> Section | None:
    """Theory against practice."""
    found = result.epsilon_sweep
    if found is None:
        return None
    blocks: list[Block] = [Sentence(inert(found.sentence), "strong")]
    blocks.extend(_practice(found))
    blocks.extend(_bounds(found))
    blocks.append(_table(found))
    if found.correlations:
        blocks.append(Listing(tuple(map(_trend, found.correlations))))
    return Section("epsilon-sweep", "Theory against practice", tuple(blocks))


@dataclass(frozen=True)
class _Line:
    """Numbers per epsilon, with intervals where they were measured."""

    text: str
    values: Sequence[Interval | None]
    colour: str
    dash: str
    shape: str


def _practice(found: EpsilonSweep) -> Iterator[Figure]:
    """What attacks reached and what is allowed, and below it the accuracy, over the same axis."""
    rows = sorted(found.rows, key=lambda row: row.epsilon)
    if len(rows) < 2:
        return
    places = _places([row.epsilon for row in rows])
    lines = [line for line in _success(rows) if any(value is not None for value in line.values)]
    accuracy = _Line("accuracy", [_measured(row.accuracy) for row in rows], INK, SOLID, "diamond")
    charts = (
        _chart(places, rows, lines, Axis(0.5, 1.0, "AUC; 0.5 is guessing", (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)),
               "AUC of the attacks against what each epsilon allows", 330),
        _chart(places, rows, [accuracy], _accuracy_axis(accuracy), "Accuracy at each epsilon", 210),
    )  # fmt: skip
    data = Table(
        "AUC and accuracy per epsilon",
        ("line", *(_called(row.epsilon) for row in rows)),
        tuple((line.text, *(interval(value) for value in line.values)) for line in (*lines, accuracy)),
        frozenset(range(1, len(rows) + 1)),
    )
    legend = tuple((swatch(line.colour, line.dash, line.shape), line.text) for line in (*lines, accuracy))
    caption = (
        "What attacks reached and what epsilon allows; below, over the same epsilons, the remaining "
        "accuracy. Vertical bars: 95 % intervals over models. Epsilon is on a logarithmic axis; training "
        "without privacy is at its end."
    )
    drawn = charts[0].render("practice") + charts[1].render("accuracy")
    yield Figure(drawn, caption, legend, data)


def _chart(
    places: Sequence[float],
    rows: Sequence[EpsilonSweepRow],
    lines: Sequence[_Line],
    y: Axis,
    title: str,
    height: int,
) -> Chart:
    names = {place: _called(row.epsilon) for place, row in zip(places, rows, strict=True)}
    x = Axis(places[0] / _EDGE, places[-1] * _EDGE, "epsilon", tuple(places), log=True, names=names)
    words = (f"{line.text}: {', '.join(interval(value) for value in line.values)}." for line in lines)
    chart = Chart(x, y, title, " ".join(words), height=height)
    for line in lines:
        shown = [
            (p, v.value, row)
            for p, v, row in zip(places, line.values, rows, strict=True)
            if v and v.value is not None
        ]
        private = [(p, value) for p, value, row in shown if isfinite(row.epsilon)]
        chart.line([p for p, _ in private], [value for _, value in private], line.colour, line.dash)
        for place, value in zip(places, line.values, strict=True):
            _mark(chart, place, value, line)
    return chart


def _mark(chart: Chart, place: float, value: Interval | None, line: _Line) -> None:
    if value is None or value.value is None:
        return
    if value.low is not None and value.high is not None and value.low < value.high:
        chart.whisker(place, value.low, value.high, line.colour)
    chart.dot(place, value.value, line.colour, line.shape)


def _success(rows: Sequence[EpsilonSweepRow]) -> Iterator[_Line]:
    allowed = [row.allowed for row in rows]
    exact = [None if a is None else _exactly(a.auc) for a in allowed]
    last = [None if a is None else _exactly(a.auc_last_iterate) for a in allowed]
    yield _Line("the most that the mechanism allows", exact, GREEN, SOLID, "triangle")
    yield _Line("expected from the last model alone (a heuristic)", last, GREY, DASHED, "diamond")
    for targets, colour, dash, shape in (
        ("canaries", ORANGE, DOTTED, "circle"),
        ("records", BLUE, DASHDOT, "square"),
    ):
        best = [_best(row, targets) for row in rows]
        values = [None if attack is None else attack.auc for attack in best]
        yield _Line(f"best attack on {targets}", values, colour, dash, shape)


def _bounds(found: EpsilonSweep) -> Iterator[Figure]:
    """Per epsilon what is accounted, what the canaries refute, and the most that they could refute."""
    rows = [
        (row, bound)
        for row in sorted(found.rows, key=lambda row: row.epsilon)
        if row.bound is not None
        for bound in row.bound.lower_bounds
        if bound.method in ASSUMPTION_FREE
    ]
    if not rows:
        return
    bounds = [Bound(f"epsilon {_called(row.epsilon)}", b.value, b.ceiling, row.accounted) for row, b in rows]
    chart = bounds_chart(
        bounds,
        (),
        found.delta,
        "Epsilon as accounted and as refuted, for every epsilon of the sweep",
        " ".join(f"{b.name}: at least {at_least(b.value)}." for b in bounds),
    )
    data = Table(
        "Epsilon accounted and refuted",
        ("trained with", "accounted", "at least", "possible at most"),
        tuple(
            (b.name, _number(b.accounted), at_least(b.value), "" if b.ceiling is None else at_most(b.ceiling))
            for b in bounds
        ),
        frozenset({1, 2, 3}),
    )
    caption = (
        "What the canaries of all models with an epsilon refute, against what is accounted for them. A bound "
        "beyond its square would contradict the claim; one far below verifies nothing."
    )
    yield Figure(chart.render("bounds"), caption, tuple(bounds_legend(bounds)), data)


def _table(found: EpsilonSweep) -> Table:
    rows = tuple(
        (
            f"{row.epsilon:g}",
            interval(row.accuracy),
            *(_best_in_words(row, targets) for targets in ("records", "canaries")),
            NOT_MEASURED if row.allowed is None else f"{row.allowed.auc:.3f}",
            bound(row),
            NOT_MEASURED if row.bound is None else row.bound.verdict,
        )
        for row in found.rows
    )
    header = (
        "epsilon",
        "accuracy",
        "best AUC, records",
        "best AUC, canaries",
        "AUC allowed",
        "bound",
        "verdict",
    )
    caption = (
        f"{found.n_records:,} records and {found.n_canaries:,} canaries, each in about half of the models by "
        f"its own coin; delta {found.delta:g}. AUC allowed: the most under the exact mechanism. bound: "
        "epsilon is at least this, from the canaries of all models together."
    )
    return Table(caption, header, rows, frozenset(range(len(header) - 1)))


def _places(epsilons: Sequence[float]) -> list[float]:
    """Where each stands on a logarithmic axis; infinity one step beyond the last."""
    finite = [epsilon for epsilon in epsilons if isfinite(epsilon) and epsilon > 0] or [1.0]
    step = (finite[-1] / finite[0]) ** (1 / (len(finite) - 1)) if len(finite) > 1 else 2.0
    return [epsilon if isfinite(epsilon) else finite[-1] * max(step, 1.3) for epsilon in epsilons]


def _accuracy_axis(line: _Line) -> Axis:
    lows = [value.low if value.low is not None else value.value for value in line.values if value is not None]
    least = min((low for low in lows if low is not None), default=0.0)
    low = next((start for start in (0.9, 0.8, 0.7, 0.6, 0.5) if least >= start), 0.0)
    step = 0.2 if low == 0.0 else (1 - low) / 5
    ticks = tuple(round(low + step * i, 3) for i in range(6))
    return Axis(low, 1.0, "accuracy", ticks, percent=True, names={t: f"{round(100 * t)} %" for t in ticks})


def _called(epsilon: float) -> str:
    return f"{epsilon:g}" if isfinite(epsilon) else _NO_PRIVACY


def _exactly(value: float) -> Interval:
    return Interval(value=value, low=value, high=value)


def _measured(value: Interval) -> Interval | None:
    return None if value.value is None else value


def _number(value: float | None) -> str:
    return _NO_PRIVACY if value is None else f"{value:.3g}"


def _best(row: EpsilonSweepRow, targets: str) -> AttackOverModels | None:
    rows = [attack for attack in row.attacks if attack.targets == targets and attack.auc.value is not None]
    return max(rows, key=lambda attack: attack.auc.value or 0.0, default=None)


def _best_in_words(row: EpsilonSweepRow, targets: str) -> str:
    best = _best(row, targets)
    return NOT_MEASURED if best is None else f"{interval(best.auc)} ({inert(best.attack)})"


def _trend(found: Correlation) -> str:
    measure = inert(found.measure)
    if found.spearman is None or found.p_value is None:
        return f"{measure} does not vary with epsilon."
    return (
        f"{measure} against epsilon: rank correlation {found.spearman:.2f} over {found.n_points} epsilons "
        f"(p = {found.p_value:.2g})."
    )
