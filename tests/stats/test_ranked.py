import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privaudit.errors import DataError
from privaudit.stats.ranked import empirical_fpr, rank_scores, roc_points

HAND_SCORE = np.array([3.0, 3.0, 2.0, 1.0, 1.0, np.nan, -np.inf])
HAND_MEMBER = np.array([True, False, True, True, False, True, False])


class TestRankScores:
    def test_by_hand(self):
        r = rank_scores(HAND_SCORE, HAND_MEMBER)
        np.testing.assert_array_equal(r.thresholds, [3.0, 2.0, 1.0, -np.inf])
        np.testing.assert_array_equal(r.members, [1, 2, 3, 3])
        np.testing.assert_array_equal(r.nonmembers, [1, 1, 2, 3])
        assert (r.n_members, r.n_nonmembers, r.n_unscored) == (3, 3, 1)

    def test_one_of_each(self):
        r = rank_scores(np.array([0.0, 0.0]), np.array([True, False]))
        assert (list(r.thresholds), list(r.members), list(r.nonmembers)) == ([0.0], [1], [1])

    @given(st.data())
    def test_against_counting(self, samples, data):
        score, member = data.draw(samples)
        r = rank_scores(score, member)
        np.testing.assert_array_equal(r.thresholds, np.unique(score)[::-1])
        np.testing.assert_array_equal(r.members, [np.sum(score[member] >= t) for t in r.thresholds])
        np.testing.assert_array_equal(r.nonmembers, [np.sum(score[~member] >= t) for t in r.thresholds])

    @given(st.data(), st.randoms(use_true_random=False))
    def test_order_of_records_and_monotone_transforms_do_not_matter(self, samples, data, random):
        score, member = data.draw(samples)
        order = np.array(random.sample(range(len(score)), len(score)))
        r, shuffled = rank_scores(score, member), rank_scores(score[order], member[order])
        np.testing.assert_array_equal(r.thresholds, shuffled.thresholds)
        # NOTE: dense ranks are a strictly increasing transform that no rounding can spoil.
        transformed = rank_scores(np.unique(score, return_inverse=True)[1] * 7.0 - 3.0, member)
        for other in (shuffled, transformed):
            np.testing.assert_array_equal(r.members, other.members)
            np.testing.assert_array_equal(r.nonmembers, other.nonmembers)

    def test_negative_zero_ties_with_zero(self):
        assert len(rank_scores(np.array([0.0, -0.0]), np.array([True, False])).thresholds) == 1

    def test_input_is_left_alone(self):
        score, member = HAND_SCORE.copy(), HAND_MEMBER.copy()
        rank_scores(score, member)
        np.testing.assert_array_equal(score, HAND_SCORE)
        np.testing.assert_array_equal(member, HAND_MEMBER)

    def test_memory_is_about_fifty_bytes_a_record(self):
        rng = np.random.default_rng(0)
        score, member = rng.normal(size=200_000), rng.random(200_000) < 0.5
        tracemalloc.start()
        rank_scores(score, member)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak <= 60 * len(score)

    @pytest.mark.parametrize(
        ("score", "member", "message"),
        [
            ([1.0, 2.0], [True, True], "2 members and 0 non-members were scored"),
            ([1.0, 2.0], [False, False], "0 members and 2 non-members were scored"),
            ([], [], "0 members and 0 non-members were scored"),
            (
                [1.0, np.nan],
                [True, False],
                r"1 members and 0 non-members were scored \(1 of 2 records were not\); both kinds are",
            ),
            ([1.0, 2.0, 3.0], [True, False], "don't match membership of shape"),
            ([[1.0, 2.0]], [[True, False]], "don't match membership of shape"),
            ([1.0, 2.0], [1, 0], "type int64"),
        ],
    )
    def test_raises(self, score, member, message):
        member = np.array(member, bool if not len(member) else None)
        with pytest.raises(DataError, match=message) as caught:
            rank_scores(np.array(score, float), member)
        assert "\n" not in str(caught.value)


class TestExposedRecords:
    def test_by_hand(self):
        r = rank_scores(HAND_SCORE, HAND_MEMBER)
        score = np.array([4.0, 3.0, 2.5, 1.0, -5.0, -np.inf, np.nan])
        fpr = np.array([1, 2, 2, 3, 3, 4, np.nan]) / 4
        np.testing.assert_array_equal(empirical_fpr(score, r), fpr)

    def test_scalars_and_shapes(self):
        r = rank_scores(HAND_SCORE, HAND_MEMBER)
        assert empirical_fpr(np.inf, r) == 0.25
        assert empirical_fpr(np.zeros((2, 3)), r).shape == (2, 3)

    def test_is_a_valid_p_value(self):
        # A fresh non-member is at or below any level at most as often as the level says.
        rng = np.random.default_rng(5)
        p = []
        for _ in range(2000):
            score = np.floor(rng.exponential(3.0, 41))
            r = rank_scores(score[:-1], np.arange(40) < 20)
            p.append(float(empirical_fpr(score[-1], r)))
        for level in (0.05, 0.1, 0.25, 0.5):
            assert np.mean(np.array(p) <= level) <= level + 3 * np.sqrt(level * (1 - level) / 2000)


class TestRocPoints:
    def test_by_hand(self):
        r = rank_scores(np.array([4.0, 3.0, 2.0, 2.0, 1.0]), np.array([True, True, False, True, False]))
        p = roc_points(r)
        np.testing.assert_allclose(p.fpr, [0.0, 0.5, 1.0])
        np.testing.assert_allclose(p.tpr, [2 / 3, 1.0, 1.0])

    def test_worst_and_best(self):
        member = np.arange(20) < 10
        best, worst = (roc_points(rank_scores(s, member)) for s in (1.0 * member, -1.0 * member))
        np.testing.assert_array_equal((best.fpr, best.tpr), ([0.0, 1.0], [1.0, 1.0]))
        np.testing.assert_array_equal((worst.fpr, worst.tpr), ([0.0, 1.0], [0.0, 1.0]))

    @pytest.mark.parametrize(
        ("n0", "levels"), [(50, 7), (199, None), (200, None), (30_000, None), (5000, 40)]
    )
    def test_thinned_points_are_upper_vertices(self, n0, levels):
        rng = np.random.default_rng(n0)
        score = rng.normal(size=300 + n0)
        score = score if levels is None else np.round(score * levels / 6)
        member = np.arange(300 + n0) < 300
        p = roc_points(rank_scores(score, member), n_points=200)
        assert 2 <= len(p.fpr) <= 200
        assert np.all(np.diff(p.fpr) > 0)
        assert p.fpr[0] == 0.0
        assert (p.fpr[-1], p.tpr[-1]) == (1.0, 1.0)
        thresholds = np.append(np.unique(score), np.inf)
        found, called = (
            1 - np.searchsorted(np.sort(s), thresholds) / len(s) for s in (score[member], score[~member])
        )
        for fpr, tpr in zip(p.fpr, p.tpr, strict=True):
            assert found[np.isclose(called, fpr, rtol=0, atol=1e-12)].max() == pytest.approx(tpr, abs=1e-12)

    def test_small_rates_are_kept(self):
        rng = np.random.default_rng(1)
        p = roc_points(rank_scores(rng.normal(size=200_000), np.arange(200_000) % 2 == 0))
        assert np.sum(p.fpr <= 1e-3) > 40
        assert np.sum(p.fpr >= 0.1) > 20
