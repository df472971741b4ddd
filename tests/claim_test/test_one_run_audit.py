"""The audit of one model: what is counted, tested, bounded and said."""

import numpy as np
import pytest
from scipy.special import ndtri

from privaudit.accounting.accountants import epsilon_pld
from privaudit.accounting.mechanism import Mechanism
from privaudit.claim_test.epsilon_result import ClaimTest
from privaudit.claim_test.one_run_audit import audit_one_run
from privaudit.errors import DataError, UsageError
from privaudit.results import Claim, Control, StaticCheck
from privaudit.stats.bounds import mahloujifar, steinke
from privaudit.stats.tradeoff import group_epsilon_delta

WORDS = {"score": "a score", "canaries": "some canaries", "threat_model": "final model"}


def audited(scores, included, *, guesses=None, **asked):
    return audit_one_run(scores, included, ClaimTest(**asked), guesses)


NOISY = Claim(noise_multiplier=1.0, sample_rate=0.01, steps=1000, delta=1e-5)
FULL = Claim(noise_multiplier=10.0, sample_rate=1.0, steps=100, delta=1e-5)
"""A Gaussian mechanism with mu = 1."""


def runs(mu, m=1000, seed=0):
    rng = np.random.default_rng(seed)
    included = rng.random(m) < 0.5
    return rng.normal(size=m) + mu * included, included


def bounds(found):
    return {bound.method: bound for bound in found.lower_bounds}


def test_every_number_of_a_result():
    scores, included = runs(0.4)
    check = StaticCheck(id="coins", status="ok", text="Fair.")
    found = audited(scores, included, claim=NOISY, **WORDS, seed=3, checks=[check])
    order = np.argsort(scores)
    correct = included[order[-63:]].sum() + (~included[order[:63]]).sum()
    assert (found.guesses, found.correct) == (126, correct)
    assert (found.n_in, found.n_out) == (included.sum(), (~included).sum())
    assert found.design == "one-run"
    assert found.claimed is None
    assert found.accounted == pytest.approx(1.828244, rel=1e-4)
    assert found.checks == (check,)
    assert found.parameters["two_m_delta"] == pytest.approx(0.02)
    assert found.empirical_curve.tpr_low == ()
    assert found.empirical_curve.least_fpr == pytest.approx(10 / found.n_out)
    assert [c.kind for c in found.theory_curves] == ["mechanism", "epsilon-delta", "gaussian", "last-iterate"]
    assert found.theory_curve == found.theory_curves[0]
    assert [c.name for c in found.controls] == ["negative"]
    assert found.controls[0].passed is True
    for bound in found.lower_bounds:
        assert "fair coin per canary" in bound.assumes
        assert 0 <= bound.value <= bound.ceiling <= found.ceiling
    assert bounds(found)["steinke"].value == pytest.approx(
        steinke.epsilon_lower_bound(1000, 126, correct, 1e-5)
    )
    assert bounds(found)["mahloujifar-gaussian"].value == pytest.approx(
        mahloujifar.epsilon_lower_bound(1000, 126, correct, 1e-5)
    )
    assert [b.method for b in found.lower_bounds if b.primary] == ["mahloujifar-mechanism"]
    assert found.p_value == bounds(found)["mahloujifar-mechanism"].p_value


def test_for_a_gaussian_mechanism_both_families_agree():
    found = bounds(audited(*runs(1.0), claim=FULL, **WORDS))
    gaussian, mechanism = found["mahloujifar-gaussian"], found["mahloujifar-mechanism"]
    assert mechanism.value == pytest.approx(gaussian.value, rel=0.02)
    assert mechanism.ceiling == pytest.approx(gaussian.ceiling, rel=0.02)
    assert mechanism.p_value == pytest.approx(gaussian.p_value, rel=1e-3)


