import numpy as np
import pytest

from privaudit.errors import DataError
from privaudit.training.references.learners.halves import half_of, inside_scored, reference_seed
from privaudit.training.references.plan import Population, ReferencePlan


def grouped(n, groups, seed=0):
    pool = Population([f"text {i}" for i in range(n)], np.zeros(n, dtype=np.int64), 2, groups)
    return ReferencePlan(learner=None, pool=pool, scored=pool, online=True, seed=seed)


def test_coins_are_fair_independent_and_their_own():
    plan = grouped(4000, None)
    coins = np.stack([plan.inside(k) for k in range(16)]).astype(float)
    np.testing.assert_allclose(coins.mean(axis=1), 0.5, atol=5 * 0.5 / 4000**0.5)
    correlation = np.corrcoef(coins) - np.eye(16)
    assert np.abs(correlation).max() < 5 / 4000**0.5
    np.testing.assert_array_equal(plan.inside(3), grouped(4000, None).inside(3))
    assert not np.array_equal(plan.inside(3), grouped(4000, None, seed=1).inside(3))


def test_seeds_are_distinct_and_never_the_plans_own():
    seeds = {reference_seed(grouped(1, None, seed), k) for seed in range(20) for k in range(50)}
    assert len(seeds) == 1000
    assert not seeds & set(range(20))


def test_without_a_validation_part_the_half_is_the_coins():
    plan = grouped(100, None)
    half = half_of(plan, 2)
    np.testing.assert_array_equal(half.train, np.flatnonzero(plan.inside(2)))
    assert len(half.validation) == 0
    np.testing.assert_array_equal(inside_scored(plan, half), plan.inside(2))


def test_what_is_watched_is_a_part_of_the_half_that_counts_as_outside():
    plan = grouped(2000, None)
    half = half_of(plan, 2, validation=0.1)
    both = np.sort(np.concatenate((half.train, half.validation)))
    np.testing.assert_array_equal(both, np.flatnonzero(plan.inside(2)))
    assert 0.07 < len(half.validation) / len(both) < 0.13
    np.testing.assert_array_equal(np.flatnonzero(inside_scored(plan, half)), half.train)


def test_a_group_is_never_split():
    groups = [f"user {i % 70}" for i in range(700)]
    half = half_of(grouped(700, groups), 0, validation=0.3)
    train, watched = ({groups[i] for i in part} for part in (half.train, half.validation))
    outside = {groups[i] for i in np.setdiff1d(np.arange(700), np.concatenate((half.train, half.validation)))}
    assert train
    assert watched
    assert not train & watched
    assert not (train | watched) & outside


def test_references_from_another_population_are_outside_for_all():
    pool = grouped(50, None).pool
    scored = Population(["a"] * 20, np.zeros(20, dtype=np.int64), 2)
    plan = ReferencePlan(None, pool, scored, online=False, seed=0)
    inside = inside_scored(plan, half_of(plan, 0))
    assert inside.shape == (20,)
    assert not inside.any()


def test_a_half_without_records_is_told():
    plan = grouped(6, ["one user"] * 6)
    empty = next(k for k in range(50) if not plan.inside(k).any())
    with pytest.raises(
        DataError, match=f"6 records in 1 groups leave reference {empty} without records to train on"
    ):
        half_of(plan, empty)


def test_a_validation_part_without_records_is_told():
    plan = grouped(4, None)
    some = next(k for k in range(50) if plan.inside(k).any())
    with pytest.raises(DataError, match="without records to train on or to validate on"):
        half_of(plan, some, validation=1e-9)
