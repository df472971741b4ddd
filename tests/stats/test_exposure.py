"""Exposure: closed forms, coverage by simulation, and refusals."""

from math import log2

import numpy as np
import pytest
from scipy.stats import kstest, norm, skewnorm

from privaudit.errors import UsageError
from privaudit.stats.exposure import (
    REJECT,
    Extrapolation,
    anderson_darling,
    exact_exposure,
    exact_p_value,
    extrapolated_exposure,
    match_rate,
    sampled_ceiling,
    sampled_exposure,
    sampled_p_value,
)
from privaudit.stats.intervals import NotMeasurable


class TestExact:
    def test_first_and_last(self):
        assert exact_exposure(1, 10_000) == log2(10_000)
        assert exact_exposure(10_000, 10_000) == 0
        assert exact_exposure(2, 2**20) == 19

    def test_nothing_learnt_is_log2_of_e_bits_on_average(self):
        n = 200_000
        assert np.mean([exact_exposure(rank, n) for rank in range(1, n + 1)]) == pytest.approx(
            1 / np.log(2), abs=1e-4
        )

    @pytest.mark.parametrize("rank", [0, 11, -1])
    def test_an_impossible_rank_is_a_bug(self, rank):
        with pytest.raises(ValueError, match="rank"):
            exact_exposure(rank, 10)
        with pytest.raises(ValueError, match="rank"):
            exact_p_value(rank, 10)

    def test_the_p_value_of_a_rank_is_uniform_when_nothing_was_learnt(self):
        assert [exact_p_value(rank, 4) for rank in (1, 2, 3, 4)] == [0.25, 0.5, 0.75, 1.0]


class TestSampled:
    @pytest.mark.parametrize("k", [0, 1, 7, 99, 100])
    def test_value_and_order(self, k):
        found = sampled_exposure(k, 100, 33.2, 0.95)
        assert found.value == pytest.approx(-log2(sampled_p_value(k, 100)))
        assert 0 <= found.low <= found.value <= found.high <= 33.2

    def test_a_secret_above_all_samples_reaches_the_ceiling_and_may_be_anything_above(self):
        found = sampled_exposure(0, 1023, 33.2, 0.95)
        assert found.value == sampled_ceiling(1023) == 10
        assert found.high == 33.2
        assert found.low == pytest.approx(-log2(1 - 0.025 ** (1 / 1023)))

    def test_never_more_than_the_template_has(self):
        found = sampled_exposure(0, 10_000, 4.0, 0.95)
        assert found.value == found.high == 4.0
        assert found.low <= 4.0

    def test_a_narrow_level_still_holds_the_value(self):
        found = sampled_exposure(5, 10, 20.0, 0.01)
        assert found.low <= found.value <= found.high

    def test_bad_input(self):
        with pytest.raises(UsageError, match="sample"):
            sampled_exposure(0, 0, 10, 0.95)
        with pytest.raises(UsageError, match="confidence"):
            sampled_exposure(0, 10, 10, 1.0)
        with pytest.raises(ValueError, match="between"):
            sampled_exposure(11, 10, 10, 0.95)
        with pytest.raises(ValueError, match="count"):
            sampled_p_value(11, 10)

    @pytest.mark.parametrize("rank", [1, 3, 40, 5000])
    def test_the_interval_covers_the_exact_exposure(self, rank):
        """1,000 samples of 2,000 fillings out of 10,000; at least 95 % must cover."""
        n, total, draws = 2000, 10_000, 1000
        truth = exact_exposure(rank, total)
        hits = np.random.default_rng(rank).binomial(n, rank / total, size=draws)
        covered = 0
        for k in hits:
            found = sampled_exposure(int(k), n, log2(total), 0.95)
            covered += found.low <= truth <= found.high
        assert covered / draws >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / draws)

    def test_the_p_value_is_valid(self):
        """P(p <= a) <= a for a secret drawn like the sample."""
        rng = np.random.default_rng(0)
        scores = rng.random((4000, 20))
        p = np.array([sampled_p_value(int((row[1:] >= row[0]).sum()), 19) for row in scores])
        for level in (0.05, 0.1, 0.25, 0.5):
            assert (p <= level).mean() <= level + 3 * np.sqrt(level * (1 - level) / 4000)
        assert p.min() == 0.05


