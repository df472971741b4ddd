"""The lines of a ROC chart: what attacks reached, and what a claim allows."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, isfinite

from privaudit.inert import inert
from privaudit.reports.svg import BLUE, DASHDOT, DASHED, DOTTED, GREEN, GREY, INK, ORANGE, PURPLE, SOLID
from privaudit.reports.words.membership import by_auc
from privaudit.results import Claim, Curve, Epsilon, Membership
from privaudit.results.membership import LEAST_FALSE_POSITIVES

LEAST = 1e-4
"""Where the axes of the chart begin."""
_POINTS = 60
_MOST_EPSILON = 700.0
"""From here on the exponential is beyond what a double holds."""
_MOST_ATTACKS = 3
_STYLES = ((ORANGE, SOLID), (BLUE, DASHED), (PURPLE, DASHDOT))
_ALLOWED = {
    "mechanism": (GREEN, SOLID, "the most that the configured mechanism allows (exact)"),
    "epsilon-delta": (GREEN, DOTTED, "the most that (epsilon, delta) alone allows"),
    "gaussian": (GREEN, DASHDOT, "the most that a Gaussian mechanism of that epsilon allows"),
    "last-iterate": (
        GREY,
        DASHED,
        "expected ceiling when only the last model is seen (a heuristic, not a bound)",
    ),
}


@dataclass(frozen=True)
class Stairs:
    """The corners of a line and of its band, over the same FPRs."""

    fpr: Sequence[float]
    tpr: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True)
class RocLine:
    """One line of the chart."""

    text: str
    fpr: Sequence[float]
    """Ascending."""
    tpr: Sequence[float]
    colour: str
    dash: str
    least: float = 0.0
    """Below this FPR the sample cannot measure."""
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    """With ``low``: the band that holds at all thresholds at once, at each FPR; empty without one."""
    canaries: bool = False
    """Whether it is of the canaries of the audit of epsilon."""

    def stairs(self, first: float, last: float = 1.0) -> "Stairs":
        """What is drawn from one FPR to another: rates that a threshold reaches, and nothing in between.

        Between two points the curve stays at the left one until a threshold reaches the right one, and so
        does the lower limit; the upper limit there is that of the right one. Straight lines would be wrong
        wherever many records share a score.
        """
        inner = [x for x in self.fpr if first < x < last]
        xs = [x for pair in pairwise([first, *inner, last]) for x in pair]
        left = [x for x in xs[::2] for _ in range(2)]
        return Stairs(
            xs,
            [_last(self.fpr, self.tpr, x) for x in left],
            [_last(self.fpr, self.low, x) for x in left] if self.low else [],
            [self._next_high(x) for x in left] if self.low else [],
        )

    def _next_high(self, fpr: float) -> float:
        """The upper limit just to the right of an FPR."""
        beyond = bisect_right(self.fpr, fpr)
        return self.high[beyond] if beyond < len(self.high) else 1.0

    def at(self, fpr: float) -> float | None:
        """The TPR of the last threshold that is not beyond this FPR; None where it is not measurable."""
        return None if fpr < self.least else _last(self.fpr, self.tpr, fpr)

    def band_at(self, fpr: float) -> tuple[float, float] | None:
        """Limits at this FPR: a ROC rises, so those of the points beside it hold."""
        if not self.low or fpr < self.least:
            return None
        beyond = bisect_left(self.fpr, fpr)
        return _last(self.fpr, self.low, fpr), self.high[beyond] if beyond < len(self.high) else 1.0


@dataclass(frozen=True)
class AllowedRegion(RocLine):
    """What a claim allows: points joined by straight lines, on axes that are not logarithmic."""

    kind: str = "epsilon-delta"
    """As :class:`~privaudit.results.Curve` names it."""

    @property
    def bound(self) -> bool:
        """Whether it is a bound and no heuristic or comparison."""
        return self.kind in ("mechanism", "epsilon-delta")

    @property
    def region(self) -> bool:
        """Whether it bounds the (epsilon, delta) region."""
        return self.kind == "epsilon-delta"

    def at(self, fpr: float) -> float:
        """The TPR at this FPR."""
        right = min(bisect_right(self.fpr, fpr), len(self.fpr) - 1)
        left = max(0, right - 1)
        width = self.fpr[right] - self.fpr[left]
        share = 0.0 if width <= 0 else min(1.0, (fpr - self.fpr[left]) / width)
        return self.tpr[left] + share * (self.tpr[right] - self.tpr[left])

    def drawn(self) -> tuple[list[float], list[float]]:
        """Points that are near enough to each other for a logarithmic chart, where the lines are bent."""
        xs = sorted(
            {LEAST ** (1 - i / _POINTS) for i in range(_POINTS + 1)} | {x for x in self.fpr if x > LEAST}
        )
        return xs, [self.at(x) for x in xs]


def attack_lines(rows: Sequence[Membership]) -> Iterator[RocLine]:
    """The best two attacks by AUC, and the loss attack."""
    for row, (colour, dash) in zip(_shown(rows), _STYLES, strict=False):
        roc, least = row.roc, min(1.0, LEAST_FALSE_POSITIVES / max(1, row.n_nonmembers))
        yield RocLine(inert(row.attack), roc.fpr, roc.tpr, colour, dash, least, roc.tpr_low, roc.tpr_high)


def canary_line(epsilon: Epsilon | None) -> RocLine | None:
    """What the audit of epsilon reached on its canaries."""
    found = None if epsilon is None else epsilon.empirical_curve
    if found is None or not found.fpr:
        return None
    return RocLine(
        "canaries of the epsilon audit",
        found.fpr,
        found.tpr,
        INK,
        SOLID,
        found.least_fpr,
        found.tpr_low,
        found.tpr_high,
        canaries=True,
    )


def allowed_lines(epsilon: Epsilon | None, claim: Claim | None) -> list[AllowedRegion]:
    """Every curve of the claim; without a test of it, the region of the (epsilon, delta) that is claimed."""
    if epsilon is not None:
        return [_allowed(curve) for curve in epsilon.theory_curves if curve.fpr]
    if claim is None or claim.epsilon is None or claim.delta is None or not isfinite(claim.epsilon):
        return []
    return [_region(claim.epsilon, claim.delta)]


def _region(epsilon: float, delta: float) -> AllowedRegion:
    """The corners of Kairouz, Oh and Viswanath's region (arXiv 1311.0776)."""
    corner = (1 - delta) / (1 + exp(min(epsilon, _MOST_EPSILON)))
    colour, dash, text = _ALLOWED["epsilon-delta"]
    return AllowedRegion(text, (0.0, corner, 1 - delta, 1.0), (delta, 1 - corner, 1.0, 1.0), colour, dash)


def _allowed(curve: Curve) -> AllowedRegion:
    colour, dash, text = _ALLOWED[curve.kind]
    return AllowedRegion(text, curve.fpr, curve.tpr, colour, dash, kind=curve.kind)


def _shown(rows: Sequence[Membership]) -> list[Membership]:
    best = sorted((row for row in rows if row.roc.fpr), key=by_auc, reverse=True)
    chosen = best[: _MOST_ATTACKS - 1]
    loss = [row for row in best if row.attack == "loss" and row not in chosen]
    return [*chosen, *(loss or best[_MOST_ATTACKS - 1 : _MOST_ATTACKS])]


def _last(xs: Sequence[float], ys: Sequence[float], x: float) -> float:
    place = bisect_right(xs, x)
    return ys[place - 1] if place else 0.0