@pytest.mark.slow
def test_the_bound_in_the_family_belongs_to_a_noise_that_is_rejected():
    scores, included = runs(1.5, seed=1)
    claim = Claim(noise_multiplier=0.8, sample_rate=0.05, steps=200, delta=1e-5)
    found = audited(scores, included, claim=claim, **WORDS)
    bound = bounds(found)["mahloujifar-mechanism"].value
    # The noise whose epsilon is the bound, and one with a little less of it.
    from privaudit.accounting.curves import sparse_roc

    low, high = 0.3, 3.0
    for _ in range(20):
        middle = (low * high) ** 0.5
        epsilon = epsilon_pld(Mechanism.uniform(middle, 0.05, 200), 1e-5, coarse=True)
        low, high = (middle, high) if epsilon > bound else (low, middle)

    def rejected(noise):
        inverse = mahloujifar.curve_inverse(sparse_roc(Mechanism.uniform(noise, 0.05, 200), "symmetric"))
        return mahloujifar.rejects(1000, 126, found.correct, inverse, 0.05)

    assert rejected(1.005 * high)
    assert not rejected(0.985 * high)


def test_a_leak_is_violated_and_tells_where_to_look():
    found = audited(*runs(6.0), claim=NOISY, **WORDS)
    assert found.verdict == "violated"
    assert found.p_value < 1e-3
    assert any(line.startswith("Sampler") for line in found.checklist)
    assert "verified" not in found.sentence


def test_little_power_is_inconclusive_and_says_so():
    found = audited(*runs(0.0), claim=NOISY, **WORDS)
    assert found.verdict == "inconclusive"
    assert found.power < 0.8
    assert "the final model" in found.sentence
    assert found.checklist == ()


def test_much_power_without_a_leak_is_consistent_and_no_proof():
    claim = Claim(noise_multiplier=2.0, sample_rate=1.0, steps=1, delta=1e-5)
    found = audited(*runs(0.2, m=4000), claim=claim, **WORDS)
    assert found.power > 0.8
    assert found.verdict == "consistent"
    assert "an audit finds faults; it can't prove privacy" in found.sentence


def test_an_epsilon_alone_is_tested_by_steinke():
    found = audited(*runs(6.0), claim=Claim(epsilon=1.0, delta=1e-5), **WORDS)
    assert [b.method for b in found.lower_bounds] == ["steinke", "mahloujifar-gaussian"]
    assert bounds(found)["steinke"].primary
    assert found.p_value == pytest.approx(steinke.p_value(1000, 126, found.correct, 1.0, 1e-5))
    assert found.verdict == "violated"
    quiet = audited(*runs(0.0), claim=Claim(epsilon=1.0, delta=1e-5), **WORDS)
    assert (quiet.verdict, quiet.power, quiet.accounted) == ("inconclusive", None, None)
    assert quiet.theory_curve.kind == "epsilon-delta"


def test_without_a_claim_there_are_bounds_alone():
    found = audited(*runs(3.0), claim=None, delta=1e-5, **WORDS)
    assert (found.verdict, found.p_value, found.controls, found.theory_curve) == ("no-claim", None, (), None)
    assert found.test.startswith("none")
    assert all(bound.p_value is None and bound.value > 1 for bound in found.lower_bounds)
    endless = Claim(epsilon=float("inf"), delta=1e-5)
    assert audited(*runs(3.0), claim=endless, **WORDS).verdict == "no-claim"


def test_copies_are_tested_as_a_group_and_bounds_speak_of_one_record():
    scores, included = runs(1.0)
    claim = Claim(noise_multiplier=4.0, sample_rate=1.0, steps=1, delta=1e-5)
    once = audited(scores, included, claim=claim, **WORDS)
    twice = audited(scores, included, claim=claim, group=2, **WORDS)
    assert twice.p_value > once.p_value
    assert twice.accounted == once.accounted
    # Two copies have twice the sensitivity, so one record has half the mu.
    single = bounds(twice)["mahloujifar-gaussian"].value
    mu = mahloujifar.mu_lower_bound(1000, 126, twice.correct)
    from privaudit.stats.tradeoff import epsilon_of_gaussian

    assert single == pytest.approx(epsilon_of_gaussian(mu / 2, 1e-5))
    assert bounds(twice)["mahloujifar-mechanism"].value == pytest.approx(single, rel=0.02)
    bound = bounds(twice)["steinke"].value
    group = group_epsilon_delta(bound, 1e-5, 2)
    assert steinke.p_value(1000, 126, twice.correct, *group) == pytest.approx(0.05, abs=1e-4)


