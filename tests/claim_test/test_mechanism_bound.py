"""The search in the family of a mechanism."""

from itertools import pairwise

import numpy as np
import pytest

from privaudit.accounting.accountants import epsilon_pld
from privaudit.accounting.curves import sparse_roc
from privaudit.accounting.mechanism import Mechanism, Phase
from privaudit.claim_test.mechanism_bound import epsilon_lower_bound

CONFIGURED = Mechanism.uniform(1.0, 0.05, 100)
X = np.logspace(-6, -0.01, 60)


@pytest.mark.parametrize("noise", [0.5, 4.0])
def test_it_finds_the_smallest_rejected_noise(noise):
    def rejected(mechanism):
        return mechanism.phases[0].noise_multiplier >= noise

    for guess in (0.2, 2.0):
        found = epsilon_lower_bound(CONFIGURED, 1e-5, rejected, guess)
        true = epsilon_pld(CONFIGURED.with_noise(noise), 1e-5)
        assert 0.96 * true < found < true + 2e-3


def test_what_cannot_be_rejected_and_what_always_is():
    assert epsilon_lower_bound(CONFIGURED, 1e-5, lambda _: True, 0.0) == 0
    assert epsilon_lower_bound(CONFIGURED, 1e-5, lambda _: False, 1.0) == 0
    least = epsilon_pld(CONFIGURED.with_noise(0.11), 1e-5, coarse=True)
    assert epsilon_lower_bound(CONFIGURED, 1e-5, lambda _: True, 3.0) > 0.9 * least


def test_a_schedule_is_scaled_as_a_whole():
    schedule = Mechanism((Phase(2.0, 0.05, 50), Phase(1.0, 0.05, 50)))
    found = epsilon_lower_bound(schedule, 1e-5, lambda m: m.phases[1].noise_multiplier >= 0.8, 0.5)
    assert found == pytest.approx(epsilon_pld(schedule.with_noise(0.8), 1e-5), rel=0.03)


@pytest.mark.parametrize("group", [1, 4])
def test_more_noise_never_raises_the_curve(group):
    curves = [
        sparse_roc(Mechanism.uniform(noise, 0.1, 20, group), "remove", coarse=True).max_tpr(X)
        for noise in (0.6, 1.0, 3.0)
    ]
    for less, more in pairwise(curves):
        assert (less - more > -1e-9).all()
