"""The maximal ROC of a configured mechanism, and of the heuristic that only the last model is seen."""

from functools import lru_cache
from typing import Literal

import numpy as np
from scipy import stats

from privaudit.accounting.accountants import privacy_losses
from privaudit.accounting.mechanism import Mechanism
from privaudit.stats.tradeoff import RocCurve, roc_from_losses

Direction = Literal["remove", "add", "symmetric"]

_TESTED = 3_000
"""Points of a curve that is tested: its polygon is at most 2e-5 of its height above the exact one."""


@lru_cache(maxsize=16)
def max_roc(mechanism: Mechanism, direction: Direction = "remove", coarse: bool = False) -> RocCurve:
    """The largest TPR at each FPR of any attack on all outputs of the mechanism.

    Args:
        mechanism: what is configured.
        direction: ``remove`` takes members as positive, as every ROC of privaudit does; ``add`` takes
            non-members as positive: the mirror image; ``symmetric`` is above both, for methods that guess in
            both directions.
        coarse: for searches: faster, and a little further on the safe side.

    Never below the true curve: the discretised privacy losses are rounded to the safe side.
    """
    if direction == "add":
        return max_roc(mechanism, "remove", coarse).mirrored()
    if direction == "symmetric":
        return max_roc(mechanism, "remove", coarse).symmetric()
    # NOTE: dp-accounting has no public access to its atoms; pyproject pins it, golden values watch this. Its
    # distribution for adding a record gives the same curve, but loose where its TPR is near 1.
    pmf = privacy_losses(mechanism, coarse)._pmf_remove.to_dense_pmf()
    # NOTE: composition by Fourier transform leaves masses of -1e-23.
    mass = np.maximum(np.asarray(pmf._probs), 0.0)
    losses = (pmf._lower_loss + np.arange(len(mass))) * pmf._discretization
    return roc_from_losses(losses, mass, float(pmf._infinity_mass))


@lru_cache(maxsize=64)
def sparse_roc(mechanism: Mechanism, direction: Direction = "remove", coarse: bool = False) -> RocCurve:
    """:func:`max_roc` with few points, for tests that evaluate it a million times; never below it."""
    few = max_roc(mechanism, "remove", coarse).from_above(_TESTED)
    return few.symmetric() if direction == "symmetric" else few.mirrored() if direction == "add" else few


def last_iterate_roc(mechanism: Mechanism, points: int = 20_001) -> RocCurve:
    """What an attack on the last model alone is expected to reach. A heuristic, NOT a bound.

    The model is taken to be linear in its data: a member adds a binomial number of clipped gradients to the
    sum of all noise (Steinke et al., ICLR 2025, arXiv 2410.06186). Not always above the truth.

    Raises:
        ValueError: noise or rate change between steps.
    """
    if len(mechanism.phases) != 1:
        raise ValueError("the last-iterate heuristic is for one noise multiplier and one rate")
    phase = mechanism.phases[0]
    scale = phase.noise_multiplier * np.sqrt(phase.steps)
    most = phase.steps * mechanism.group
    counts = np.arange(most + 1)
    weights = stats.binom.pmf(counts, most, phase.sample_rate)
    counts, weights = counts[weights > 1e-18], weights[weights > 1e-18]
    # NOTE: the likelihood ratio grows with the output, so every best test is a threshold on it.
    threshold = np.linspace(counts.max() + 9 * scale, -9 * scale, points)
    fpr = stats.norm.sf(threshold / scale)
    tpr = (weights[:, None] * stats.norm.sf((threshold - counts[:, None]) / scale)).sum(0)
    return RocCurve(np.concatenate(([0.0], fpr, [1.0])), np.concatenate(([0.0], tpr, [1.0])))
