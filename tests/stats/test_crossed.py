import numpy as np
import pytest

from privaudit.errors import UsageError
from privaudit.stats.crossed import jackknife_variance, mean_of_crossed
from privaudit.stats.intervals import NotMeasurable
from privaudit.stats.over_models import mean_over_models

RANGE = {"lowest": 0.0, "highest": 1.0, "confidence": 0.95}


def without_blocks(records, blocks=20):
    block = np.arange(len(records)) % blocks
    return np.array([records[block != b].mean() for b in range(blocks)])


def test_the_jackknife_of_a_mean_is_its_variance():
    rng = np.random.default_rng(0)
    found = [jackknife_variance(without_blocks(rng.normal(size=400))) for _ in range(400)]
    assert np.mean(found) == pytest.approx(1 / 400, rel=0.06)


def test_models_that_scatter_alone_have_the_interval_over_models():
    values = np.array([0.4, 0.5, 0.7])
    assert mean_of_crossed(values, np.full(20, 0.5), **RANGE) == mean_over_models(values, **RANGE)


def test_records_that_all_models_share_widen_it():
    values = np.array([0.50, 0.51, 0.52, 0.51])
    found = mean_of_crossed(values, np.linspace(0.45, 0.57, 20), **RANGE)
    narrow = mean_over_models(values, **RANGE)
    assert found.low < narrow.low < found.value == narrow.value < narrow.high < found.high


def test_it_covers_where_models_share_what_their_records_have():
    rng, hits, reps = np.random.default_rng(1), 0, 600
    for _ in range(reps):
        shared = rng.normal(0.5, 0.3, size=200)
        models = shared + rng.normal(0, 0.3, size=(8, 200))
        found = mean_of_crossed(models.mean(axis=1), without_blocks(models.mean(axis=0)), **RANGE)
        hits += found.low <= 0.5 <= found.high
    assert hits / reps >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / reps)


def test_it_stays_within_the_range_and_needs_two_models():
    found = mean_of_crossed(np.array([0.9, 1.0]), np.linspace(0.5, 1.0, 20), **RANGE)
    assert (found.low, found.high) == (0.0, 1.0)
    assert isinstance(mean_of_crossed(np.array([0.9]), np.full(20, 0.9), **RANGE), NotMeasurable)
    with pytest.raises(UsageError):
        mean_of_crossed(np.array([0.9, 0.8]), np.full(20, 0.9), **{**RANGE, "confidence": 1.0})
