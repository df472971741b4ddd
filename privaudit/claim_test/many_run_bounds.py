"""The lower bounds of an audit with many runs: what its scores refute, under which assumptions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privaudit.accounting.curves import sparse_roc
from privaudit.accounting.mechanism import Mechanism
from privaudit.claim_test.hypothesis import Hypothesis
from privaudit.claim_test.mechanism_bound import epsilon_lower_bound as mechanism_lower_bound
from privaudit.results import LowerBound
from privaudit.stats.bounds import fixed_threshold
from privaudit.stats.bounds.rank_bounds import (
    RankedRuns,
    epsilon_lower_bound,
    gaussian,
    mu_lower_bound,
    region,
)
from privaudit.stats.tradeoff import epsilon_of_gaussian, mu_of_epsilon

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CONFIDENCE = 0.95
_RUNS = "independently seeded runs with one coin each, and a score that these runs did not choose"
ASSUMES = {
    "rank-test-mechanism": f"{_RUNS}; the configured mechanism with another noise multiplier",
    "rank-test-gaussian": f"{_RUNS}; a Gaussian trade-off curve",
    "rank-test-epsilon-delta": f"{_RUNS}; nothing of the mechanism",
    "clopper-pearson": f"{_RUNS}; a threshold fixed before the scores were seen; nothing of the mechanism",
}
"""What each bound rests on: it is never to be shown without."""


@dataclass(frozen=True, eq=False)
class ManyRuns:
    """The scores of one audit, and what they are held against."""

    hypothesis: Hypothesis
    scores: Floats
    included: Bools
    ranked: RankedRuns


def lower_bounds(
    runs: ManyRuns, p_value: float | None, threshold: float | None = None
) -> tuple[LowerBound, ...]:
    """All bounds with what each assumes; epsilon is that of one record.

    Args:
        runs: the audit.
        p_value: of the declared test.
        threshold: for the bound of Clopper and Pearson.
    """
    hypothesis, ideal = runs.hypothesis, runs.ranked.perfect()
    mu, best_mu = mu_lower_bound(runs.ranked, CONFIDENCE), mu_lower_bound(ideal, CONFIDENCE)
    found = [
        LowerBound(
            method="rank-test-epsilon-delta",
            value=epsilon_lower_bound(runs.ranked, hypothesis.delta, hypothesis.group, CONFIDENCE),
            ceiling=epsilon_lower_bound(ideal, hypothesis.delta, hypothesis.group, CONFIDENCE),
            confidence=CONFIDENCE,
            assumes=ASSUMES["rank-test-epsilon-delta"],
            p_value=p_value if hypothesis.kind == "epsilon-delta" else _p_region(runs),
            primary=hypothesis.kind == "epsilon-delta",
        ),
        LowerBound(
            method="rank-test-gaussian",
            value=_gaussian(mu, hypothesis),
            ceiling=_gaussian(best_mu, hypothesis),
            confidence=CONFIDENCE,
            assumes=ASSUMES["rank-test-gaussian"],
            p_value=_p_gaussian(runs),
        ),
    ]
    if hypothesis.of_group is not None:
        found.append(
            LowerBound(
                method="rank-test-mechanism",
                value=_mechanism(runs.ranked, hypothesis.of_group, hypothesis.delta, mu),
                ceiling=_mechanism(ideal, hypothesis.of_group, hypothesis.delta, best_mu),
                confidence=CONFIDENCE,
                assumes=ASSUMES["rank-test-mechanism"],
                p_value=p_value,
                primary=True,
            )
        )
    if threshold is not None:
        found.append(_clopper_pearson(runs, threshold))
    return tuple(found)


def _clopper_pearson(runs: ManyRuns, threshold: float) -> LowerBound:
    h = runs.hypothesis
    errors = fixed_threshold.errors_at(runs.scores, runs.included, threshold)
    ideal = fixed_threshold.Errors(runs.ranked.n_in, runs.ranked.n_out, 0, 0)
    value, ceiling = (
        fixed_threshold.group_lower_bound(e, h.delta, h.group, CONFIDENCE) for e in (errors, ideal)
    )
    return LowerBound(
        method="clopper-pearson",
        value=value,
        ceiling=ceiling,
        confidence=CONFIDENCE,
        assumes=ASSUMES["clopper-pearson"],
    )


def _p_region(runs: ManyRuns) -> float | None:
    h, epsilon = runs.hypothesis, runs.hypothesis.epsilon
    return None if epsilon is None else runs.ranked.p_value(region(epsilon, h.delta, h.group), "ranks")


def _p_gaussian(runs: ManyRuns) -> float | None:
    h, epsilon = runs.hypothesis, runs.hypothesis.epsilon
    if epsilon is None:
        return None
    return runs.ranked.p_value(gaussian(h.group * mu_of_epsilon(epsilon, h.delta)), "area")


def _gaussian(mu: float, hypothesis: Hypothesis) -> float:
    return epsilon_of_gaussian(mu / hypothesis.group, hypothesis.delta) if mu > 0 else 0.0


def _mechanism(ranked: RankedRuns, mechanism: Mechanism, delta: float, mu: float) -> float:
    def rejected(other: Mechanism) -> bool:
        return ranked.p_value(sparse_roc(other, "remove", coarse=True).fpr_at, "area") <= 1 - CONFIDENCE

    return mechanism_lower_bound(mechanism, delta, rejected, mu)
