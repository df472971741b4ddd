"""Whether what attacks reach rises with epsilon, over the finite epsilons of a sweep."""

import math
from collections.abc import Sequence

import numpy as np

from privaudit.results import AttackOverModels, Correlation, EpsilonSweepRow, Interval, nothing
from privaudit.results.from_stats import reported_mean
from privaudit.stats.rank_trend import rising_p_value, spearman
from privaudit.targets.interface import Floats

FEWEST_POINTS = 3
"""Two points are always in one order or the other."""


def correlations(rows: Sequence[EpsilonSweepRow], seed: int) -> tuple[Correlation, ...]:
    """One per attack and kind of target; none with fewer than :data:`FEWEST_POINTS` epsilons.

    The few epsilons are the points, so an interval of their correlation would claim too much: an exact
    permutation test takes its place. The correlation within each model's own epsilons, for which its coins
    are the same, gives an interval over models where these share nothing but their records.

    Args:
        rows: of the sweep; infinite epsilons and rows without numbers are left out.
        seed: draws orders where there are too many to try all.
    """
    finite = [row for row in rows if math.isfinite(row.epsilon) and row.attacks]
    if len(finite) < FEWEST_POINTS:
        return ()
    epsilons = np.array([row.epsilon for row in finite])
    return tuple(
        _correlation(epsilons, same, seed) for same in zip(*(row.attacks for row in finite), strict=True)
    )


def _correlation(epsilons: Floats, same: Sequence[AttackOverModels], seed: int) -> Correlation:
    """Of one attack at all epsilons."""
    first = same[0]
    means = np.array([np.nan if attack.auc.value is None else attack.auc.value for attack in same])
    there = not np.isnan(means).any()
    rng = np.random.default_rng([seed, len(same)])
    return Correlation(
        measure=f"{first.attack} AUC on {first.targets}",
        n_points=len(same),
        spearman=spearman(epsilons, means) if there else None,
        p_value=rising_p_value(epsilons, means, rng) if there else None,
        per_model=_within_models(epsilons, same),
    )


def _within_models(epsilons: Floats, same: Sequence[AttackOverModels]) -> Interval:
    """Mean over models of the correlation of epsilon with the model's own areas."""
    areas = [attack.auc_per_model for attack in same]
    if len({len(row) for row in areas}) != 1:
        return nothing("a model has no area at some epsilon")
    found = [spearman(epsilons, column) for column in np.array(areas).T]
    measured = [value for value in found if value is not None]
    if not measured:
        return nothing("no area varies")
    if any(attack.n_references for attack in same):
        reason = "models that are each other's references are not independent"
        return Interval(value=float(np.mean(measured)), low=None, high=None, reason=reason)
    return reported_mean(measured, lowest=-1.0, highest=1.0)
