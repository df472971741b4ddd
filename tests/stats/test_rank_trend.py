from itertools import permutations

import numpy as np
import pytest
from scipy.stats import spearmanr

from privaudit.stats.rank_trend import MOST_ORDERS, rising_p_value, spearman


def test_the_correlation_is_scipys():
    rng = np.random.default_rng(0)
    for n in (2, 3, 7, 30):
        x, y = rng.normal(size=n), rng.integers(0, 4, size=n).astype(float)
        if len(set(y.tolist())) > 1:
            assert spearman(x, y) == pytest.approx(spearmanr(x, y).statistic)


@pytest.mark.parametrize(("x", "y"), [([1.0, 2.0], [3.0, 3.0]), ([1.0], [1.0]), ([2.0, 2.0], [0.0, 1.0])])
def test_what_does_not_vary_has_no_correlation(x, y):
    assert spearman(np.array(x), np.array(y)) is None
    assert rising_p_value(np.array(x), np.array(y), np.random.default_rng(0)) is None


def test_a_perfect_order_of_five_has_one_order_of_120():
    x = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    assert rising_p_value(x, x**2, np.random.default_rng(0)) == pytest.approx(1 / 120)
    assert rising_p_value(x, -x, np.random.default_rng(0)) == 1.0


def test_the_p_value_counts_orders_one_by_one():
    x, y = np.array([1.0, 2.0, 3.0, 5.0]), np.array([0.1, 0.4, 0.3, 0.4])
    observed = spearman(x, y)
    share = np.mean([spearman(x, np.array(order)) >= observed - 1e-12 for order in permutations(y)])
    assert rising_p_value(x, y, np.random.default_rng(0)) == pytest.approx(share)


def test_many_points_take_a_sample_of_orders_that_holds_the_observed_one():
    x = np.arange(12.0)
    assert rising_p_value(x, x, np.random.default_rng(0)) == pytest.approx(1 / MOST_ORDERS)


def test_the_test_keeps_its_level():
    rng = np.random.default_rng(1)
    x = np.arange(5.0)
    p = np.array([rising_p_value(x, rng.normal(size=5), rng) for _ in range(2000)])
    for level in (0.05, 0.2, 0.5):
        assert (p <= level).mean() <= level + 3 * np.sqrt(level * (1 - level) / len(p))
