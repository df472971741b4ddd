import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privaudit.errors import DataError, UsageError
from privaudit.stats.auc import auc, auc_interval, auc_within
from privaudit.stats.intervals import ConfidenceInterval, NotMeasurable
from privaudit.stats.ranked import rank_scores


def naive_auc(score, member):
    x, y = score[member][:, None], score[~member][None, :]
    return np.mean((x > y) + 0.5 * (x == y))


def naive_delong(score, member):
    """Variance of the area from the matrix of all pairs, as DeLong et al. write it."""
    x, y = score[member][:, None], score[~member][None, :]
    wins = (x > y) + 0.5 * (x == y)
    return wins.mean(1).var(ddof=1) / wins.shape[0] + wins.mean(0).var(ddof=1) / wins.shape[1]


def sample(seed, n1=40, n0=60, levels=None, shift=0.5):
    rng = np.random.default_rng(seed)
    member = rng.permutation(np.arange(n1 + n0) < n1)
    score = rng.normal(size=n1 + n0) + shift * member
    return (score if levels is None else np.floor(score * levels)), member


class TestAuc:
    def test_by_hand(self):
        # Pairs won: 3 beats 2 and 1; 2 ties with 2 and beats 1; 0 beats none: (2 + 1.5 + 0) / 6.
        r = rank_scores(np.array([3.0, 2.0, 0.0, 2.0, 1.0]), np.array([True, True, True, False, False]))
        assert auc(r) == 3.5 / 6

    @pytest.mark.parametrize(("sign", "expected"), [(1.0, 1.0), (-1.0, 0.0), (0.0, 0.5)])
    def test_best_worst_and_silent(self, sign, expected):
        member = np.arange(9) < 4
        assert auc(rank_scores(sign * member, member)) == expected

    @pytest.mark.parametrize("levels", [None, 1, 3, 20])
    def test_equals_scikit_learn(self, levels):
        from sklearn.metrics import roc_auc_score

        for seed in range(5):
            score, member = sample(seed, 400, 700, levels)
            assert auc(rank_scores(score, member)) == pytest.approx(roc_auc_score(member, score), abs=1e-12)

    @given(st.data())
    def test_against_all_pairs(self, samples, data):
        score, member = data.draw(samples)
        assert auc(rank_scores(score, member)) == pytest.approx(naive_auc(score, member), abs=1e-12)

    @given(st.data())
    def test_complement(self, samples, data):
        score, member = data.draw(samples)
        value = auc(rank_scores(score, member))
        assert auc(rank_scores(-score, member)) == pytest.approx(1 - value, abs=1e-15)
        assert auc(rank_scores(score, ~member)) == pytest.approx(1 - value, abs=1e-15)

    def test_large_samples_do_not_overflow(self):
        n = 1_000_000
        score, member = np.arange(n) // 2, np.arange(n) % 2 == 0
        assert auc(rank_scores(score, member)) == 0.5
        assert auc(rank_scores(1.0 * member, member)) == 1.0