class TestExtrapolated:
    def test_a_skew_normal_tail_is_read_off(self):
        scores = skewnorm.rvs(4, 1, 2, size=4000, random_state=0)
        secret = float(skewnorm.isf(2.0**-20, 4, 1, 2))
        found = extrapolated_exposure(scores, secret, 33.2)
        assert isinstance(found, Extrapolation)
        assert found.bits == pytest.approx(20, abs=1.5)
        assert found.fit_p_value >= REJECT

    def test_never_more_than_the_template_has_and_never_less_than_nothing(self):
        scores = norm.rvs(size=1000, random_state=1)
        assert extrapolated_exposure(scores, 50.0, 33.2).bits == 33.2
        assert extrapolated_exposure(scores, -50.0, 33.2).bits == 0.0

    @pytest.mark.parametrize("kind", ["two-humps", "heavy-tail", "steps"])
    def test_another_distribution_is_refused(self, kind):
        rng = np.random.default_rng(2)
        scores = {
            "two-humps": np.where(rng.random(3000) < 0.5, -3, 3) + rng.normal(size=3000),
            "heavy-tail": rng.standard_t(2, size=3000),
            "steps": rng.integers(0, 5, size=3000).astype(float),
        }[kind]
        found = extrapolated_exposure(scores, 8.0, 33.2)
        assert isinstance(found, NotMeasurable)
        assert "not skew-normal" in found.reason

    def test_a_true_fit_is_rarely_refused(self):
        refused = sum(
            isinstance(
                extrapolated_exposure(skewnorm.rvs(2, size=600, random_state=seed), 5.0, 33.2), NotMeasurable
            )
            for seed in range(40)
        )
        assert refused <= 6

    def test_too_few_or_equal_scores(self):
        assert isinstance(extrapolated_exposure(np.arange(50.0), 1.0, 10.0), NotMeasurable)
        assert "score the same" in extrapolated_exposure(np.zeros(1000), 1.0, 10.0).reason


class TestAndersonDarling:
    def test_published_critical_values(self):
        """Of the limit distribution (Stephens 1974), rounded there to three digits."""
        from privaudit.stats.exposure import _anderson_darling_cdf

        for statistic, level in ((1.933, 0.10), (2.492, 0.05), (3.070, 0.025), (3.857, 0.01)):
            assert 1 - _anderson_darling_cdf(statistic) == pytest.approx(level, abs=3e-4)
        assert _anderson_darling_cdf(1.9999999) == pytest.approx(_anderson_darling_cdf(2.0), abs=1e-5)
        assert _anderson_darling_cdf(60.0) == 1.0

    def test_p_values_are_uniform_under_the_distribution(self):
        rng = np.random.default_rng(3)
        found = []
        for _ in range(600):
            x = rng.normal(size=200)
            found.append(anderson_darling(norm.logcdf(x), norm.logsf(x)))
        assert kstest(found, "uniform").pvalue > 0.01

    def test_an_impossible_observation_refutes(self):
        assert anderson_darling(np.array([-np.inf, -0.5]), np.array([0.0, -1.0])) == 0.0


def test_the_rate_over_models_has_the_exact_interval():
    found = match_rate(5, 10, 0.95)
    assert (found.value, round(found.low, 3), round(found.high, 3)) == (0.5, 0.187, 0.813)
    assert match_rate(10, 10, 0.95).low == pytest.approx(0.6915, abs=1e-4)
    with pytest.raises(UsageError, match="model"):
        match_rate(0, 0, 0.95)
