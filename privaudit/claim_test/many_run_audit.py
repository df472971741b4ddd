"""The audit with many independently trained models, in each of which one canary is in or out by a coin.

The test is the least-favourable-pair rank test (docs/design/0008-rank-test.md) against the exact curve of
the configured mechanism, or against (epsilon, delta) where no mechanism is named. It is exact at every sample
size and needs no threshold.
"""

import numpy as np
from numpy.typing import NDArray

from privaudit.claim_test.checked_scores import checked_scores
from privaudit.claim_test.epsilon_result import ClaimTest, DesignOutcome, epsilon_result
from privaudit.claim_test.hypothesis import Hypothesis, Seen
from privaudit.claim_test.many_run_bounds import ManyRuns, lower_bounds
from privaudit.claim_test.verdict import LEVEL, control
from privaudit.results import Control, Epsilon
from privaudit.results.epsilon import Design
from privaudit.stats.bounds import rank_test
from privaudit.stats.bounds.rank_bounds import RankedRuns
from privaudit.stats.tradeoff import RocCurve

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_FEWEST = 4
_STREAM = {"test": 1, "power": 2, "coins": 3, "bounds": 4}


def audit_many_runs(
    scores: Floats,
    included: Bools,
    asked: ClaimTest,
    *,
    threshold: float | None = None,
    draws: int = rank_test.DRAWS,
    design: Design = "many-run",
) -> Epsilon:
    """Test a claim with the scores of many runs.

    Args:
        scores: ``[N]`` finite, one per run, higher = the canary was in.
        included: ``[N]`` what a coin per run decided.
        asked: the claim.
        threshold: for the bound of Clopper and Pearson, fixed before these scores were seen; None leaves that
            bound out.
        draws: of the test's null; the smallest p-value is ``1 / (draws + 1)``.
        design: ``many-run``, whose attack sees final models, or ``self-test``, whose attack sees every step.

    Raises:
        UsageError: delta or group are impossible.
        DataError: the scores are not one finite number per run, or the canary is in all, or in none.
    """
    hypothesis, seed = asked.hypothesis(), asked.seed
    scores, included = checked_scores(scores, included, _FEWEST, "run")
    ranked, _, _ = rank_test.ranks_of(scores, included, _rng(seed, "test"))
    runs = ManyRuns(hypothesis, scores, included, RankedRuns(ranked, _seed(seed)))
    outcome = rank_outcome(hypothesis, scores, included, seed, draws)
    seen: Seen = "every-step" if design == "self-test" else "final-model"
    p_value = None if outcome is None else outcome.p_value
    statistics = {} if outcome is None else {"p_area": outcome.p_auc, "p_ranks": outcome.p_ranks}
    negative = None if outcome is None else negative_control(hypothesis, scores, included, seed, draws)
    found = DesignOutcome(
        design=design,
        test=_test(hypothesis),
        seen=seen,
        scores=scores,
        included=included,
        p_value=p_value,
        power=_power(runs, hypothesis.halved(seen), seed),
        negative=negative,
        bounds=lower_bounds(runs, p_value, threshold),
        parameters={"draws": draws, **statistics},
    )
    return epsilon_result(asked, hypothesis, found)


def rank_outcome(
    hypothesis: Hypothesis, scores: Floats, included: Bools, seed: int, draws: int
) -> rank_test.RankTest | None:
    """The declared test; None without a claim."""
    if hypothesis.kind is None:
        return None
    inverse = hypothesis.roc("remove").fpr_at
    return rank_test.against_curve(scores, included, inverse, _rng(seed, "test"), draws)


def negative_control(
    hypothesis: Hypothesis, scores: Floats, included: Bools, seed: int, draws: int
) -> Control:
    """The same test after membership was shuffled among the runs: it must not be violated."""
    shuffled = _rng(seed, "coins").permutation(included)
    outcome = rank_outcome(hypothesis, scores, shuffled, seed, draws)
    p_value = None if outcome is None else outcome.p_value
    return control("negative", "the same scores, membership shuffled among the runs", p_value)


def _power(runs: ManyRuns, truth: RocCurve | None, seed: int) -> float | None:
    if truth is None:
        return None
    claimed = runs.hypothesis.roc("remove")
    n_in, n_out = runs.ranked.n_in, runs.ranked.n_out
    return rank_test.power(truth.fpr_at, claimed.fpr_at, n_in, n_out, _rng(seed, "power"), level=LEVEL)


def _test(hypothesis: Hypothesis) -> str:
    if hypothesis.kind is None:
        return "none, because nothing is claimed"
    against = "the exact curve of the mechanism" if hypothesis.kind == "mechanism" else "(epsilon, delta)"
    return (
        f"least-favourable-pair rank test against {against}: the smaller p-value of the area under the curve "
        "and of bounds at geometric ranks, calibrated together"
    )


def _rng(seed: int, purpose: str) -> np.random.Generator:
    return np.random.default_rng([seed, _STREAM[purpose]])


def _seed(seed: int) -> int:
    return int(_rng(seed, "bounds").integers(2**62))
