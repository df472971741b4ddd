"""How many guesses are made is fixed by the claim and the number of canaries; what they can show is said."""

import pytest

from privaudit.audits.epsilon.design_power import canaries_needed, many_runs_power, one_run_power
from privaudit.claim_test.hypothesis import hypothesis_of
from privaudit.claim_test.verdict import VIOLATED
from privaudit.results import Claim
from privaudit.stats.bounds import steinke


def region(epsilon):
    return hypothesis_of(Claim(epsilon=epsilon, delta=1e-5), None, 1)


def test_without_a_claim_there_are_four_roots_of_guesses():
    found = one_run_power(hypothesis_of(None, 1e-5, 1), 400)
    assert (found.guesses, found.best_p, found.suffices) == (80, None, True)


def test_a_small_claim_keeps_four_roots():
    assert one_run_power(region(0.5), 400).guesses == 80


@pytest.mark.parametrize("epsilon", [2.0, 3.0])
def test_a_larger_claim_takes_more_guesses_so_that_a_good_attack_is_found_out(epsilon):
    found = one_run_power(region(epsilon), 400)
    assert 80 < found.guesses <= 400
    assert found.guesses % 2 == 0
    assert found.best_p == steinke.p_value(400, found.guesses, found.guesses, epsilon, 1e-5) < VIOLATED
    fewer = 2 * round(found.guesses / 3)
    wrong = max(1, -(-fewer // 50))
    assert steinke.p_value(400, fewer, fewer - wrong, epsilon, 1e-5) > VIOLATED


def test_where_no_number_of_guesses_is_enough_that_is_said():
    found = one_run_power(region(8.0), 400)
    assert not found.suffices
    assert found.guesses == 80
    assert canaries_needed(region(12.0), 400) is None
    needed = canaries_needed(region(4.0), 100)
    assert needed is not None
    assert one_run_power(region(4.0), needed).suffices


def test_many_runs_power_what_a_perfect_ranking_does():
    assert many_runs_power(region(1.0), 60, 0).suffices
    assert not many_runs_power(region(8.0), 60, 0).suffices
    assert many_runs_power(hypothesis_of(None, 1e-5, 1), 60, 0).best_p is None
