"""Odds of membership: counted by hand, and calibrated where there is a leak and where there is none."""

import numpy as np
import pytest

from privaudit.stats.odds import LEAST, odds_of, odds_table


def draw(leak, k, n, rng):
    """Scores ``[n]`` of one model, ``[k, n]`` of others, and who was in each."""
    strength = leak * rng.exponential(1, n)
    member, inside = rng.random(n) < 0.5, rng.random((k, n)) < 0.5
    return (
        rng.normal(size=n) + strength * member, member,
        rng.normal(size=(k, n)) + strength * inside, inside,
    )  # fmt: skip


def test_bins_grow_from_the_top_and_blocks_fall():
    values, first, second = np.arange(150.0)[::-1], 50, 63  # 50, then a quarter more, then the rest
    inside = np.arange(150) < first + second
    table = odds_table(values, inside)
    np.testing.assert_array_equal(table.lowest, [100, 37, 0])
    np.testing.assert_array_equal(table.block, [0, 0, 1])
    np.testing.assert_array_equal(table.inside, [113, 113, 0])
    np.testing.assert_array_equal(table.outside, [0, 0, 37])
    assert table.ratio == pytest.approx(37 / 113)


def test_odds_are_counts_plus_a_half():
    values = np.arange(113.0)[::-1]
    inside = np.concatenate([np.arange(50) < 48, np.arange(63) < 25])
    table = odds_table(values, inside)
    unseen = odds_of(np.array([values[0], -5.0, np.nan]), table, np.empty((0, 3)), np.empty((0, 3), bool))
    ratio = (113 - 73) / 73
    top, rest = 48.5 / 2.5 * ratio, 25.5 / 38.5 * ratio
    np.testing.assert_allclose(unseen, [top, rest, np.nan])
    rare = odds_of(np.array([values[0]]), table, np.empty((0, 1)), np.empty((0, 1), bool), prior=0.01)
    np.testing.assert_allclose(rare, top / 99)


def test_a_record_is_no_evidence_about_itself():
    values = np.arange(113.0)[::-1]
    inside = np.arange(113) < LEAST
    table = odds_table(values, inside)
    own = odds_of(values[:1], table, values[None, :1], inside[None, :1])
    others = odds_of(values[:1], table, np.full((1, 1), np.nan), inside[None, :1])
    np.testing.assert_allclose(own / others, (LEAST - 0.5) / (LEAST + 0.5))


def test_equal_scores_share_a_bin():
    values = np.concatenate([np.ones(2 * LEAST), np.zeros(LEAST)])
    table = odds_table(values, np.arange(3 * LEAST) % 2 == 0)
    assert len(table.lowest) == 2
    assert set(table.place(values).tolist()) == {0, 1}


@pytest.mark.parametrize("inside", [np.ones(4, bool), np.zeros(4, bool)])
def test_both_kinds_are_needed(inside):
    with pytest.raises(ValueError, match="IN and OUT"):
        odds_table(np.arange(4.0), inside)


@pytest.mark.parametrize("prior", [0.0, 1.0])
def test_a_prior_is_a_share(prior):
    table = odds_table(np.arange(4.0), np.arange(4) > 1)
    with pytest.raises(ValueError, match="prior"):
        odds_of(np.zeros(1), table, np.empty((0, 1)), np.empty((0, 1), bool), prior)


@pytest.mark.parametrize("leak", [0.0, 1.0, 4.0])
@pytest.mark.parametrize("k", [2, 4, 8])
def test_claimed_odds_are_true_odds(leak, k):
    """Per bin of the claimed probability, as many records are members as it claims."""
    rng = np.random.default_rng([k, int(leak)])
    claimed, truth = [], []
    for _ in range(60):
        score, member, values, inside = draw(leak, k, 1000, rng)
        odds = odds_of(score, odds_table(values.ravel(), inside.ravel()), values, inside)
        claimed.append(odds / (1 + odds))
        truth.append(member)
    claimed, truth = np.concatenate(claimed), np.concatenate(truth)
    for low, high in ((0, 0.3), (0.3, 0.7), (0.7, 0.9), (0.9, 0.97), (0.97, 1)):
        here = (claimed >= low) & (claimed < high)
        if here.sum() < 500:
            continue
        expected = claimed[here].mean()
        assert truth[here].mean() == pytest.approx(expected, abs=0.01 + 3 * np.sqrt(0.25 / here.sum()))


def test_nothing_to_find_gives_no_large_odds():
    """Isotonic regression gives odds of 1,000 and more in a third of such audits."""
    rng = np.random.default_rng(0)
    largest = []
    for _ in range(200):
        score, _, values, inside = draw(0.0, 2, 1000, rng)
        largest.append(odds_of(score, odds_table(values.ravel(), inside.ravel()), values, inside).max())
    assert max(largest) < 10
    assert np.median(largest) < 2


def test_without_references_the_audit_itself_is_the_table():
    rng = np.random.default_rng(1)
    claimed, truth = [], []
    for _ in range(60):
        score, member, _, _ = draw(2.0, 1, 2000, rng)
        odds = odds_of(score, odds_table(score, member), score[None], member[None])
        claimed.append(odds / (1 + odds))
        truth.append(member)
    claimed, truth = np.concatenate(claimed), np.concatenate(truth)
    for low, high in ((0.2, 0.5), (0.5, 0.8), (0.8, 0.95), (0.95, 1)):
        here = (claimed >= low) & (claimed < high)
        assert here.sum() > 500
        assert truth[here].mean() == pytest.approx(claimed[here].mean(), abs=0.02)
