import math

import pytest

from privaudit.accounting.accountants import epsilon_pld
from privaudit.accounting.mechanism import Mechanism
from privaudit.errors import UsageError
from privaudit.results import Claim
from privaudit.training.private.claim import (
    PrivacyRequest,
    checked_delta,
    claim_of,
    default_delta,
    private_recipe,
)
from privaudit.training.recipe import Recipe

BASE = Recipe.for_architecture("bow", batch_size=64, epochs=2)


@pytest.mark.parametrize(
    ("n", "delta"),
    [(10, 1e-5), (10_000, 1e-5), (10_001, 1e-6), (13_084, 1e-6), (100_000, 1e-6), (10**6, 1e-7)],
)
def test_delta_is_a_power_of_ten_well_below_one_over_n(n, delta):
    assert default_delta(n) == delta
    assert delta <= 0.1 / n


@pytest.mark.parametrize("delta", [0.0, -1e-5, 0.001, 0.5, math.nan])
def test_a_delta_that_would_allow_publishing_a_record_is_refused(delta):
    with pytest.raises(UsageError, match="1/1000"):
        checked_delta(delta, 1000)


def test_a_delta_below_that_is_taken():
    assert checked_delta(9e-4, 1000) == 9e-4


def test_noise_keeps_the_epsilon_that_was_asked_for_and_no_more():
    private = private_recipe(BASE, PrivacyRequest(epsilon=1.0), 1000).privacy
    assert (private.sample_rate, private.steps) == (0.064, 31)
    assert (private.clipping, private.clip_norm) == ("automatic", 1.0)
    mechanism = Mechanism.uniform(private.noise_multiplier, private.sample_rate, private.steps)
    assert 0.995 < epsilon_pld(mechanism, 1e-5) <= 1.0


def test_given_noise_rate_and_norm_are_taken_as_they_are():
    request = PrivacyRequest(noise_multiplier=1.5, sample_rate=0.01, clip_norm=0.5)
    private = private_recipe(BASE, request, 1000).privacy
    assert (private.noise_multiplier, private.sample_rate, private.steps) == (1.5, 0.01, 200)
    assert (private.clipping, private.clip_norm) == ("fixed", 0.5)


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        (PrivacyRequest(), "--noise-multiplier"),
        (PrivacyRequest(epsilon=8, noise_multiplier=1), "--noise-multiplier"),
        (PrivacyRequest(epsilon=0), "Epsilon 0.0 is not a finite number above 0"),
        (PrivacyRequest(epsilon=math.inf), "Epsilon inf is not a finite number above 0"),
        (PrivacyRequest(noise_multiplier=0), "--noise-multiplier"),
        (PrivacyRequest(noise_multiplier=1, sample_rate=1.5), "--sample-rate"),
        (PrivacyRequest(noise_multiplier=1, clip_norm=0), "--clip"),
        (PrivacyRequest(noise_multiplier=1, delta=0.1), "--delta"),
    ],
)
def test_what_is_impossible_is_refused_in_one_line(request_, word):
    with pytest.raises(UsageError, match=word) as caught:
        private_recipe(BASE, request_, 1000)
    assert "\n" not in str(caught.value)


def test_a_batch_larger_than_the_data_takes_all_of_them():
    private = private_recipe(BASE, PrivacyRequest(noise_multiplier=1), 63).privacy
    assert (private.sample_rate, private.steps) == (1.0, 2)


def test_a_claim_accounts_the_steps_that_ran():
    recipe = private_recipe(BASE, PrivacyRequest(noise_multiplier=1.0), 1000)
    claim = claim_of(recipe, n=1000, steps=10, delta=1e-5, vocabulary="hash:4096", labels="data")
    assert claim.epsilon == epsilon_pld(Mechanism.uniform(1.0, 0.064, 10), 1e-5)
    assert (claim.steps, claim.n_records, claim.unit, claim.sampler) == (10, 1000, "record", "poisson")
    assert (claim.adjacency, claim.normaliser) == ("add-or-remove-one", "64, fixed")
    assert claim.accountant.startswith("pld (dp-accounting ")
    assert Claim.model_validate(claim.model_dump(mode="json", exclude_none=True)) == claim


def test_ordinary_training_has_no_claim():
    with pytest.raises(ValueError, match="private"):
        claim_of(BASE, n=1000, steps=10, delta=1e-5, vocabulary="members", labels="data")
