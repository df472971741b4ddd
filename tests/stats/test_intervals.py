import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from privaudit.errors import UsageError
from privaudit.stats.intervals import (
    binomial_lower,
    binomial_upper,
    bonferroni,
    clopper_pearson,
    proportion_difference,
)


class TestClopperPearson:
    @pytest.mark.parametrize("confidence", [0.8, 0.95, 0.998])
    @pytest.mark.parametrize(
        ("k", "n"), [(0, 10), (1, 10), (5, 10), (10, 10), (3, 1000), (999_999, 1_000_000)]
    )
    def test_equals_scipy(self, k, n, confidence):
        low, high = clopper_pearson(k, n, confidence)
        exact = binomtest(k, n).proportion_ci(confidence, method="exact")
        assert low == pytest.approx(exact.low, rel=1e-8, abs=1e-15)
        assert high == pytest.approx(exact.high, rel=1e-9)

    def test_closed_form_at_the_ends(self):
        low, high = clopper_pearson([0, 20], 20, 0.95)
        assert low[0] == 0.0
        assert high[1] == 1.0
        assert high[0] == pytest.approx(1 - 0.025 ** (1 / 20), rel=1e-12)
        assert low[1] == pytest.approx(0.025 ** (1 / 20), rel=1e-12)

    def test_published_rates(self):
        # One-sided limits of false-positive rates at 0/1000, 5/500 (alpha 0.025) and 50/500 (alpha 0.05).
        upper = binomial_upper([0, 5, 50], [1000, 500, 500], [0.025, 0.025, 0.05])
        np.testing.assert_allclose(upper, [0.00368208, 0.02318139, 0.12486581], atol=5e-9)

    def test_broadcasts(self):
        low, high = clopper_pearson(np.arange(4)[:, None], np.array([5, 50]), 0.9)
        assert low.shape == high.shape == (4, 2)
        assert np.all(low[:, 1] <= low[:, 0] + 1e-15)

    @pytest.mark.parametrize("n", [1, 7, 40])
    def test_each_side_misses_at_most_alpha(self, n):
        p, k = np.linspace(0.001, 0.999, 301), np.arange(n + 1)
        weight = binom.pmf(k[None, :], n, p[:, None])
        low_miss = np.sum(weight * (binomial_lower(k, n, 0.05)[None, :] > p[:, None]), axis=1)
        high_miss = np.sum(weight * (binomial_upper(k, n, 0.05)[None, :] < p[:, None]), axis=1)
        assert low_miss.max() <= 0.05 + 1e-12
        assert high_miss.max() <= 0.05 + 1e-12
        assert low_miss.max() > 0.04  # NOTE: exact, so the bound is nearly reached somewhere.

    @given(st.integers(0, 60), st.integers(1, 60), st.floats(0.5, 0.999))
    def test_complement(self, k, n, confidence):
        k = min(k, n)
        low, high = clopper_pearson(k, n, confidence)
        other_low, other_high = clopper_pearson(n - k, n, confidence)
        assert low == pytest.approx(1 - other_high, abs=1e-12)
        assert high == pytest.approx(1 - other_low, abs=1e-12)
        assert low <= k / n <= high

    def test_no_trial_says_nothing(self):
        low, high = clopper_pearson(0, 0, 0.95)
        assert (low, high) == (0.0, 1.0)

    @pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5)])
    def test_raises_on_impossible_counts(self, k, n):
        with pytest.raises(ValueError, match="between 0 and the number of trials"):
            clopper_pearson(k, n, 0.95)

    @pytest.mark.parametrize("confidence", [0.0, 1.0, -0.5, 95.0, float("nan")])
    def test_raises_on_a_level_outside(self, confidence):
        with pytest.raises(UsageError, match=r"The confidence .* is not between 0 and 1"):
            clopper_pearson(1, 2, confidence)


class TestBonferroni:
    def test_by_hand(self):
        assert bonferroni(0.95, 1) == 0.95
        assert bonferroni(0.95, 25) == pytest.approx(0.998, abs=1e-12)

    @given(st.floats(0.5, 0.999), st.integers(1, 1000))
    def test_error_probabilities_add_up(self, confidence, m):
        assert m * (1 - bonferroni(confidence, m)) == pytest.approx(1 - confidence, abs=1e-10)

    @pytest.mark.parametrize("m", [0, -3])
    def test_raises_without_a_statement(self, m):
        with pytest.raises(UsageError, match="statements is not possible; it takes 1 or more"):
            bonferroni(0.95, m)


class TestProportionDifference:
    def test_by_hand(self):
        (l1, l0), (u1, u0) = clopper_pearson([56, 48], [70, 80], 0.95)
        d = proportion_difference(56, 70, 48, 80, 0.95)
        assert d.value == pytest.approx(0.2)
        assert d.low == pytest.approx(0.2 - np.hypot(0.8 - l1, u0 - 0.6))
        assert d.high == pytest.approx(0.2 + np.hypot(u1 - 0.8, 0.6 - l0))

    def test_contains_the_approximate_interval_of_newcombe(self):
        # Method 10 of Newcombe (1998) with score limits gives 0.0524 to 0.3339 for 56/70 - 48/80.
        d = proportion_difference(56, 70, 48, 80, 0.95)
        assert d.low < 0.0524
        assert d.high > 0.3339
        assert d.high - d.low < 1.1 * (0.3339 - 0.0524)

    def test_extremes_stay_inside(self):
        assert proportion_difference(9, 9, 0, 9, 0.95).high == 1.0
        assert proportion_difference(0, 9, 9, 9, 0.95).low == -1.0

    @given(st.integers(1, 30), st.integers(1, 30), st.data())
    def test_is_antisymmetric_and_ordered(self, n1, n0, data):
        k1, k0 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n0))
        d, back = proportion_difference(k1, n1, k0, n0, 0.95), proportion_difference(k0, n0, k1, n1, 0.95)
        assert -1.0 - 1e-12 <= d.low <= d.value <= d.high <= 1.0 + 1e-12
        assert d.low == pytest.approx(-back.high, abs=1e-12)

    @pytest.mark.parametrize(("n1", "n0"), [(5, 5), (20, 20), (10, 40)])
    def test_covers_exactly_computed(self, n1, n0):
        limits = [[proportion_difference(a, n1, b, n0, 0.95) for b in range(n0 + 1)] for a in range(n1 + 1)]
        low, high = (
            np.array([[getattr(i, side) for i in row] for row in limits]) for side in ("low", "high")
        )
        grid = np.linspace(0.02, 0.98, 17)
        for p1 in grid:
            for p0 in grid:
                weight = np.outer(binom.pmf(np.arange(n1 + 1), n1, p1), binom.pmf(np.arange(n0 + 1), n0, p0))
                inside = (low <= p1 - p0 + 1e-12) & (high >= p1 - p0 - 1e-12)
                assert np.sum(weight * inside) >= 0.95
