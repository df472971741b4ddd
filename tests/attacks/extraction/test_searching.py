"""The parts of the searches: the bill, the moves, and what a partial filling is worth."""

from itertools import product

import numpy as np
import pytest

from privaudit.attacks.extraction.budget import Budget
from privaudit.attacks.extraction.local_search import rearrangements, with_choices
from privaudit.attacks.extraction.partial_fillings import Completions, partials_of
from privaudit.attacks.extraction.spec import OPEN, Problem, SearchSettings
from privaudit.data.canaries.template import Slot, Template


@pytest.fixture
def budget(table):
    surface = table((3, 4), np.arange(12.0))
    return Budget(Problem(surface, 1), SearchSettings(evaluations=5))


class TestLedger:
    def test_a_filling_is_paid_for_once(self, budget):
        fillings = np.array([[0, 1], [0, 1], [2, 3]])
        np.testing.assert_array_equal(budget.scores(fillings), [1, 1, 11])
        np.testing.assert_array_equal(budget.scores(fillings[::-1]), [11, 1, 1])
        assert (budget.spent, budget.left) == (2, 3)

    def test_beyond_the_budget_nothing_is_evaluated(self, budget):
        fillings = np.array(list(product(range(3), range(4))))
        scores = budget.scores(fillings)
        np.testing.assert_array_equal(scores, [*range(5), *[-np.inf] * 7])
        assert budget.over
        assert budget.score((2, 3)) == -np.inf
        assert budget.score((1, 0)) == 4
        assert budget.found().filling == (1, 0)

    def test_the_first_of_equals_stays(self, table):
        budget = Budget(Problem(table((2, 2), [5, 5, 5, 5]), 1), SearchSettings())
        budget.scores(np.array([[1, 0]]))
        budget.scores(np.array([[0, 0], [1, 1], [0, 1]]))
        found = budget.found()
        assert (found.filling, found.evaluations, found.complete) == ((1, 0), 4, True)

    def test_one_evaluation_is_kept_for_the_hard_text(self, budget):
        assert (budget.left, budget.soft_left) == (5, 4)
        with pytest.raises(ValueError, match="look at what is left"):
            budget.pay(5)
        budget.score((0, 0))
        assert (budget.left, budget.soft_left) == (4, 4)
        budget.pay(4)
        assert budget.over

    def test_a_search_without_a_filling_is_a_bug(self, budget):
        with pytest.raises(RuntimeError, match="at least one filling"):
            budget.found()


class TestMoves:
    def test_all_combinations_of_some_slots(self):
        moved = with_choices(np.array([7, 8, 9]), (0, 2), (np.array([1, 2]), np.array([3, 4, 5])))
        assert moved.tolist() == [[a, 8, b] for a in (1, 2) for b in (3, 4, 5)]

    def test_words_move_among_slots_with_the_same_candidates(self):
        template = Template("", (Slot(("a", "b")),) * 4)
        orders, free = rearrangements(template)
        filling = np.array([10, 11, 12, 13])
        moved = {tuple(row): int(slot) for row, slot in zip(filling[orders], free, strict=True)}
        assert moved[11, 12, 13, 10] == 3  # taken out in front, inserted at the end
        assert moved[13, 10, 11, 12] == 0
        assert (13, 11, 12, 10) in moved  # a swap
        assert tuple(filling) not in moved
        assert len(moved) == len(orders) == 9 + 3  # distinct insertions, and swaps that are none
        assert all(sorted(row) == sorted(filling) for row in moved)

    def test_no_word_goes_where_it_is_no_candidate(self):
        digit, colour = Slot(("0", "1")), Slot(("red", "blue"))
        orders, _ = rearrangements(Template("", (digit, colour, digit)))
        assert orders.tolist() == [[2, 1, 0]]
        orders, free = rearrangements(Template("", (digit, colour)))
        assert orders.shape == (0, 2)
        assert len(free) == 0


class TestCompletions:
    def test_a_partial_filling_is_worth_the_mean_over_the_same_completions(self, table):
        surface = table((3, 4), np.arange(12.0) ** 2)
        budget = Budget(Problem(surface, 1), SearchSettings())
        partials = Completions(budget, np.array([[0, 1], [2, 3]]))
        scores = partials.scores(np.array([[1, OPEN], [OPEN, 2], [OPEN, OPEN], [2, 2]]))
        np.testing.assert_allclose(scores, [(5**2 + 7**2) / 2, (2**2 + 10**2) / 2, (1 + 11**2) / 2, 10.0**2])
        assert partials.gradients(np.array([[1, OPEN]])) is None

    def test_what_the_budget_does_not_allow_is_never_chosen(self, table):
        budget = Budget(Problem(table((3, 4), np.arange(12.0)), 1), SearchSettings(evaluations=3))
        scores = Completions(budget, np.array([[0, 1], [2, 3]])).scores(np.array([[1, OPEN], [2, OPEN]]))
        assert scores[0] == 6
        assert scores[1] == -np.inf

    def test_a_black_box_gets_completions(self, table):
        budget = Budget(Problem(table((3, 4), np.arange(12.0)), 1), SearchSettings())
        assert isinstance(partials_of(budget, np.random.default_rng(0)), Completions)
