"""What a differential-privacy guarantee allows an attack: regions, curves, and the epsilon of a curve.

An attack that says "member" has a false-positive rate x and a true-positive rate. A guarantee bounds the
largest TPR at each x: its *maximal ROC*. ``1 - ROC`` is the trade-off function f of Dong, Roth and Su (2022,
arXiv:1905.02383), the smallest FNR at FPR x.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtr, ndtri

Floats = NDArray[np.float64]

_LEAST_RATE = 1e-12
"""Below this FPR or FNR a thinned curve has no corners of its own."""
_MU_MOST = 200.0
"""Beyond this no attack can be told from a perfect one in double precision."""


def max_tpr_epsilon_delta(fpr: Floats | float, epsilon: float, delta: float) -> Floats:
    """Largest TPR at each FPR that (epsilon, delta)-DP in both directions allows (Kairouz et al., 1311.0776).

    Args:
        fpr: in [0, 1].
        epsilon: 0 or more; infinity allows everything.
        delta: in [0, 1].
    """
    x = np.asarray(fpr, dtype=np.float64)
    if np.isinf(epsilon):
        return np.ones_like(x)
    # NOTE: e^epsilon * 0 is 0 however large epsilon is.
    steep = np.where(x > 0, np.exp(np.minimum(epsilon + np.log(np.maximum(x, 1e-300)), 1.0)), 0.0) + delta
    flat = 1 - np.exp(-epsilon) * (1 - delta - x)
    bound: Floats = np.minimum(1.0, np.minimum(steep, flat))
    return bound


def max_tpr_gaussian(fpr: Floats | float, mu: float) -> Floats:
    """Largest TPR at each FPR under mu-GDP: ``Phi(Phi^-1(x) + mu)`` (1905.02383, section 2.2)."""
    bound: Floats = ndtr(ndtri(np.asarray(fpr, dtype=np.float64)) + mu)
    return bound


def delta_of_gaussian(epsilon: float, mu: float) -> float:
    """The delta at which mu-GDP implies (epsilon, delta)-DP; any real epsilon (1905.02383, cor. 2.13)."""
    if mu == 0:
        return max(0.0, -float(np.expm1(epsilon)))
    first = log_ndtr(-epsilon / mu + mu / 2)
    second = epsilon + log_ndtr(-epsilon / mu - mu / 2)
    # NOTE: the difference of two nearly equal numbers, taken before the exponential.
    return float(np.exp(first) * -np.expm1(min(0.0, second - first)))


def epsilon_of_gaussian(mu: float, delta: float) -> float:
    """The smallest epsilon at which mu-GDP implies (epsilon, delta)-DP.

    Args:
        mu: 0 or more.
        delta: in (0, 1).
    """
    if delta_of_gaussian(0.0, mu) <= delta:
        return 0.0
    most = mu * mu / 2 + mu * float(-ndtri(min(delta, 0.5))) + 1.0
    return float(brentq(lambda e: _log_gap(delta_of_gaussian(e, mu), delta), 0.0, most, xtol=1e-12))


def mu_of_epsilon(epsilon: float, delta: float) -> float:
    """The largest mu at which mu-GDP implies (epsilon, delta)-DP: the Gaussian curve through that point.

    Args:
        epsilon: 0 or more, finite.
        delta: in (0, 1).
    """
    if delta_of_gaussian(epsilon, _MU_MOST) <= delta:
        return _MU_MOST
    return float(brentq(lambda m: _log_gap(delta_of_gaussian(epsilon, m), delta), 0.0, _MU_MOST, xtol=1e-13))


def _log_gap(value: float, target: float) -> float:
    return float(np.log(max(value, 1e-300)) - np.log(target))


def epsilon_at_point(fpr: float, fnr: float, delta: float) -> float:
    """The smallest epsilon that allows an attack with these error rates; infinity where none does.

    The larger of ``ln((1 - fnr - delta) / fpr)`` and ``ln((1 - fpr - delta) / fnr)``, at least 0 (1311.0776).
    """
    pairs = ((1 - fnr - delta, fpr), (1 - fpr - delta, fnr))
    bounds = [(np.inf if bottom <= 0 else float(np.log(top / bottom))) for top, bottom in pairs if top > 0]
    return max(0.0, *bounds) if bounds else 0.0


@dataclass(frozen=True, eq=False)
class RocCurve:
    """A maximal ROC as a polygon: points joined by straight lines, concave, from FPR 0 to FPR 1."""

    fpr: Floats
    """``[p]`` ascending, from 0 to 1."""
    tpr: Floats
    """``[p]`` ascending; ``tpr[0]`` may be above 0 where a part of the outputs gives membership away."""

    def max_tpr(self, fpr: Floats | float) -> Floats:
        """Largest TPR at each FPR."""
        return np.interp(np.asarray(fpr, dtype=np.float64), self.fpr, self.tpr)

    def fpr_at(self, tpr: Floats | float) -> Floats:
        """Smallest FPR with at least this TPR; 0 up to ``tpr[0]``."""
        return np.interp(np.asarray(tpr, dtype=np.float64), *self._inverse)

    @property
    def auc(self) -> float:
        """Area under the curve: the largest AUC that an attack can have."""
        return float(np.trapezoid(self.tpr, self.fpr))

    def mirrored(self) -> "RocCurve":
        """The ROC with the roles of members and non-members exchanged: the image about the other diagonal."""
        return RocCurve(1 - self.tpr[::-1], 1 - self.fpr[::-1])

    def symmetric(self) -> "RocCurve":
        """The least concave curve above this one and its mirror image."""
        mirrored = self.mirrored()
        fpr = np.unique(np.concatenate((self.fpr, mirrored.fpr)))
        return concave_hull(fpr, np.maximum(self.max_tpr(fpr), mirrored.max_tpr(fpr)))

    def from_above(self, points: int) -> "RocCurve":
        """A concave polygon of at most ``points`` corners that is nowhere below this one.

        Corners are spaced evenly in the logarithm of the FPR and of the FNR. Between two of them the curve
        rises above the chord; both are raised by as much.

        Args:
            points: 8 or more.
        """
        if len(self.fpr) <= points:
            return self
        kept = self._corners(points)
        tpr = self.tpr[kept]
        excess = self.tpr - np.interp(self.fpr, self.fpr[kept], tpr)
        gaps = np.maximum.reduceat(excess, kept[:-1])
        raised = tpr + np.maximum(np.append(gaps, 0.0), np.append(0.0, gaps))
        hull = concave_hull(self.fpr[kept], raised)
        # NOTE: what was raised above 1 is cut off where it crosses 1, not pulled down to it.
        below = hull.tpr < 1
        crossing = float(np.interp(1.0, hull.tpr, hull.fpr)) if not below.all() else 1.0
        return RocCurve(
            np.concatenate((hull.fpr[below], [crossing, 1.0])),
            np.concatenate((hull.tpr[below], [1.0, 1.0])),
        )

    def _corners(self, points: int) -> NDArray[np.int64]:
        """Indices of distinct FPRs, the first and the last included."""
        half = np.geomspace(_LEAST_RATE, 0.5, (points - 2) // 2)
        left = np.searchsorted(self.fpr, half)
        right = np.searchsorted(self.tpr, 1 - half)
        last = len(self.fpr) - 1
        chosen = np.unique(np.concatenate(([0], left, np.minimum(right, last), [last])))
        # NOTE: of corners above one another the highest; the first stands where the curve begins.
        first = np.flatnonzero(self.fpr == 0)[-1]
        return np.unique(np.append(chosen[self.fpr[chosen] > 0], first))

    @cached_property
    def _inverse(self) -> tuple[Floats, Floats]:
        # NOTE: of points with the same TPR the first has the smallest FPR.
        tpr, first = np.unique(self.tpr, return_index=True)
        return tpr, self.fpr[first]


def roc_from_losses(losses: Floats, mass: Floats, infinite: float) -> RocCurve:
    """The maximal ROC of a pair of distributions P (member) and Q from its privacy-loss distribution.

    The best test calls the largest losses member (Neyman and Pearson): in falling order of losses the TPR is
    the sum of their mass under P, infinite loss first, and the FPR the sum of ``mass * e^-loss``.

    Args:
        losses: ``[a]`` of the atoms, ``ln(P/Q)``.
        mass: ``[a]`` under P.
        infinite: mass under P that Q never gives.
    """
    order = np.argsort(-losses, kind="stable")
    tpr = infinite + np.concatenate(([0.0], np.cumsum(mass[order])))
    fpr = np.concatenate(([0.0], np.cumsum(mass[order] * np.exp(-losses[order]))))
    # NOTE: what Q has beyond all atoms of P, and what rounding left over: the last piece ends in (1, 1).
    return RocCurve(np.append(np.minimum(fpr, 1.0), 1.0), np.append(np.minimum(tpr, 1.0), 1.0))


def roc_epsilon_delta(epsilon: float, delta: float) -> RocCurve:
    """The region of (epsilon, delta) as a polygon: :func:`max_tpr_epsilon_delta` at its corners.

    Args:
        epsilon: 0 or more; infinity allows everything.
        delta: in [0, 1].
    """
    corner = (1 - delta) / (1 + np.exp(min(epsilon, 700.0)))
    fpr = np.array([0.0, corner, 1 - delta, 1.0])
    return RocCurve(fpr, max_tpr_epsilon_delta(fpr, epsilon, delta))


def roc_gaussian(mu: float, points: int = 4_001) -> RocCurve:
    """The curve of mu-GDP as a polygon through ``points`` points, spaced evenly in standard deviations.

    Args:
        mu: 0 or more.
        points: odd, so that the curve and its mirror image have the same corners.
    """
    quantile = np.linspace(-8.0 - mu, 8.0, points)
    return RocCurve(
        np.concatenate(([0.0], ndtr(quantile), [1.0])), np.concatenate(([0.0], ndtr(quantile + mu), [1.0]))
    )


def group_epsilon_delta(epsilon: float, delta: float, group: int) -> tuple[float, float]:
    """What (epsilon, delta)-DP of one record says of a group (Dwork and Roth 2014, theorem 2.2, its proof).

    ``(R epsilon, delta (1 + e^epsilon + … + e^((R - 1) epsilon)))``; a delta of 1 and more allows everything.
    """
    factor = sum(float(np.exp(min(i * epsilon, 700.0))) for i in range(group))
    return group * epsilon, min(1.0, delta * factor)


def concave_hull(fpr: Floats, tpr: Floats) -> RocCurve:
    """The least concave polygon above the points ``(fpr, tpr)``, with ``fpr`` ascending."""
    kept: list[int] = []
    for i in range(len(fpr)):
        while len(kept) > 1 and _below(fpr, tpr, kept[-2], kept[-1], i):
            kept.pop()
        kept.append(i)
    return RocCurve(fpr[kept], np.maximum.accumulate(tpr[kept]))


def _below(x: Floats, y: Floats, a: int, b: int, c: int) -> bool:
    """Whether point b lies on or below the line from a to c."""
    return bool((y[b] - y[a]) * (x[c] - x[a]) <= (y[c] - y[a]) * (x[b] - x[a]))
