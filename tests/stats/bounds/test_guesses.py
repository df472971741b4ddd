"""Guesses of one run, and the power of a design."""

import math

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import binom

from privaudit.stats.bounds.guesses import guess, guesses_of_each, power
from privaudit.stats.bounds.search import largest_rejected


@pytest.mark.parametrize(("m", "each"), [(1, 1), (4, 2), (16, 8), (100, 20), (1000, 63), (10_000, 200)])
def test_the_number_of_guesses_is_fixed_by_the_number_of_canaries(m, each):
    assert guesses_of_each(m) == each


def test_the_highest_are_called_in_and_the_lowest_out():
    scores = np.array([0.9, 0.1, 0.5, 0.4, 0.8, 0.2])
    included = np.array([True, False, True, True, False, True])
    found = guess(scores, included, 2, np.random.default_rng(0))
    assert (found.canaries, found.total, found.correct) == (6, 4, 2)


def test_ties_are_broken_at_random():
    included = np.arange(1000) < 500
    rng = np.random.default_rng(0)
    found = [guess(np.zeros(1000), included, 50, rng).correct for _ in range(400)]
    assert abs(np.mean(found) - 50) < 4 * 5 / math.sqrt(400)


def test_power_without_information_is_that_of_coins():
    found = power(lambda tpr: tpr, 400, 40, 48, np.random.default_rng(0), audits=4000)
    expected = binom.sf(47, 80, 0.5)
    assert found == pytest.approx(expected, abs=4 * math.sqrt(expected / 4000))


def test_power_against_a_curve():
    rng = np.random.default_rng(0)

    def gaussian(tpr):
        return ndtr(ndtri(tpr) - 1.0)

    direct = []
    for _ in range(300):
        included = rng.random(400) < 0.5
        direct.append(guess(rng.normal(size=400) + included, included, 40, rng).correct >= 66)
    found = power(gaussian, 400, 40, 66, rng)
    assert found == pytest.approx(np.mean(direct), abs=4 * math.sqrt(0.25 / 300))
    assert power(gaussian, 400, 40, 81, rng) == 0
    assert power(lambda tpr: 0 * tpr, 400, 40, 80, rng) == 1


def test_the_largest_rejected_parameter():
    for true in (0.0, 0.3, 0.5, 7.77):
        found = largest_rejected(lambda x, true=true: x <= true, 60.0, 1e-4)
        assert true - 1e-4 <= found <= true
    assert largest_rejected(lambda x: x < 0, 60.0) == 0
    assert largest_rejected(lambda _: True, 60.0) == 60
    rough = largest_rejected(lambda x: x <= 10, 60.0, 1e-4, 0.1)
    assert 9 <= rough <= 10
