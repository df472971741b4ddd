import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2_contingency

from privaudit.data.splits import coin_split
from privaudit.errors import DataError, UsageError

quick = settings(max_examples=40, deadline=None)
names = st.lists(st.text(max_size=5), min_size=40, max_size=60, unique=True)


@pytest.mark.parametrize("holdout", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("grouped", [False, True])
def test_coins_have_the_stated_probability(holdout, grouped):
    n = 20_000
    member = coin_split([f"u{i}" for i in range(n)] if grouped else n, holdout, seed=1)
    assert binomtest(int((~member).sum()), n, holdout).pvalue > 1e-4


@pytest.mark.parametrize("grouped", [False, True])
def test_neighbours_and_seeds_are_independent(grouped):
    n = 20_000
    what = [f"u{i}" for i in range(n)] if grouped else n
    first, second = coin_split(what, 0.5, seed=1), coin_split(what, 0.5, seed=2)
    for left, right in ((first, second), (first[:-1], first[1:])):
        table = np.histogram2d(left, right, bins=2)[0]
        assert chi2_contingency(table).pvalue > 1e-4


def test_halves_are_not_exact():
    sizes = {int(coin_split(1000, 0.5, seed).sum()) for seed in range(20)}
    assert len(sizes) > 5


@quick
@given(st.integers(), st.integers(100, 200), st.integers(0, 50))
def test_a_record_coin_depends_on_seed_and_position_alone(seed, n, more):
    np.testing.assert_array_equal(coin_split(n, 0.5, seed), coin_split(n + more, 0.5, seed)[:n])


@quick
@given(names, st.randoms(use_true_random=False), st.integers(0, 2**31))
def test_a_group_coin_depends_on_seed_and_name_alone(groups, random, seed):
    shuffled = [*groups, "another group"]
    random.shuffle(shuffled)
    before = dict(zip(groups, coin_split(groups, 0.5, seed), strict=True))
    after = dict(zip(shuffled, coin_split(shuffled, 0.5, seed), strict=True))
    assert all(after[group] == coin for group, coin in before.items())


@quick
@given(names, st.data(), st.integers(0, 2**31))
def test_records_of_a_group_stay_together(groups, data, seed):
    of_records = data.draw(st.lists(st.sampled_from(groups), min_size=80, max_size=120))
    assume(len(set(of_records)) > 25)
    member = coin_split(of_records, 0.5, seed)
    assert len(set(zip(of_records, member.tolist(), strict=True))) == len(set(of_records))


@pytest.mark.parametrize("seed", [0, -1, 2**70])
def test_any_integer_is_a_seed(seed):
    np.testing.assert_array_equal(coin_split(100, 0.5, seed), coin_split(100, 0.5, seed))
    assert len(coin_split([str(i) for i in range(100)], 0.5, seed)) == 100


@pytest.mark.parametrize("holdout", [1, -0.1, 1.5, float("nan"), float("inf")])
def test_a_holdout_out_of_range_is_refused(holdout):
    with pytest.raises(UsageError, match=r"A holdout of .* is out of range"):
        coin_split(100, holdout, 0)


@pytest.mark.parametrize("what", [50, [f"u{i % 20}" for i in range(50)]])
def test_without_a_holdout_everything_is_a_member(what):
    assert coin_split(what, 0, 0).all()


@pytest.mark.parametrize("what", [0, 1, 3, [], ["a"] * 500, ["a", "b", "c"] * 100])
def test_too_few_on_a_side_is_refused(what):
    with pytest.raises(DataError, match="each side needs at least 2"):
        coin_split(what, 0.5, 0)
