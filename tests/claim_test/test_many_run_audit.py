"""The audit with many models: the declared test, its bounds and its verdict."""

import numpy as np
import pytest

from privaudit.claim_test.epsilon_result import ClaimTest
from privaudit.claim_test.many_run_audit import audit_many_runs
from privaudit.errors import DataError
from privaudit.results import Claim
from privaudit.stats.bounds import fixed_threshold
from privaudit.stats.tradeoff import group_epsilon_delta

WORDS = {"score": "a score", "canaries": "one canary", "threat_model": "final models"}


def audited(
    scores, included, *, claim, delta=None, group=1, seed=0, score, canaries, threat_model, **options
):
    asked = ClaimTest(claim, score, canaries, threat_model, delta, group, seed)
    return audit_many_runs(scores, included, asked, **options)


FULL = Claim(noise_multiplier=2.0, sample_rate=1.0, steps=1, delta=1e-5, epsilon=2.0)
"""mu = 0.5, epsilon 1.99."""


def runs(mu, n=300, seed=4):
    rng = np.random.default_rng(seed)
    included = rng.random(n) < 0.5
    return rng.normal(size=n) + mu * included, included


def bounds(found):
    return {bound.method: bound for bound in found.lower_bounds}


def test_every_number_of_a_result():
    scores, included = runs(0.9)
    found = audited(scores, included, claim=FULL, threshold=0.25, draws=999, **WORDS)
    assert (found.design, found.guesses, found.correct) == ("many-run", None, None)
    assert (found.n_in, found.n_out) == (included.sum(), (~included).sum())
    assert (found.claimed, found.accounted) == (2.0, pytest.approx(1.993091, rel=1e-4))
    assert list(bounds(found)) == [
        "rank-test-epsilon-delta", "rank-test-gaussian", "rank-test-mechanism", "clopper-pearson",
    ]  # fmt: skip
    for bound in found.lower_bounds:
        assert "independently seeded runs" in bound.assumes
        assert 0 <= bound.value <= bound.ceiling <= found.ceiling
    assert [b.method for b in found.lower_bounds if b.primary] == ["rank-test-mechanism"]
    errors = fixed_threshold.errors_at(scores, included, 0.25)
    assert bounds(found)["clopper-pearson"].value == fixed_threshold.epsilon_lower_bound(errors, 1e-5)
    assert len(found.empirical_curve.tpr_low) == len(found.empirical_curve.fpr)
    assert found.controls[0].passed is True
    assert found.parameters["draws"] == 999
    assert 0 < found.parameters["p_area"] <= 1


def test_for_a_gaussian_mechanism_both_families_agree():
    found = bounds(audited(*runs(1.5), claim=FULL, draws=199, **WORDS))
    gaussian, mechanism = found["rank-test-gaussian"], found["rank-test-mechanism"]
    assert mechanism.value == pytest.approx(gaussian.value, rel=0.02)
    assert mechanism.ceiling == pytest.approx(gaussian.ceiling, rel=0.02)


def test_verdicts():
    assert audited(*runs(3.0), claim=FULL, **WORDS).verdict == "violated"
    assert audited(*runs(0.3), claim=FULL, **WORDS).verdict == "consistent"
    few = audited(*runs(0.3, n=24), claim=FULL, **WORDS)
    assert (few.verdict, few.power < 0.8) == ("inconclusive", True)
    assert audited(*runs(3.0), claim=None, delta=1e-5, **WORDS).verdict == "no-claim"


def test_a_claim_that_contradicts_itself_is_never_consistent():
    claim = FULL.model_copy(update={"epsilon": 1.0})
    found = audited(*runs(0.3), claim=claim, **WORDS)
    assert found.verdict == "inconclusive"
    assert "gives epsilon 1.993, not 1" in found.sentence


def test_an_epsilon_alone():
    found = audited(*runs(4.0), claim=Claim(epsilon=0.5, delta=1e-5), **WORDS)
    assert bounds(found)["rank-test-epsilon-delta"].primary
    assert found.verdict == "violated"
    assert found.p_value == bounds(found)["rank-test-epsilon-delta"].p_value


def test_a_self_test_sees_every_step():
    claim = Claim(noise_multiplier=1.0, sample_rate=0.01, steps=1000, delta=1e-5)
    final = audited(*runs(0.2), claim=claim, draws=199, **WORDS)
    every = audited(*runs(0.2), claim=claim, draws=199, design="self-test", **WORDS)
    assert every.design == "self-test"
    assert every.power > final.power
    assert (final.parameters["power_seen"], every.parameters["power_seen"]) == ("final-model", "every-step")


def test_copies_are_tested_as_a_group():
    scores, included = runs(0.7)
    once = audited(scores, included, claim=FULL, threshold=0.35, draws=999, **WORDS)
    twice = audited(scores, included, claim=FULL, threshold=0.35, draws=999, group=2, **WORDS)
    assert twice.p_value > once.p_value
    for method, bound in bounds(twice).items():
        assert bound.value <= bounds(once)[method].value
        assert (bound.value > 0) == (bounds(once)[method].value > 0)
    errors = fixed_threshold.errors_at(scores, included, 0.35)
    found = bounds(twice)["clopper-pearson"].value
    of_group, delta = group_epsilon_delta(found + 1e-3, 1e-5, 2)
    assert fixed_threshold.epsilon_lower_bound(errors, delta) < of_group


@pytest.mark.slow
def test_the_seed_decides_everything_random():
    first, again, other = (
        audited(*runs(0.6, n=60), claim=FULL, draws=1999, seed=seed, **WORDS) for seed in (1, 1, 2)
    )
    assert first == again
    assert first.parameters["p_area"] != other.parameters["p_area"]


def test_unusable_scores_are_refused():
    with pytest.raises(DataError, match="1 of 4 scores are not finite; every run needs one that is"):
        audited(np.array([1.0, np.inf, 2.0, 3.0]), np.array([True, False] * 2), claim=FULL, **WORDS)
