"""Area under the ROC curve: the chance that a random member outscores a random non-member.

The interval is a score interval on an effective number of records. Three facts carry it:

* the variance of the area is estimated from the placement values (DeLong, DeLong and Clarke-Pearson 1988,
  Biometrics 44:837-845), here from counts at the thresholds, so ties cost nothing (cf. Sun and Xu 2014, IEEE
  Signal Processing Letters 21:1389-1393, who rank instead of comparing all pairs);
* whatever the distributions, that variance is at most ``A (1 - A) / m`` with ``m = min(n1, n0)``, because the
  area is an average, over ways to match members with non-members, of ``m`` independent pairs (Hoeffding 1963,
  JASA 58:13-30, section 5);
* the same matching shows that a sample in perfect order has probability at most ``A ** m``.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.special import stdtrit

from privaudit.errors import DataError
from privaudit.stats.intervals import Bools, ConfidenceInterval, Floats, Ints, NotMeasurable, check_confidence
from privaudit.stats.ranked import RankedScores, rank_scores


@dataclass(frozen=True)
class _Area:
    """One area with the variances of its placement values (NaN where a side has a single record)."""

    value: float
    n1: int
    n0: int
    member_variance: float
    nonmember_variance: float

    @property
    def pairs(self) -> int:
        return self.n1 * self.n0


def auc(ranked: RankedScores) -> float:
    """Area under the ROC curve, ties counted half: the Mann-Whitney statistic divided by ``n1 * n0``.

    Returns:
        In [0, 1], from integer counts, so that reversing the scores gives exactly one minus it up to one
        rounding; 0.5 when the scores say nothing.
    """
    at1, at0 = _at(ranked.members), _at(ranked.nonmembers)
    below = ranked.n_nonmembers - ranked.nonmembers
    return int(np.dot(at1, 2 * below + at0)) / (2 * ranked.n_members * ranked.n_nonmembers)


def auc_interval(ranked: RankedScores, confidence: float) -> ConfidenceInterval:
    """Area under the ROC curve with a two-sided interval; see the module for what carries it.

    With ``V`` the DeLong variance and ``m = min(n1, n0)`` the interval is Wilson's (1927) for a proportion
    ``A`` among ``m (1 + 4 m A (1 - A)) / (1 + 4 m^2 V)`` records: the effective number ``A (1 - A) / V``,
    shrunk towards its least possible value ``m`` where few records overlap and ``V`` is unreliable. The
    quantile is Student's with Satterthwaite's degrees of freedom, as in Brunner and Munzel (2000, Biometrical
    Journal 42:17-25). At ``A`` = 1 (or 0) the exact bound ``(alpha / 2) ** (1 / m)`` applies. Hence the
    interval never has zero width and lies in [0, 1].

    Args:
        ranked: the scores; they are taken as independent draws.
        confidence: two-sided, in (0, 1). Coverage is approximate, except at the two ends where it is exact;
            ``benchmarks/coverage.py`` measures it.

    Raises:
        UsageError: ``confidence`` outside (0, 1).
    """
    return auc_intervals(ranked, (confidence,))[0]


def auc_intervals(ranked: RankedScores, confidences: Sequence[float]) -> list[ConfidenceInterval]:
    """:func:`auc_interval` at several confidences, with the variances computed once."""
    areas = [_area(ranked)]
    return [_interval(areas, confidence) for confidence in confidences]


@dataclass(frozen=True)
class AreaWithin:
    """The area within strata, computed once; intervals at any confidence follow from it."""

    _areas: tuple[_Area, ...]

    def interval(self, confidence: float) -> ConfidenceInterval | NotMeasurable:
        """The two-sided interval, or why there is none: no stratum holds scored records of both kinds.

        Raises:
            UsageError: ``confidence`` outside (0, 1).
        """
        check_confidence(confidence)
        if not self._areas:
            return NotMeasurable("no class holds members and non-members")
        return _interval(self._areas, confidence)


def auc_within(score: Floats, member: Bools, stratum: Ints) -> AreaWithin:
    """Area under the ROC curve within strata, where a difference between strata can't look like leakage.

    The mean of the areas of the strata, weighted by their numbers of pairs ``n1 * n0``: the chance that the
    member of a random pair *from one stratum* outscores the non-member. The variances of the strata add up
    with the squared weights; a stratum with a single record on a side takes the largest variance possible at
    the pooled area. The interval is that of :func:`auc_interval` with ``m`` = all pairs / the largest number
    of records of one kind in a stratum, for which the bounds on variance and on perfect order still hold.

    Args:
        score: [n] float, higher = member; NaN = not scored, dropped.
        member: [n] bool.
        stratum: [n] integers that name the strata, for example the class of each record.

    Raises:
        DataError: the arrays differ in length.
    """
    score, member, stratum = np.asarray(score, np.float64), np.asarray(member), np.asarray(stratum)
    if not score.shape == member.shape == stratum.shape:
        raise DataError(
            f"Scores, membership and strata have the shapes {score.shape}, {member.shape} and "
            f"{stratum.shape}",
            "Give columns of one length",
        )
    return AreaWithin(tuple(_area(rank_scores(s, m)) for s, m in _split(score, member, stratum)))


def _split(score: Floats, member: Bools, stratum: Ints) -> Iterator[tuple[Floats, Bools]]:
    """The scored records of each stratum that has both kinds."""
    scored = np.flatnonzero(~np.isnan(score))
    if not len(scored):
        return
    named = stratum[scored]
    # NOTE: numpy sorts integers of 16 bits or fewer by radix, in linear time.
    small = np.result_type(np.min_scalar_type(named.min()), np.min_scalar_type(named.max()))
    order = np.argsort(named.astype(small), kind="stable")
    ends = np.flatnonzero(np.diff(named[order])) + 1
    for part in np.split(scored[order], ends):
        if member[part].any() and not member[part].all():
            yield score[part], member[part]


def _area(ranked: RankedScores) -> _Area:
    """The area and the variances of the placement values, from counts at the thresholds."""
    at1, at0 = _at(ranked.members), _at(ranked.nonmembers)
    n1, n0, value = ranked.n_members, ranked.n_nonmembers, auc(ranked)
    beaten = (ranked.n_nonmembers - ranked.nonmembers + 0.5 * at0) / n0
    beating = (ranked.members - 0.5 * at1) / n1
    return _Area(value, n1, n0, _variance(beaten, at1, value), _variance(beating, at0, value))


def _variance(placement: Floats, count: Ints, mean: float) -> float:
    placement -= mean
    n = int(count.sum())
    # NOTE: np.dot of two types copies one of them, and its threads wait for each other on busy cores.
    return float(np.einsum("t,t,t->", count, placement, placement)) / (n - 1) if n > 1 else np.nan


def _at(cumulative: Ints) -> Ints:
    return np.diff(cumulative, prepend=0)


def _interval(areas: Sequence[_Area], confidence: float) -> ConfidenceInterval:
    """The interval of :func:`auc_interval` for the pair-weighted mean of independent areas."""
    check_confidence(confidence)
    total = sum(a.pairs for a in areas)
    value = sum(a.pairs * a.value for a in areas) / total
    matched = total / max(max(a.n1, a.n0) for a in areas)
    tail = (1.0 - confidence) / 2.0
    variance, freedom = _variance_of_mean(areas, value, total, matched)
    effective = matched * (1 + 4 * matched * value * (1 - value)) / (1 + 4 * matched**2 * variance)
    low, high = _wilson(value, effective, float(stdtrit(freedom, 1.0 - tail)))
    exact = tail ** (1.0 / matched)
    if value == 1.0:
        return ConfidenceInterval(1.0, min(low, exact), 1.0)
    if value == 0.0:
        return ConfidenceInterval(0.0, 0.0, max(high, 1.0 - exact))
    return ConfidenceInterval(value, max(0.0, low), min(1.0, high))


def _variance_of_mean(
    areas: Iterable[_Area], pooled: float, total: int, matched: float
) -> tuple[float, float]:
    """Variance of the pair-weighted mean, and Satterthwaite's degrees of freedom for it."""
    variance = spread = 0.0
    for a in areas:
        weight = (a.pairs / total) ** 2
        if a.n1 == 1 or a.n0 == 1:
            variance += weight * pooled * (1 - pooled)
            continue
        for part, n in ((a.member_variance, a.n1), (a.nonmember_variance, a.n0)):
            variance += weight * part / n
            spread += (weight * part / n) ** 2 / (n - 1)
    return variance, variance**2 / spread if spread > 0 else max(1.0, matched - 1.0)


def _wilson(p: float, n: float, z: float) -> tuple[float, float]:
    """Score interval (Wilson 1927, JASA 22:209-212) of a proportion ``p`` among ``n``, not rounded."""
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return centre - half, centre + half
