"""From scores to a result: the band around the curve, and what an attack costs."""

import numpy as np
import pytest

from privaudit.attacks.membership.registry import find_attack
from privaudit.audits.membership.cost import per_record
from privaudit.audits.membership.evaluate import evaluate_attack, roc
from privaudit.audits.membership.units import units_of
from privaudit.stats.ranked import rank_scores
from privaudit.stats.roc_band import roc_band


def scored(n=500, seed=0, shift=1.0):
    member = np.arange(2 * n) < n
    return np.random.default_rng(seed).normal(size=2 * n) + shift * member, member


def measured(score, member, groups=None, attack="loss"):
    units = units_of([str(i) for i in range(len(score))], member, groups)
    return evaluate_attack(
        find_attack(attack), score, units, np.zeros(len(score), np.int64), n_attacks=1, n_references=0,
        seed=0, seconds=0.0,
    )  # fmt: skip


@pytest.mark.parametrize("n", [1, 7, 500])
def test_the_band_has_the_vertices_of_the_curve_and_holds_them(n):
    found = roc(rank_scores(*scored(n)))
    lengths = {len(part) for part in (found.fpr, found.tpr, found.tpr_low, found.tpr_high)}
    assert len(lengths) == 1
    assert all(
        0 <= low <= tpr <= high <= 1
        for low, tpr, high in zip(found.tpr_low, found.tpr, found.tpr_high, strict=True)
    )
    assert found.confidence == 0.95


def test_between_thresholds_that_lie_far_apart_the_curve_stays_and_the_band_is_narrow():
    """One score for all members and a third of the rest, as of an attack that knows unknown words."""
    member = np.arange(2000) < 1000
    found = roc(rank_scores(np.where(member | (np.arange(2000) % 3 == 0), 1.0, 0.0), member))
    steps = np.array(found.fpr[1:])
    assert (steps[1:] / steps[:-1]).max() <= 1.25 + 1e-9
    for fpr, tpr, high in zip(found.fpr, found.tpr, found.tpr_high, strict=True):
        assert tpr == (fpr > 0.33)
        assert fpr > 0.3 or high < 0.02
    assert len(found.fpr) < 60


def test_limits_are_rounded_outwards_to_few_digits():
    ranked = rank_scores(*scored())
    found, exact = roc(ranked), roc_band(ranked, np.array(roc(ranked).fpr), 0.95)
    low, high = np.array(found.tpr_low), np.array(found.tpr_high)
    assert (low <= exact.low).all()
    assert (high >= exact.high).all()
    assert np.abs(low - exact.low).max() <= 1e-6
    assert np.abs(high - exact.high).max() <= 1e-6
    assert max(len(repr(value)) for value in found.tpr_low) <= 8


def test_the_band_of_groups_is_that_of_their_mean_scores():
    score, member = scored(300)
    groups = [f"g{i // 3}" for i in range(len(score))]
    found = measured(score, member, groups)
    assert found.n_members == 100
    means, inside = score.reshape(-1, 3).mean(axis=1), member[::3]
    assert found.roc == roc(rank_scores(means, inside))


@pytest.mark.parametrize(
    ("attack", "queries", "backward"),
    [
        ("loss", 1, 0),
        ("gradient-norm-full", 1, 1),
        ("label-only", 21, 0),
        ("neighbourhood", 21, 0),
        ("lira-eb", 1, 0),
        ("lira-multi", 21, 1),
    ],
)
def test_what_an_attack_costs_per_record(attack, queries, backward):
    found = per_record(find_attack(attack).spec)
    assert (found.queries, found.backward_passes) == (queries, backward)


def test_the_cost_is_in_the_result():
    found = measured(*scored(), attack="label-only").parameters
    assert (found["queries"], found["backward_passes"]) == (21, 0)
