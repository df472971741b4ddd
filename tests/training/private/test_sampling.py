import numpy as np
import pytest
from scipy import stats

from privaudit.training.private.sampling import PoissonBatches


def test_every_subset_is_as_likely_as_with_independent_coins():
    batches, rate = PoissonBatches(5, 0.3, seed=1), 0.3
    counts = np.zeros(32)
    for _ in range(8000):
        counts[np.sum(1 << batches.draw())] += 1
    sizes = np.array([subset.bit_count() for subset in range(32)])
    expected = 8000 * rate**sizes * (1 - rate) ** (5 - sizes)
    assert stats.chisquare(counts, expected).pvalue > 1e-3


def test_sizes_vary_as_binomial_ones_do():
    batches = PoissonBatches(1000, 0.05, seed=2)
    sizes = np.array([len(batches.draw()) for _ in range(2000)])
    assert abs(sizes.mean() - 50) < 4 * np.sqrt(47.5 / 2000)
    assert 0.85 < sizes.var() / 47.5 < 1.15


def test_nobody_is_in_a_batch_twice_and_batches_may_be_empty_or_full():
    batches = PoissonBatches(40, 0.5, seed=3)
    for _ in range(50):
        batch = batches.draw()
        assert len(set(batch.tolist())) == len(batch)
        assert batch.max() < 40
    assert len(PoissonBatches(10, 1e-12, seed=0).draw()) == 0
    assert sorted(PoissonBatches(10, 1.0, seed=0).draw().tolist()) == list(range(10))


@pytest.mark.parametrize("other", [8, 7 + 2**64, 7 + 2**127])
def test_batches_follow_from_all_bits_of_the_seed(other):
    first, same, different = (PoissonBatches(1000, 0.1, seed) for seed in (7, 7, other))
    drawn = [first.draw().tolist() for _ in range(3)]
    assert drawn == [same.draw().tolist() for _ in range(3)]
    assert drawn != [different.draw().tolist() for _ in range(3)]