class TestAucInterval:
    @pytest.mark.parametrize("levels", [None, 1, 4])
    def test_is_the_score_interval_on_the_effective_number(self, levels):
        from scipy.stats import t

        score, member = sample(3, 40, 60, levels)
        a, v, m = naive_auc(score, member), naive_delong(score, member), 40
        x, y = score[member][:, None], score[~member][None, :]
        wins = (x > y) + 0.5 * (x == y)
        parts = wins.mean(1).var(ddof=1) / 40, wins.mean(0).var(ddof=1) / 60
        freedom = v**2 / (parts[0] ** 2 / 39 + parts[1] ** 2 / 59)
        z, effective = t.ppf(0.975, freedom), m * (1 + 4 * m * a * (1 - a)) / (1 + 4 * m**2 * v)
        interval = auc_interval(rank_scores(score, member), 0.95)
        for limit in (interval.low, interval.high):
            assert (limit - a) ** 2 == pytest.approx(z**2 * limit * (1 - limit) / effective, rel=1e-9)
        assert interval.low < a < interval.high

    def test_tends_to_the_delong_interval(self):
        score, member = sample(1, 20_000, 30_000)
        v = naive_delong_large(score, member)
        interval = auc_interval(rank_scores(score, member), 0.95)
        assert interval.high - interval.low == pytest.approx(2 * 1.959964 * np.sqrt(v), rel=1e-3)

    @pytest.mark.parametrize("m", [1, 5, 300])
    def test_perfect_order_gives_the_exact_bound(self, m):
        member = np.arange(2 * m + 7) < m
        best = auc_interval(rank_scores(1.0 * member, member), 0.95)
        worst = auc_interval(rank_scores(-1.0 * member, member), 0.95)
        assert best.value == best.high == 1.0
        assert best.low <= 0.025 ** (1 / m) < 1.0
        assert best.low > 0.0
        assert (worst.value, worst.low) == (0.0, 0.0)
        assert worst.high == pytest.approx(1 - best.low, abs=1e-12)

    def test_silent_scores_keep_a_width(self):
        member = np.arange(200) < 100
        interval = auc_interval(rank_scores(np.zeros(200), member), 0.95)
        assert interval.low < 0.5 < interval.high
        assert interval.high - interval.low < 0.05

    def test_one_swapped_pair_is_not_wider_than_none(self):
        member = np.arange(40) < 20
        score = np.where(member, 1.0, -1.0) + np.arange(40) / 1000
        perfect = auc_interval(rank_scores(score, member), 0.95)
        score[39] = 1.0005  # NOTE: above one member.
        nearly = auc_interval(rank_scores(score, member), 0.95)
        assert nearly.value == 1 - 1 / 400
        assert nearly.low == pytest.approx(perfect.low, abs=0.05)
        assert nearly.high > 0.9999

    @given(st.data(), st.sampled_from([0.5, 0.95, 0.998]))
    def test_ordered_inside_and_symmetric(self, samples, data, confidence):
        score, member = data.draw(samples)
        interval = auc_interval(rank_scores(score, member), confidence)
        mirror = auc_interval(rank_scores(-score, member), confidence)
        assert 0.0 <= interval.low <= interval.value <= interval.high <= 1.0
        assert interval.low < interval.high
        assert interval.low == pytest.approx(1 - mirror.high, abs=1e-9)
        assert interval.high == pytest.approx(1 - mirror.low, abs=1e-9)

    @given(st.data())
    def test_grows_with_confidence(self, samples, data):
        score, member = data.draw(samples)
        r = rank_scores(score, member)
        narrow, wide = auc_interval(r, 0.9), auc_interval(r, 0.998)
        assert wide.low <= narrow.low
        assert wide.high >= narrow.high

    def test_one_member_says_almost_nothing(self):
        score, member = sample(0, 1, 200)
        interval = auc_interval(rank_scores(score, member), 0.95)
        assert interval.high - interval.low > 0.95

    @pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
    def test_raises(self, confidence):
        with pytest.raises(UsageError, match=r"The confidence .* is not between 0 and 1"):
            auc_interval(rank_scores(*sample(0)), confidence)

    def test_covers_quick(self, coverage):
        for p in (coverage.binormal(0.5), coverage.binormal(0.9), coverage.POPULATIONS[-1]):
            c = coverage.auc_coverage(p, 300, 300, draws=200)
            assert c.covered >= 0.905, p.name  # NOTE: three standard errors below 95 %.
            assert c.outside == 0

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("n1", "n0", "confidence", "least", "most"),
        [
            (300, 300, 0.95, 0.935, 0.97),
            (300, 300, 0.998, 0.995, 1.0),
            (30, 30, 0.95, 0.935, 1.0),
            (10, 10, 0.95, 0.935, 1.0),
            (10, 300, 0.95, 0.935, 1.0),
        ],
    )
    def test_covers(self, coverage, n1, n0, confidence, least, most):
        found = {
            p.name: coverage.auc_coverage(p, n1, n0, 2000, confidence).covered for p in coverage.POPULATIONS
        }
        assert {n: c for n, c in found.items() if not least <= c <= most} == {}


def naive_delong_large(score, member):
    """DeLong's variance through sorted copies, for samples whose matrix of pairs is too large."""
    x, y = np.sort(score[member]), np.sort(score[~member])
    return (np.searchsorted(y, x) / len(y)).var(ddof=1) / len(x) + (np.searchsorted(x, y) / len(x)).var(
        ddof=1
    ) / len(y)


