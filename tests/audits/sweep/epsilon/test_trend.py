import math

import pytest

from privaudit.audits.sweep.epsilon.trend import correlations
from privaudit.results import AttackOverModels, EpsilonSweepRow, Interval

NONE = Interval(value=None, low=None, high=None)


def row(epsilon, areas, n_references=0):
    mean = sum(areas) / len(areas)
    attack = AttackOverModels(
        attack="loss",
        targets="records",
        n_targets=100,
        n_references=n_references,
        auc=Interval(value=mean, low=None, high=None),
        tpr_at_fpr=(),
        auc_per_model=areas,
    )
    return EpsilonSweepRow(
        epsilon=epsilon,
        n_models=len(areas),
        accuracy=NONE,
        accuracy_members=NONE,
        attacks=(attack,),
        seconds=0,
    )


RISING = [row(math.inf, (0.1, 0.2)), row(4.0, (0.60, 0.61)), row(2.0, (0.55, 0.54)), row(1.0, (0.50, 0.53))]


def test_infinite_epsilon_is_no_point():
    (found,) = correlations(RISING, seed=0)
    assert (found.n_points, found.spearman) == (3, pytest.approx(1.0))
    assert found.p_value == pytest.approx(1 / 6)
    assert found.per_model.value == pytest.approx(1.0)
    assert found.per_model.low is not None


def test_models_that_are_references_of_each_other_give_no_interval():
    (found,) = correlations([row(r.epsilon, r.attacks[0].auc_per_model, 1) for r in RISING], seed=0)
    assert found.per_model.value == pytest.approx(1.0)
    assert (found.per_model.low, found.per_model.high) == (None, None)
    assert "not independent" in found.per_model.reason


def test_two_epsilons_are_too_few():
    assert correlations(RISING[:3], seed=0) == ()


def test_rows_without_numbers_are_left_out():
    missing = RISING[3].model_copy(update={"attacks": ()})
    assert correlations([*RISING[:3], missing], seed=0) == ()


def test_what_does_not_vary_has_none():
    (found,) = correlations([row(e, (0.5, 0.5)) for e in (4.0, 2.0, 1.0)], seed=0)
    assert (found.spearman, found.p_value, found.per_model.value) == (None, None, None)
    assert found.per_model.reason == "no area varies"
