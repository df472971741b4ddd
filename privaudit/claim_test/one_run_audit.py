"""The audit of one trained model: m canaries with fair coins, guesses fixed beforehand, one test.

Against a mechanism the test is the recursion of Mahloujifar, Melis and Chaudhuri (arXiv 2410.22235) with the
exact curve of the mechanism, made symmetric because the guesses go both ways. Where only (epsilon, delta) is
claimed it is the p-value of Steinke, Nasr and Jagielski (arXiv 2305.08846).
"""

import numpy as np
from numpy.typing import NDArray

from privaudit.claim_test.checked_scores import checked_scores
from privaudit.claim_test.epsilon_result import ClaimTest, DesignOutcome, epsilon_result
from privaudit.claim_test.hypothesis import Hypothesis
from privaudit.claim_test.one_run_bounds import OneRun, lower_bounds
from privaudit.claim_test.verdict import LEVEL, control
from privaudit.errors import UsageError
from privaudit.results import Control, Epsilon, StaticCheck
from privaudit.stats.bounds import mahloujifar
from privaudit.stats.bounds.guesses import guess, guesses_of_each, power
from privaudit.stats.tradeoff import RocCurve, group_epsilon_delta

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

__all__ = ["OneRun", "audit_one_run", "lower_bounds", "negative_control"]

_LARGE_TERM = 0.2
_FEWEST = 4
_STREAM = {"ties": 1, "power": 2, "coins": 3}


def audit_one_run(scores: Floats, included: Bools, asked: ClaimTest, guesses: int | None = None) -> Epsilon:
    """Test a claim with the canaries of one model.

    Args:
        scores: ``[m]`` finite, higher = the canary was in; by a rule that no coin of these canaries chose.
        included: ``[m]`` what an independent fair coin per canary decided before the training.
        asked: the claim.
        guesses: r, even, fixed beforehand; ``4 sqrt(m)`` if None.

    Raises:
        UsageError: delta, group or guesses are impossible.
        DataError: the scores are not one finite number per canary, or all canaries are in, or all out.
    """
    hypothesis, seed = asked.hypothesis(), asked.seed
    scores, included = checked_scores(scores, included, _FEWEST, "canary")
    each = _each(guesses, len(scores))
    run = OneRun(hypothesis, guess(scores, included, each, _rng(seed, "ties")))
    term = 2 * len(scores) * group_epsilon_delta(hypothesis.epsilon or 0.0, hypothesis.delta, asked.group)[1]
    found = DesignOutcome(
        design="one-run",
        test=_test(hypothesis, each),
        seen="final-model",
        scores=scores,
        included=included,
        p_value=run.p_value,
        power=_power(run, hypothesis.halved("final-model"), each, seed),
        negative=None if hypothesis.kind is None else negative_control(scores, run, each, seed),
        bounds=lower_bounds(run),
        parameters={"two_m_delta": term},
        checks=_delta_check(term),
        guesses=run.guesses.total,
        correct=run.guesses.correct,
    )
    return epsilon_result(asked, hypothesis, found)


def negative_control(scores: Floats, run: OneRun, each: int, seed: int) -> Control:
    """The same test when fresh coins decide afterwards who is called in: it must not be violated."""
    rng = _rng(seed, "coins")
    shuffled = OneRun(run.hypothesis, guess(scores, rng.random(len(scores)) < 0.5, each, rng))
    return control("negative", "the same scores, membership drawn anew by coins", shuffled.p_value)


def _each(guesses: int | None, m: int) -> int:
    if guesses is None:
        return guesses_of_each(m)
    if guesses % 2 or not 2 <= guesses <= m:
        raise UsageError(f"--guesses {guesses} is not an even number from 2 to {m}", "Correct --guesses")
    return guesses // 2


def _power(run: OneRun, truth: RocCurve | None, each: int, seed: int) -> float | None:
    if truth is None:
        return None
    inverse = mahloujifar.curve_inverse(run.hypothesis.roc("symmetric"))
    m, r = run.guesses.canaries, run.guesses.total
    least = next((v for v in range(each, r + 1) if mahloujifar.rejects(m, r, v, inverse, LEVEL)), r + 1)
    return power(truth.fpr_at, m, each, least, _rng(seed, "power"))


def _test(hypothesis: Hypothesis, each: int) -> str:
    guesses = f"the {each} highest scores called in and the {each} lowest out, fixed beforehand"
    if hypothesis.kind == "mechanism":
        return f"Mahloujifar et al. against the exact curve of the mechanism; {guesses}"
    if hypothesis.kind is None:
        return f"none, because nothing is claimed; {guesses}"
    return f"Steinke et al. against (epsilon, delta); {guesses}"


def _delta_check(term: float) -> tuple[StaticCheck, ...]:
    if term <= _LARGE_TERM:
        return ()
    text = f"2 m delta is {term:.2g}: with this many canaries or copies, delta weakens Steinke's bound."
    return (StaticCheck(id="canaries-delta", status="warning", text=text),)


def _rng(seed: int, purpose: str) -> np.random.Generator:
    return np.random.default_rng([seed, _STREAM[purpose]])
