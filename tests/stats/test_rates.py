import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from privaudit.errors import UsageError
from privaudit.stats.intervals import NotMeasurable, binomial_lower, binomial_upper
from privaudit.stats.ranked import rank_scores
from privaudit.stats.rates import RANK_SHARE, _loose_rank, _strict_rank, advantage, ppv, tpr_at_fpr


def naive_tpr(score, member, fpr):
    """The definition, threshold by threshold; calling nobody a member is always allowed."""
    rates = [(np.mean(score[~member] >= t), np.mean(score[member] >= t)) for t in np.unique(score)]
    return max((tpr for rate, tpr in rates if rate <= fpr), default=0.0)


def sample(seed, n1, n0, levels=None, shift=0.7):
    rng = np.random.default_rng(seed)
    member = rng.permutation(np.arange(n1 + n0) < n1)
    score = rng.normal(size=n1 + n0) + shift * member
    return (score if levels is None else np.floor(score * levels)), member


class TestTprAtFpr:
    def test_by_hand(self):
        # 100 non-members score 0..99; 10 % allow the ten from 90 up, so members above 89 are found.
        score = np.concatenate([np.arange(100.0), [89.0, 89.5, 95.0, 200.0]])
        t = tpr_at_fpr(rank_scores(score, np.arange(104) >= 100), 0.1, 0.95)
        assert t.measurable
        assert t.tpr == 3 / 4

    def test_worst_and_best(self):
        member = np.arange(2000) < 1000
        best = tpr_at_fpr(rank_scores(1.0 * member, member), 0.01, 0.95)
        worst = tpr_at_fpr(rank_scores(-1.0 * member, member), 0.01, 0.95)
        assert (best.tpr, best.high) == (1.0, 1.0)
        assert 0.99 < best.low < 1.0
        assert (worst.tpr, worst.low) == (0.0, 0.0)
        assert 0.0 < worst.high < 0.01

    def test_silent_scores_find_nobody(self):
        member = np.arange(400) < 200
        t = tpr_at_fpr(rank_scores(np.zeros(400), member), 0.1, 0.95)
        assert (t.tpr, t.low) == (0.0, 0.0)

    @pytest.mark.parametrize("levels", [None, 2, 10])
    @pytest.mark.parametrize("fpr", [0.05, 0.1, 0.033, 0.5])
    def test_against_the_definition(self, levels, fpr):
        for seed in range(6):
            score, member = sample(seed, 80, 310, levels)
            assert tpr_at_fpr(rank_scores(score, member), fpr, 0.95).tpr == naive_tpr(score, member, fpr)

    @pytest.mark.parametrize(
        ("k", "n0"), [(10, 100), (29, 290), (30, 300), (70, 700), (10, 1000), (57, 5700)]
    )
    def test_a_rate_of_exactly_fpr_is_allowed(self, k, n0):
        # NOTE: 0.07 * 100 is 7.000000000000001 and 0.29 * 100 is 28.999999999999996; neither may matter.
        score = np.concatenate([np.arange(n0), [n0 - k - 0.5]])
        t = tpr_at_fpr(rank_scores(score, np.arange(n0 + 1) == n0), k / n0, 0.95)
        assert t.tpr == 1.0

    @pytest.mark.parametrize(
        ("n0", "fpr", "measurable"),
        [(99, 0.1, False), (100, 0.1, True), (999, 0.01, False), (1000, 0.01, True), (10_000, 0.001, True)],
    )
    def test_needs_ten_expected_false_positives(self, n0, fpr, measurable):
        score, member = sample(0, 20, n0)
        t = tpr_at_fpr(rank_scores(score, member), fpr, 0.95)
        assert t.measurable is measurable
        assert all((x is not None) is measurable for x in (t.tpr, t.low, t.high))
        assert t.fpr == fpr

    @pytest.mark.parametrize("levels", [None, 3])
    @pytest.mark.parametrize("confidence", [0.95, 0.998])
    def test_interval_against_sorted_scores(self, levels, confidence):
        score, member = sample(7, 150, 300, levels)
        x, y = score[member], np.sort(score[~member])[::-1]
        tail = (1 - confidence) / 2
        strict = max(k for k in range(1, 301) if binom.cdf(k - 1, 300, 0.1) <= RANK_SHARE * tail)
        loose = min(k for k in range(1, 301) if binom.sf(k - 1, 300, 0.1) <= RANK_SHARE * tail)
        below, above = np.sum(x > y[strict - 1]), np.sum(x > y[loose - 1])
        t = tpr_at_fpr(rank_scores(score, member), 0.1, confidence)
        low = binomial_lower(below, 150, tail - binom.cdf(strict - 1, 300, 0.1))
        high = binomial_upper(above, 150, tail - binom.sf(loose - 1, 300, 0.1))
        assert t.low == pytest.approx(float(low), rel=1e-9)
        assert t.high == pytest.approx(float(high), rel=1e-9)

    @pytest.mark.parametrize(("n1", "n0", "fpr"), [(300, 300, 0.1), (1000, 1000, 0.01), (40, 5000, 0.01)])
    @pytest.mark.parametrize("tail", [0.025, 0.001])
    def test_guarantee_holds_for_the_worst_roc_curve(self, n1, n0, fpr, tail):
        """The miss probability, computed exactly, where the curve is flat up to ``fpr`` and then jumps to 1.

        Any other curve through the same point has stochastically fewer members above the strict threshold.
        The mirror image, nothing before ``fpr`` and flat from there, is the worst for the upper limit.
        """
        strict, too_few = _strict_rank(n0, fpr, RANK_SHARE * tail)
        loose, too_many = _loose_rank(n0, fpr, RANK_SHARE * tail)
        assert too_few == pytest.approx(binom.cdf(strict - 1, n0, fpr), rel=1e-9)
        assert too_many == pytest.approx(binom.sf(loose - 1, n0, fpr), rel=1e-9)
        found = np.arange(n1 + 1)
        low, high = binomial_lower(found, n1, tail - too_few), binomial_upper(found, n1, tail - too_many)
        misses = []
        for tpr in np.linspace(0.003, 0.997, 60):
            weight = binom.pmf(found, n1, tpr)
            misses.append(too_few + (1 - too_few) * weight[low > tpr].sum())
            misses.append(too_many + (1 - too_many) * weight[high < tpr].sum())
        assert max(misses) <= tail
        assert max(misses) > 0.6 * tail  # NOTE: no slack that a narrower interval could use.

    @given(st.data(), st.sampled_from([0.3, 0.5, 0.9]), st.sampled_from([0.5, 0.95, 0.998]))
    def test_estimate_lies_inside_and_order_does_not_matter(self, samples, data, fpr, confidence):
        score, member = data.draw(samples)
        score, member = np.tile(score, 10), np.tile(member, 10)
        t = tpr_at_fpr(rank_scores(score, member), fpr, confidence)
        if not t.measurable:
            return
        assert 0.0 <= t.low <= t.tpr <= t.high <= 1.0
        assert t.tpr == naive_tpr(score, member, fpr)
        assert t == tpr_at_fpr(rank_scores(score[::-1], member[::-1]), fpr, confidence)

    @pytest.mark.parametrize("n0", [10, 11, 13, 20, 57, 100, 1003])
    @pytest.mark.parametrize("fpr", [0.01, 0.1, 0.5, 0.77, 0.999])
    def test_ranks_enclose_the_estimate(self, n0, fpr):
        allowed = max(k for k in range(n0 + 1) if k / n0 <= fpr)
        for alpha in (0.49, 0.1, 0.0125, 1e-6):
            assert _strict_rank(n0, fpr, alpha)[0] <= allowed + 1 <= _loose_rank(n0, fpr, alpha)[0]

    def test_raises(self):
        r = rank_scores(*sample(0, 50, 200))
        for fpr in (0.0, 1.0, -0.1, 10.0, float("nan")):
            with pytest.raises(UsageError, match=r"The false-positive rate .* is not between 0 and 1"):
                tpr_at_fpr(r, fpr, 0.95)
        with pytest.raises(UsageError, match=r"The confidence .* is not between 0 and 1"):
            tpr_at_fpr(r, 0.1, 95.0)

    def test_covers_quick(self, coverage):
        for p in (coverage.binormal(0.75), coverage.POPULATIONS[-3]):
            c = coverage.tpr_coverage(p, 300, 300, 0.1, draws=200)
            assert c.covered >= 0.935, p.name
            assert c.outside == 0

    @pytest.mark.slow
    @pytest.mark.parametrize(("n", "fpr"), [(300, 0.1), (1000, 0.01)])
    def test_covers(self, coverage, n, fpr):
        found = {p.name: coverage.tpr_coverage(p, n, n, fpr, 2000) for p in coverage.POPULATIONS}
        assert {name: c.covered for name, c in found.items() if c.covered < 0.95} == {}
        assert sum(c.outside for c in found.values()) == 0


