"""The grid of privacy losses is fine where steps are small, coarse where losses are huge, and never lies."""

import math

import pytest

from privaudit.accounting.accountants import epsilon_pld, epsilon_rdp, epsilons, smallest_epsilon
from privaudit.accounting.grid import INTERVAL, grid_width, rounding
from privaudit.accounting.mechanism import Mechanism, Phase
from privaudit.stats.tradeoff import epsilon_of_gaussian


@pytest.mark.parametrize(
    ("noise", "steps", "delta", "true"),
    [
        # By 40-digit arithmetic.
        (316.2, 10**5, 1e-12, 7.2391849504),
        (1000.0, 10**7, 1e-10, 24.56965903980),
        (1.0, 1, 1e-5, 4.377178),
    ],
)
def test_without_sampling_epsilon_is_exact(noise, steps, delta, true):
    assert smallest_epsilon(Mechanism.uniform(noise, 1.0, steps), delta) == pytest.approx(true, rel=1e-6)


def test_groups_and_phases_without_sampling_are_exact_too():
    parts = Mechanism((Phase(2.0, 1.0, 3), Phase(4.0, 1.0, 4)), group=3)
    mu = 3 * math.sqrt(3 / 4 + 4 / 16)
    assert smallest_epsilon(parts, 1e-5) == pytest.approx(epsilon_of_gaussian(mu, 1e-5))


def test_small_steps_are_not_rounded_to_the_grid():
    """A grid of 1e-4 makes .0488 of this; RDP .0368."""
    mechanism = Mechanism.uniform(4.0, 1e-4, 10**5)
    assert grid_width(mechanism) < 2e-6
    assert smallest_epsilon(mechanism, 1e-6) == pytest.approx(0.0266, abs=5e-5)


def test_a_delta_below_double_precision_is_left_to_rdp():
    mechanism = Mechanism.uniform(1.0, 0.01, 10_000)
    assert rounding(mechanism) > 1e-12
    assert epsilon_pld(mechanism, 1e-12) == math.inf
    found = smallest_epsilon(mechanism, 1e-12)
    assert found == epsilon_rdp(mechanism, 1e-12)
    assert 10.3467 < found < 10.9


@pytest.mark.parametrize("steps", [10, 1_000, 100_000])
@pytest.mark.parametrize("delta", [1e-5, 1e-7, 1e-9, 1e-10, 3e-11])
def test_pld_is_never_below_the_closed_form(steps, delta):
    mechanism = Mechanism.uniform(math.sqrt(steps), 1.0, steps)
    true = epsilon_of_gaussian(1.0, delta)
    assert true - 1e-9 <= epsilon_pld(mechanism, delta)
    if delta >= 1e-9:
        safe = delta - rounding(mechanism)
        assert epsilon_pld(mechanism, delta) <= epsilon_of_gaussian(1.0, safe) + 1e-3


@pytest.mark.parametrize(
    ("noise", "rate", "steps"),
    [(1e-3, 0.01, 1000), (1e-3, 1.0, 1000), (0.05, 0.01, 1000), (1.0, 1e-3, 10**7)],
)
def test_extremes_have_an_answer_within_memory(noise, rate, steps):
    """A fixed grid of 1e-4 would take terabytes here."""
    mechanism = Mechanism.uniform(noise, rate, steps)
    assert 0 < smallest_epsilon(mechanism, 1e-6) < math.inf


def test_ordinary_mechanisms_keep_the_default_grid():
    assert grid_width(Mechanism.uniform(1.0, 0.01, 1000)) == INTERVAL
    assert grid_width(Mechanism.uniform(1.0, 0.01, 1000), coarse=True) == pytest.approx(10 * INTERVAL)
    assert grid_width(Mechanism.uniform(1.0, 0.01, 1000, group=4)) == pytest.approx(10 * INTERVAL)


@pytest.mark.parametrize(
    ("noise", "rate", "steps"), [(1.0, 0.01, 1000), (4.0, 1e-4, 10**5), (0.6, 0.01, 2000)]
)
def test_the_smallest_bound_is_no_larger_than_either(noise, rate, steps):
    mechanism = Mechanism.uniform(noise, rate, steps)
    found = smallest_epsilon(mechanism, 1e-6)
    assert found == min(epsilon_pld(mechanism, 1e-6), epsilon_rdp(mechanism, 1e-6))


def test_no_estimate_is_given_where_double_precision_ends():
    """PRV says 7.03 here, its error included, where 7.24 is true."""
    found = epsilons(Mechanism.uniform(316.2, 1.0, 10**5), 1e-12)
    assert (found.pld, found.prv) == (math.inf, None)
    assert found.prv_reason == "double precision does not support so small a delta"
    assert (found.smallest, found.source) == (
        pytest.approx(7.2391849504),
        "exactly, because nothing is sampled",
    )
    ordinary = epsilons(Mechanism.uniform(1.0, 0.01, 1000), 1e-5)
    assert ordinary.source == "by PLD"
    assert ordinary.smallest == ordinary.pld < ordinary.rdp