class TestAucWithin:
    def test_by_hand(self):
        # Stratum 7: one pair, won. Stratum 9: member 5 beats 1 of 2, member 0 beats none: 1/4 of 4 pairs.
        score = np.array([2.0, 1.0, 5.0, 0.0, 6.0, 3.0, 9.0])
        member = np.array([True, False, True, True, False, False, True])
        stratum = np.array([7, 7, 9, 9, 9, 9, 4])
        within = auc_within(score, member, stratum).interval(0.95)
        assert isinstance(within, ConfidenceInterval)
        assert within.value == (1 * 1.0 + 4 * 0.25) / 5

    def test_removes_a_difference_between_strata(self):
        rng = np.random.default_rng(2)
        stratum = rng.integers(0, 2, 4000)
        member = rng.random(4000) < np.where(stratum, 0.9, 0.1)
        score = 3.0 * stratum + rng.normal(size=4000)
        assert auc(rank_scores(score, member)) > 0.85
        within = auc_within(score, member, stratum).interval(0.99)
        assert within.low < 0.5 < within.high

    def test_one_stratum_is_the_plain_area(self):
        score, member = sample(4)
        plain = auc_interval(rank_scores(score, member), 0.95)
        assert auc_within(score, member, np.full(100, -3)).interval(0.95) == plain

    @given(st.data(), st.integers(1, 5))
    def test_against_all_pairs(self, samples, data, strata):
        score, member = data.draw(samples)
        stratum = np.array(
            data.draw(st.lists(st.integers(-1, strata), min_size=len(score), max_size=len(score)))
        )
        won = pairs = 0.0
        for c in set(stratum.tolist()):
            in_stratum = stratum == c
            n = np.sum(member & in_stratum) * np.sum(~member & in_stratum)
            if n:
                won, pairs = won + n * naive_auc(score[in_stratum], member[in_stratum]), pairs + n
        within = auc_within(score, member, stratum).interval(0.95)
        if pairs:
            assert within.value == pytest.approx(won / pairs, abs=1e-12)
            assert 0.0 <= within.low <= within.value <= within.high <= 1.0
            assert within.low < within.high
        else:
            assert isinstance(within, NotMeasurable)

    def test_many_strata_of_one_pair_are_not_overconfident(self):
        # 50 strata of one member and one non-member, 30 won: about a binomial proportion of 30/50.
        won = np.arange(50) < 30
        score = np.concatenate([np.where(won, 1.0, -1.0), np.zeros(50)])
        within = auc_within(score, np.arange(100) < 50, np.tile(np.arange(50), 2)).interval(0.95)
        assert within.value == pytest.approx(0.6)
        assert 0.25 < within.high - within.low < 0.31

    def test_unscored_records_are_dropped(self):
        score, member = sample(5)
        stratum = np.arange(100) % 3
        kept = np.arange(100) % 7 != 0
        with_nan = np.where(kept, score, np.nan)
        assert auc_within(with_nan, member, stratum).interval(0.95) == auc_within(
            score[kept], member[kept], stratum[kept]
        ).interval(0.95)

    @pytest.mark.parametrize("score", [[1.0, 2.0], [np.nan, np.nan], []])
    def test_says_why_there_is_none(self, score):
        n = len(score)
        none = auc_within(np.array(score), np.arange(n) < 1, np.arange(n)).interval(0.95)
        assert none == NotMeasurable("no class holds members and non-members")

    def test_raises(self):
        with pytest.raises(DataError, match="Give columns of one length"):
            auc_within(np.zeros(3), np.zeros(3, bool), np.zeros(2, int)).interval(0.95)
        with pytest.raises(UsageError, match=r"The confidence .* is not between 0 and 1"):
            auc_within(np.zeros(3), np.zeros(3, bool), np.zeros(3, int)).interval(1.5)

    def test_covers_quick(self, coverage):
        assert coverage.within_coverage(coverage.binormal(0.6), 10, 60.0, draws=150).covered >= 0.9

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("strata", "size", "draws", "least"),
        [(10, 60.0, 2000, 0.935), (150, 4.0, 300, 0.92), (300, 2.0, 300, 0.92)],
    )
    def test_covers(self, coverage, strata, size, draws, least):
        kinds = coverage.POPULATIONS[1], coverage.POPULATIONS[4], coverage.POPULATIONS[-3]
        found = {p.name: coverage.within_coverage(p, strata, size, draws).covered for p in kinds}
        assert {n: c for n, c in found.items() if c < least} == {}
