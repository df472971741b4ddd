"""Groups of records: closed forms, dp-accounting's own mixture, and what they allow an extraction."""

import math

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import binom, norm

from privaudit.accounting.accountants import (
    epsilon_pld,
    epsilon_prv,
    epsilon_rdp,
    epsilons,
    privacy_losses,
)
from privaudit.accounting.curves import last_iterate_roc, max_roc
from privaudit.accounting.extraction_limit import exact_match_limit, mean_exposure_limit
from privaudit.accounting.group_losses import group_losses
from privaudit.accounting.mechanism import Mechanism, Phase
from privaudit.errors import UsageError
from privaudit.stats.tradeoff import epsilon_of_gaussian, max_tpr_gaussian


@pytest.mark.parametrize("group", [2, 5])
def test_in_full_batches_a_group_is_one_record_of_so_much_sensitivity(group):
    mechanism, x = Mechanism.uniform(4.0, 1.0, 3, group), np.logspace(-5, -0.01, 40)
    mu = group * math.sqrt(3) / 4
    assert epsilon_pld(mechanism, 1e-5) == pytest.approx(epsilon_of_gaussian(mu, 1e-5), rel=1e-5)
    np.testing.assert_allclose(max_roc(mechanism).max_tpr(x), max_tpr_gaussian(x, mu), atol=2e-6)


@pytest.mark.parametrize(
    ("noise", "rate", "steps", "delta", "epsilon"),
    [(1.0, 0.01, 1000, 1e-5, 1.828244), (2.0, 0.05, 500, 1e-5, 2.532034), (0.6, 0.01, 2000, 1e-5, 9.953542)],
)
def test_a_group_of_one_is_the_sampled_gaussian(noise, rate, steps, delta, epsilon):
    own = group_losses(noise, rate, 1, 1e-4).self_compose(steps)
    assert own.get_epsilon_for_delta(delta) == pytest.approx(epsilon, rel=1e-5)
    coarse = privacy_losses(Mechanism.uniform(noise, rate, steps), coarse=True)
    assert 0 <= coarse.get_epsilon_for_delta(delta) - epsilon < 1e-3


@pytest.mark.parametrize(("noise", "rate", "group"), [(1.0, 0.3, 3), (2.0, 0.05, 4)])
def test_one_step_of_a_group_is_a_mixture(noise, rate, group):
    roc = max_roc(Mechanism.uniform(noise, rate, 1, group))
    threshold, counts = np.linspace(-1, group + 3, 30), np.arange(group + 1)
    tpr = binom.pmf(counts, group, rate) @ norm.sf((threshold - counts[:, None]) / noise)
    np.testing.assert_allclose(roc.max_tpr(norm.sf(threshold / noise)), tpr, atol=1e-6)


@pytest.mark.parametrize(("noise", "rate", "group", "steps"), [(1.0, 0.3, 3, 1), (2.0, 0.05, 10, 500)])
def test_losses_of_groups_are_those_of_dp_accounting(noise, rate, group, steps):
    from dp_accounting.pld.privacy_loss_distribution import from_mixture_gaussian_mechanism

    counts = np.arange(group + 1)
    weights = list(binom.pmf(counts, group, rate))
    other = from_mixture_gaussian_mechanism(
        noise, list(map(float, counts)), weights, value_discretization_interval=0.02
    ).self_compose(steps)
    own = group_losses(noise, rate, group, 0.02).self_compose(steps)
    for delta in (1e-8, 1e-5, 1e-2):
        assert own.get_epsilon_for_delta(delta) == pytest.approx(other.get_epsilon_for_delta(delta), rel=1e-6)
    for epsilon in (0.1, 1.0, 3.0):
        for side in ("_pmf_remove", "_pmf_add"):
            mine, theirs = (getattr(x, side).get_delta_for_epsilon(epsilon) for x in (own, other))
            assert mine == pytest.approx(theirs, rel=1e-6, abs=1e-12)


def test_a_larger_group_tells_more_but_less_than_group_privacy_by_epsilon():
    single = epsilon_pld(Mechanism.uniform(2.0, 0.05, 100), 1e-5)
    found = [epsilon_pld(Mechanism.uniform(2.0, 0.05, 100, group), 1e-5) for group in (1, 2, 4)]
    assert found[0] == pytest.approx(single)
    assert found[0] < found[1] < found[2]
    mechanism = Mechanism.uniform(2.0, 0.05, 100, 4)
    assert privacy_losses(mechanism).get_delta_for_epsilon(4 * single) < 1e-5 * sum(
        math.exp(i * single) for i in range(4)
    )


def test_only_pld_knows_groups():
    mechanism = Mechanism.uniform(2.0, 0.05, 10, 3)
    found = epsilons(mechanism, 1e-5)
    assert (found.rdp, found.prv) == (None, None)
    assert "single records" in found.rdp_reason
    for account in (epsilon_rdp, epsilon_prv):
        with pytest.raises(UsageError, match="This accountant takes single records, not a group of 3"):
            account(mechanism, 1e-5)
    with pytest.raises(UsageError, match="The group has 0 records, not 1 or more"):
        mechanism.for_group(0)


def test_mechanisms_change_their_noise_and_group():
    mechanism = Mechanism((Phase(1.0, 0.1, 2), Phase(2.0, 0.1, 1)))
    assert mechanism.with_noise(0.5) == Mechanism((Phase(0.5, 0.1, 2), Phase(1.0, 0.1, 1)))
    assert mechanism.for_group(3).with_noise(0.5).group == 3


def test_the_last_iterate_of_a_group_counts_all_copies():
    noise, steps = 1.5, 1
    roc = last_iterate_roc(Mechanism.uniform(noise, 1.0, steps, 2))
    x = np.logspace(-4, -0.01, 20)
    np.testing.assert_allclose(roc.max_tpr(x), max_tpr_gaussian(x, 2 / noise), atol=1e-5)


def test_extraction_without_training_is_guessing():
    nothing = Mechanism.uniform(1000.0, 0.001, 1)
    assert exact_match_limit(nothing, 1000) == pytest.approx(1e-3, rel=1e-3)
    assert mean_exposure_limit(nothing, 10**6) == pytest.approx(1 / math.log(2), rel=1e-3)


def test_extraction_is_limited_by_the_curve_of_all_copies():
    # One full batch: the best attack observes N(s, noise) for the filling s, one coordinate per filling.
    noise, fillings, rng = 0.4, 50, np.random.default_rng(0)
    seen = rng.normal(size=(4000, fillings)) * noise
    seen[:, 0] += 1
    found = float((seen.argmax(1) == 0).mean())
    limit = exact_match_limit(Mechanism.uniform(noise, 1.0, 1), fillings)
    assert found <= limit + 3 * math.sqrt(0.25 / 4000)
    assert limit <= float(ndtr(1 / noise)) + 1e-6
    rank = 1 + (seen[:, 1:] >= seen[:, :1]).sum(1)
    exposure = (math.log2(fillings) - np.log2(rank)).mean()
    assert exposure <= mean_exposure_limit(Mechanism.uniform(noise, 1.0, 1), fillings) + 0.05
    assert exposure > 0.5 * mean_exposure_limit(Mechanism.uniform(noise, 1.0, 1), fillings)
