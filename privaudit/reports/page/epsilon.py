"""The epsilon verdict on the page: claim, bounds and the design's ceiling on one axis."""

from collections.abc import Iterator
from math import isfinite

from privaudit.inert import inert
from privaudit.reports.document import Block, Figure, Listing, Section, Sentence, Table
from privaudit.reports.page.roc import roc_figure, swatch
from privaudit.reports.svg import BLUE, DASHED, DOTTED, GREEN, ORANGE, SOLID, Axis, Chart
from privaudit.results import Epsilon, Result

_NONE = "none"
_CEILING = "the most this design could certify"
_FAR = 4.0
"""A ceiling this many times beyond everything else would squeeze it, and stands in the table alone."""


def against_theory(result: Result) -> Section | None:
    """Attack success against the configured epsilon."""
    blocks: list[Block] = []
    figure, epsilon = roc_figure(result), result.epsilon
    if epsilon is not None:
        blocks.append(Sentence(inert(epsilon.sentence), "strong"))
    if figure is not None:
        blocks.append(figure)
    if epsilon is not None:
        blocks.extend(_blocks(epsilon))
    if not blocks:
        return None
    title = "Attack success against the configured epsilon" if epsilon else "Attack success"
    return Section("success", title, tuple(blocks))


def _blocks(epsilon: Epsilon) -> Iterator[Block]:
    yield _axis(epsilon)
    yield Table("The design, fixed before the scores were seen", ("what", "value"), tuple(_design(epsilon)))
    for control in epsilon.controls:
        outcome = {True: "as it should be", False: "NOT as it should be", None: "not made"}[control.passed]
        p = "" if control.p_value is None else f", p = {control.p_value:.2g}"
        why = "" if control.reason is None else f" ({inert(control.reason)})"
        yield Sentence(
            f"{control.name.capitalize()} control: {inert(control.description)}: {outcome}{p}{why}."
        )
    if epsilon.checklist:
        yield Sentence("Where to look first:", "strong")
        yield Listing(tuple(map(inert, epsilon.checklist)))


def _axis(epsilon: Epsilon) -> Figure:
    """Lower bounds from the left, the claim and the ceiling as upright lines."""
    marks = [(inert(bound.method), bound.value) for bound in epsilon.lower_bounds]
    uprights = [
        (text, value, colour, dash)
        for text, value, colour, dash in (
            ("claimed", epsilon.claimed, GREEN, SOLID),
            ("accounted (PLD)", epsilon.accounted, BLUE, DASHED),
        )
        if value is not None and isfinite(value)
    ]
    shown = max([1.0, *(value for _, value in marks), *(value for _, value, _, _ in uprights)])
    if shown < epsilon.ceiling < _FAR * shown:
        uprights.append((_CEILING, epsilon.ceiling, "currentColor", DOTTED))
        shown = epsilon.ceiling
    most = 1.1 * shown
    step = next(step for step in (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0, 1e9) if most / step <= 10)
    ticks = tuple(step * i for i in range(int(most / step) + 1))
    chart = Chart(
        Axis(0.0, most, f"epsilon at delta {epsilon.delta:g}", ticks),
        Axis(0.0, len(marks) + 1.0, "", ()),
        "Lower bounds on epsilon against what is claimed",
        f"A bound to the right of the claim contradicts it. {_all_in_words(epsilon)}",
        height=64 + 28 * (len(marks) + 1),
        left=190,
    )
    for _, value, colour, dash in uprights:
        chart.upright(value, colour, dash)
    for place, (text, value) in enumerate(marks):
        at = float(len(marks) - place)
        chart.beside(at, text)
        chart.interval(at, 0.0, value, value, ORANGE)
    rows = tuple(
        (
            inert(bound.method) + (" (the test)" if bound.primary else ""),
            f"{bound.value:.3g}",
            _NONE if bound.ceiling is None else f"{bound.ceiling:.3g}",
            f"{bound.confidence:.0%}",
            _NONE if bound.p_value is None else f"{bound.p_value:.2g}",
            inert(bound.assumes),
        )
        for bound in epsilon.lower_bounds
    )
    table = Table(
        "Lower bounds on epsilon and what each rests on",
        ("method", "epsilon at least", "possible at most", "confidence", "p-value of the claim", "assumes"),
        rows,
        frozenset({1, 2, 3, 4}),
    )
    legend = (
        (swatch(ORANGE, SOLID), "refuted by the attack"),
        *((swatch(c, d), t) for t, _, c, d in uprights),
    )
    caption = (
        "What the attack refutes, against what is claimed. A bound far below the claim verifies nothing."
    )
    return Figure(chart.render("epsilon"), caption, legend, table)


def _all_in_words(epsilon: Epsilon) -> str:
    bounds = " ".join(f"{inert(b.method)}: at least {b.value:.3g}." for b in epsilon.lower_bounds)
    claimed = "" if epsilon.claimed is None else f"Claimed: {epsilon.claimed:.3g}. "
    return f"{claimed}{bounds} Ceiling: {epsilon.ceiling:.3g}."


def _design(epsilon: Epsilon) -> Iterator[tuple[str, str]]:
    yield "design", epsilon.design
    yield "test", inert(epsilon.test)
    yield "score", inert(epsilon.score)
    yield "canaries", inert(epsilon.canaries)
    yield "threat model", inert(epsilon.threat_model)
    yield "in / out", f"{epsilon.n_in:,} / {epsilon.n_out:,}"
    if epsilon.guesses is not None and epsilon.correct is not None:
        yield "guesses, of them right", f"{epsilon.guesses:,}, {epsilon.correct:,}"
    yield "p-value of the claim", _NONE if epsilon.p_value is None else f"{epsilon.p_value:.2g}"
    yield "most this design could certify", f"{epsilon.ceiling:.3g}"
    power = "unknown" if epsilon.power is None else f"{epsilon.power:.0%}"
    yield "chance to notice half the noise", power
    for name, value in epsilon.parameters.items():
        yield inert(name), inert(str(value))
