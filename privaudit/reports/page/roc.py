"""Attack success against what is allowed: the ROC on logarithmic axes."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from privaudit.inert import inert
from privaudit.reports.document import Figure, Table
from privaudit.reports.svg import (
    BLUE,
    DASHDOT,
    DASHED,
    DOTTED,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SOLID,
    Axis,
    Chart,
    element,
)  # fmt: skip
from privaudit.results import Curve, Membership, Result

_LEAST = 1e-4
_MOST_ATTACKS = 3
_ATTACK_STYLES = ((ORANGE, SOLID), (BLUE, DASHED), (PURPLE, DASHDOT))
_CURVES = {
    "mechanism": (GREEN, SOLID, "the most that the configured mechanism allows, exactly"),
    "epsilon-delta": (GREEN, DOTTED, "the most that (epsilon, delta) alone allows"),
    "gaussian": (GREEN, DASHDOT, "the most that a Gaussian mechanism of that epsilon allows"),
    "last-iterate": (
        GREY,
        DASHED,
        "expected ceiling when only the last model is seen (a heuristic, no bound)",
    ),
}


@dataclass(frozen=True)
class _Line:
    text: str
    fpr: Sequence[float]
    tpr: Sequence[float]
    colour: str
    dash: str


def roc_figure(result: Result) -> Figure | None:
    """The strongest attacks, the loss attack, and every curve of the claim; None without a ROC."""
    attacks = _shown(result.membership)
    lines = [
        _Line(inert(row.attack), row.roc.fpr, row.roc.tpr, colour, dash)
        for row, (colour, dash) in zip(attacks, _ATTACK_STYLES, strict=False)
    ]
    epsilon = result.epsilon
    if epsilon is not None:
        if epsilon.empirical_curve is not None:
            found = epsilon.empirical_curve
            lines.append(_Line("canaries of the epsilon audit", found.fpr, found.tpr, "currentColor", SOLID))
        lines.extend(_allowed(curve) for curve in epsilon.theory_curves)
    if not lines:
        return None
    least = 10 / max(1, result.data.n_nonmembers)
    chart = Chart(
        _rate("share of non-members wrongly accused (false-positive rate)"),
        _rate("share of members found (true-positive rate)"),
        "Attack success: true-positive rate against false-positive rate, both logarithmic",
        "The further a line lies above the diagonal, the more members are found at the same price. "
        + " ".join(_in_words(line) for line in lines),
    )
    chart.line((_LEAST, 1.0), (_LEAST, 1.0), GREY, DOTTED)
    if epsilon is not None and epsilon.empirical_curve is not None and epsilon.empirical_curve.tpr_low:
        found = epsilon.empirical_curve
        chart.band(found.fpr, found.tpr_low, found.tpr_high, "currentColor")
    for line in lines:
        chart.line(line.fpr, line.tpr, line.colour, line.dash)
    if result.membership:
        chart.hatched(least, "too few non-members to measure")
    legend = [(swatch(line.colour, line.dash), line.text) for line in lines]
    legend.append((swatch(GREY, DOTTED), "guessing"))
    return Figure(
        chart.render("roc"),
        "Members found against non-members wrongly accused. Hatched: false-positive rates that this sample "
        "cannot measure.",
        tuple(legend),
        _table(lines),
    )


def swatch(colour: str, dash: str) -> Markup:
    """A short piece of a line, for legends."""
    line = element("line", x1=0, x2=36, y1=6, y2=6, stroke=colour, stroke_width=2, stroke_dasharray=dash)
    return element("svg", line, width=36, height=12, viewBox="0 0 36 12", aria_hidden="true")


def _rate(label: str) -> Axis:
    return Axis(_LEAST, 1.0, label, (1e-4, 1e-3, 1e-2, 0.1, 1.0), log=True, percent=True)


def _shown(rows: Sequence[Membership]) -> list[Membership]:
    """The best two by AUC, and the attack that everybody knows."""
    best = sorted(rows, key=lambda row: -1.0 if row.auc.value is None else -row.auc.value)
    chosen = best[: _MOST_ATTACKS - 1]
    loss = [row for row in rows if row.attack == "loss" and row not in chosen]
    return [*chosen, *(loss or best[_MOST_ATTACKS - 1 : _MOST_ATTACKS])]


def _allowed(curve: Curve) -> _Line:
    colour, dash, text = _CURVES[curve.kind]
    return _Line(text, curve.fpr, curve.tpr, colour, dash)


def _in_words(line: _Line) -> str:
    return f"{line.text}: {100 * _at(line, 0.01):.2g} % at 1 %, {100 * _at(line, 0.1):.2g} % at 10 %."


def _at(line: _Line, fpr: float) -> float:
    """The line's TPR at this FPR: of the last vertex that is not beyond it."""
    below = [tpr for x, tpr in zip(line.fpr, line.tpr, strict=True) if x <= fpr]
    return max(below, default=0.0)


def _table(lines: Sequence[_Line]) -> Table:
    shown = (0.001, 0.01, 0.1, 0.5)
    rows = tuple((line.text, *(f"{_at(line, fpr):.4f}" for fpr in shown)) for line in lines)
    header = ("line", *(f"TPR at FPR {fpr:g}" for fpr in shown))
    return Table("The lines at four false-positive rates", header, rows, frozenset(range(1, len(shown) + 1)))