def test_ties_are_broken_by_the_seed_and_the_seed_alone():
    included = runs(0.0)[1]
    same = [audited(np.zeros(1000), included, claim=None, delta=1e-5, seed=s, **WORDS) for s in (1, 1, 2)]
    assert same[0].correct == same[1].correct
    assert abs(same[2].correct - 63) < 25
    ordered = audited(np.zeros(1000), np.sort(included), claim=None, delta=1e-5, **WORDS)
    assert ordered.correct < 85


def test_a_control_that_failed_voids_the_verdict():
    blind = Control(name="positive", description="no noise", p_value=0.4, passed=False)
    claim = Claim(noise_multiplier=2.0, sample_rate=1.0, steps=1, delta=1e-5)
    found = audited(*runs(0.2, m=4000), claim=claim, controls=[blind], **WORDS)
    assert found.verdict == "inconclusive"
    assert "the attack also misses a model without any noise" in found.sentence


def test_a_large_delta_is_warned_of():
    claim = Claim(epsilon=2.0, delta=1e-3)
    found = audited(*runs(1.0), claim=claim, **WORDS)
    assert found.parameters["two_m_delta"] == pytest.approx(2.0)
    assert [c.id for c in found.checks] == ["canaries-delta"]


def test_a_number_of_guesses_that_was_fixed_elsewhere():
    # Gaussian quantiles: the deterministic values of a published comparison.
    m, mu = 1000, 0.924931
    quantiles = ndtri((np.arange(500) + 0.5) / 500)
    scores, included = np.concatenate((quantiles, quantiles + mu)), np.arange(m) >= 500
    found = audited(scores, included, claim=None, delta=1e-5, guesses=250, **WORDS)
    assert (found.guesses, found.correct) == (250, 208)
    assert bounds(found)["steinke"].value == pytest.approx(1.31263, abs=1e-5)
    assert bounds(found)["mahloujifar-gaussian"].value == pytest.approx(2.1438, abs=5e-4)
    for wrong in (3, 0, 1002):
        with pytest.raises(UsageError, match="is not an even number from 2 to 1000"):
            audited(scores, included, claim=None, delta=1e-5, guesses=wrong, **WORDS)


@pytest.mark.parametrize(
    ("scores", "included", "complaint"),
    [
        (
            [1.0, np.nan, 0.0, 2.0],
            [True, False, True, False],
            "1 of 4 scores are not finite; every canary needs one that is",
        ),
        (
            [1.0, 2.0, 0.0, 2.0],
            [True] * 4,
            "Every coin fell the same way; the audit needs a canary that is in and one that is out",
        ),
        ([1.0, 2.0], [True, False], "Only 2 scores were given; the audit needs 4 or more, one per canary"),
        ([1.0, 2.0, 3.0, 4.0], [True, False], "one score and one true-or-false coin"),
        ([1.0, 2.0, 3.0, 4.0], [1, 0, 1, 0], "one score and one true-or-false coin"),
    ],
)
def test_unusable_scores_are_refused(scores, included, complaint):
    with pytest.raises(DataError, match=complaint):
        audited(np.array(scores), np.array(included), claim=NOISY, **WORDS)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"claim": None}, "No delta was given"),
        ({"claim": None, "delta": 1.5}, r"Delta 1.5 is not in \(0, 1\)"),
        ({"claim": Claim(epsilon=1.0, delta=1e-5), "delta": 1e-6}, "the delta of the claim"),
        ({"group": 0}, "A canary has 0 copies, not 1 or more"),
    ],
)
def test_impossible_questions_are_refused(change, complaint):
    with pytest.raises(UsageError, match=complaint):
        audited(*runs(0.0), **({"claim": NOISY} | change), **WORDS)