class TestAdvantage:
    def test_best_and_worst(self):
        member = np.arange(400) < 200
        best = advantage(rank_scores(1.0 * member, member), np.random.default_rng(0), 0.95)
        assert (best.value, best.high, best.balanced_accuracy, best.threshold) == (1.0, 1.0, 1.0, 1.0)
        assert 0.9 < best.low < 1.0
        worst = advantage(rank_scores(-1.0 * member, member), np.random.default_rng(0), 0.95)
        assert (worst.value, worst.threshold) == (0.0, None)
        assert worst.low == pytest.approx(-worst.high)

    def test_by_hand(self):
        # One record of each kind chooses, one measures; members always win, whichever half they are in.
        r = rank_scores(np.array([4.0, 3.0, 2.0, 1.0]), np.array([True, True, False, False]))
        a = advantage(r, np.random.default_rng(3), 0.95)
        assert a.threshold in (3.0, 4.0)
        assert a.value in (0.0, 1.0)
        assert a.balanced_accuracy == (1 + a.value) / 2

    def test_infinite_scores_can_be_the_threshold(self):
        member = np.arange(100) < 50
        a = advantage(rank_scores(np.where(member, np.inf, 0.0), member), np.random.default_rng(0), 0.95)
        assert (a.threshold, a.value) == (np.inf, 1.0)

    def test_nothing_is_won_by_choosing(self):
        rng, member = np.random.default_rng(11), np.arange(120) < 60
        values = [advantage(rank_scores(rng.normal(size=120), member), rng, 0.95).value for _ in range(600)]
        assert abs(np.mean(values)) <= 3 * np.std(values) / np.sqrt(600)
        assert min(values) < -0.05

    def test_halves_are_drawn_like_records(self):
        """Each record is in the choosing half with probability 1/2, and the halves have the right size."""
        from privaudit.stats.rates import _half

        cumulative, rng = np.array([3, 4, 9]), np.random.default_rng(0)
        drawn = np.array([np.diff(_half(cumulative, rng), prepend=0) for _ in range(4000)])
        assert np.all(drawn.sum(axis=1) == 4)
        assert np.all((drawn >= 0) & (drawn <= [3, 1, 5]))
        np.testing.assert_allclose(drawn.mean(axis=0), np.array([3, 1, 5]) * 4 / 9, atol=0.06)

    @given(st.data(), st.integers(0, 99))
    def test_same_seed_same_answer_in_any_order(self, samples, data, seed):
        score, member = data.draw(samples)
        a = advantage(rank_scores(score, member), np.random.default_rng(seed), 0.95)
        b = advantage(rank_scores(score[::-1], member[::-1]), np.random.default_rng(seed), 0.95)
        assert a == b
        if isinstance(a, NotMeasurable):
            assert min(member.sum(), (~member).sum()) == 1
        else:
            assert -1.0 - 1e-12 <= a.low <= a.value <= a.high <= 1.0 + 1e-12

    def test_says_why_there_is_none(self):
        r = rank_scores(np.arange(4.0), np.arange(4) < 1)
        none = advantage(r, np.random.default_rng(0), 0.95)
        assert none == NotMeasurable(
            "a held-out threshold needs two records of each kind, and there are 1 and 3"
        )

    def test_raises(self):
        with pytest.raises(UsageError, match=r"The confidence .* is not between 0 and 1"):
            advantage(rank_scores(*sample(0, 9, 9)), np.random.default_rng(0), 1.0)

    def test_covers_quick(self, coverage):
        c = coverage.advantage_coverage(coverage.binormal(0.6), 300, 300, draws=200)
        assert c.covered >= 0.905
        assert c.outside == 0

    @pytest.mark.slow
    @pytest.mark.parametrize("n", [300, 20])
    def test_covers(self, coverage, n):
        found = {p.name: coverage.advantage_coverage(p, n, n, 2000).covered for p in coverage.POPULATIONS}
        # NOTE: nominal 95 %, conservative; one standard error of the simulation is half a point.
        assert {name: c for name, c in found.items() if c < 0.945} == {}


class TestPpv:
    @pytest.mark.parametrize(
        ("tpr", "fpr", "prior", "expected"),
        [
            (0.5, 0.01, 0.5, 50 / 51),
            (0.42, 0.01, 0.01, 0.42 / 1.41),
            (1.0, 0.0, 0.01, 1.0),
            (0.0, 0.1, 0.5, 0.0),
        ],
    )
    def test_by_hand(self, tpr, fpr, prior, expected):
        assert ppv(tpr, fpr, prior) == pytest.approx(expected)

    @given(st.floats(0.0, 1.0), st.floats(1e-9, 1.0))
    def test_chance_level_gives_the_prior(self, prior, rate):
        assert ppv(rate, rate, prior) == pytest.approx(prior, rel=1e-9, abs=1e-12)

    def test_none_when_nobody_is_called(self):
        assert ppv(0.0, 0.0, 0.5) is None
        assert ppv(0.5, 0.0, 0.0) is None

    @pytest.mark.parametrize("arguments", [(1.5, 0.1, 0.5), (0.5, -0.1, 0.5), (0.5, 0.1, 50.0)])
    def test_raises(self, arguments):
        with pytest.raises(UsageError, match="between 0 and 1"):
            ppv(*arguments)
