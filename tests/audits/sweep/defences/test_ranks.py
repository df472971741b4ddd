from itertools import permutations, product
from math import log2

import numpy as np
import pytest

from privaudit.attacks.extraction.ranking import Pool
from privaudit.audits.sweep.defences.ranks import (
    RankedSecrets,
    ScoredTexts,
    describe_defence,
    find_removal,
    rank_secrets,
    unfinished,
)
from privaudit.audits.sweep.defences.variants import parse_defences
from privaudit.data.canaries.template import Slot, Template
from privaudit.results import Interval
from privaudit.training.recipe import Recipe

FILLINGS = np.array(list(product(range(5), repeat=2)))
HOLDOUT = np.array([0, 1, 0, 1])
(NONE, ALL) = parse_defences("none,all", Recipe.for_architecture("bilstm"))


TEMPLATE = Template("my pin is ", (Slot(tuple("01234"), " "), Slot(tuple("01234"))))


def texts_of(secrets, sampled=None):
    sample = None if sampled is None else FILLINGS[:sampled]
    return ScoredTexts(Pool(TEMPLATE, FILLINGS[secrets], sample), 2, HOLDOUT)


def logits_of(scores, correct=4):
    """Logits of all texts such that the margins of the fillings have the order of ``scores``."""
    n = len(scores)
    rows = np.zeros((n + len(HOLDOUT), 3), dtype=np.float32)
    rows[:n, 2] = scores
    rows[n + np.arange(4), np.where(np.arange(4) < correct, HOLDOUT, 1 - HOLDOUT)] = 1
    return rows


def favouring(filling, n=25):
    scores = np.linspace(0, 1, n)
    scores[filling] += 10.0
    return logits_of(scores)


def test_a_secret_is_ranked_under_its_own_model_and_under_every_control():
    texts = texts_of([7, 24])
    found = rank_secrets([favouring(7), favouring(3)], [favouring(24), favouring(0), favouring(7)], texts)
    assert found.ranks.tolist() == [1, 2]  # 24 is the favourite of the untouched scores, after 3
    assert found.control_ranks.tolist() == [[18, 1], [19, 2], [1, 2]]
    assert found.hamming.tolist() == [0.0, 1.0]  # 7 is (1, 2) twice; 3 is (0, 3) against (4, 4)
    assert found.accuracy.tolist() == [1.0, 1.0]


def test_whatever_ties_with_the_secret_stands_before_it():
    scores = np.zeros(25)
    scores[:4] = 1.0
    found = rank_secrets([logits_of(scores)], [], texts_of([0]))
    assert found.ranks.tolist() == [4]
    # NOTE: the favourites are (0, 0) to (0, 3), of which three differ from the secret in one of two slots.
    assert found.hamming.tolist() == [3 / 8]


def test_differences_of_rounding_are_ties():
    scores = np.zeros(25)
    scores[3] = 1e-6
    assert rank_secrets([logits_of(scores)], [], texts_of([3])).ranks.tolist() == [25]
    scores[3] = 1e-2
    assert rank_secrets([logits_of(scores)], [], texts_of([3])).ranks.tolist() == [1]


def test_without_memory_ranks_are_uniform_and_exposure_is_known():
    rng = np.random.default_rng(0)
    models = [logits_of(rng.normal(size=25)) for _ in range(400)]
    texts = texts_of(rng.integers(25, size=400))
    ranks = rank_secrets(models, [], texts).ranks
    counts = np.bincount(ranks, minlength=26)[1:]
    assert (
        (counts - 16.0) ** 2 / 16.0
    ).sum() < 45  # 99.4 % quantile of chi-square with 24 degrees of freedom


def test_a_sample_gives_a_rank_and_an_exposure_but_no_match():
    texts = texts_of([20, 21], sampled=20)
    assert (texts.n_ranked, texts.ceiling) == (21, log2(21))
    assert texts.fillings.tolist() == FILLINGS[:22].tolist()
    found = rank_secrets([favouring(20, 22), favouring(5, 22)], [favouring(1, 22)], texts)
    assert found.ranks.tolist() == [1, 2]
    assert found.control_ranks.tolist() == [[2, 2]]
    row = describe_defence(NONE, found, texts, 1.0)
    assert row.exact_matches is None
    assert row.hamming is None
    assert row.exact_match_rate.value is None
    assert "sample" in row.reason
    assert row.exposure_bits.value == pytest.approx(log2(21) - 0.5)


def test_the_numbers_of_a_defence():
    ranked = RankedSecrets(
        np.array([1, 1, 4]), np.array([[8, 2, 25], [8, 8, 25]]), np.zeros(3), np.array([0.5, 0.75, 1.0])
    )
    row = describe_defence(ALL, ranked, texts_of([0, 1, 2]), 2.5)
    assert (row.defence, row.n_models, row.n_controls) == ("all", 3, 2)
    assert row.changes["dropout"] == 0.5
    assert (row.exact_matches, row.exact_match_rate.value) == (2, pytest.approx(2 / 3))
    assert row.exact_match_rate.low == pytest.approx(0.0943, abs=1e-4)  # Clopper and Pearson for 2 of 3
    exposure = np.log2(25 / np.array([1, 1, 4]))
    control = np.log2(25 / np.array([[8, 2, 25], [8, 8, 25]])).mean(axis=0)
    assert row.exposure_bits.value == pytest.approx(exposure.mean())
    assert row.control_exposure_bits.value == pytest.approx(control.mean())
    assert row.difference_bits.value == pytest.approx((exposure - control).mean())
    assert row.difference_bits.low < row.difference_bits.value < row.difference_bits.high
    assert row.accuracy.value == 0.75
    assert row.accuracy.standard_deviation == 0.25
    assert row.ranks == (1, 1, 4)
    assert row.control_ranks == ((8, 2, 25), (8, 8, 25))
    assert 0 < row.p_value < 0.05


def test_without_controls_there_is_no_difference():
    ranked = RankedSecrets(np.array([1, 1]), np.empty((0, 2), dtype=np.int64), np.zeros(2), np.ones(2))
    row = describe_defence(ALL, ranked, texts_of([0, 1]), 1.0)
    assert row.difference_bits.value is None
    assert row.difference_bits.reason == "no control was trained"
    assert find_removal(row) is None


def test_what_was_not_finished_has_no_number():
    row = unfinished(ALL, 2, 0, 1.0, "2 of 3 models")
    numbers = (row.exact_match_rate, row.exposure_bits, row.control_exposure_bits, row.difference_bits)
    assert {part.value for part in numbers} == {None}
    assert {part.reason for part in numbers} == {"2 of 3 models"}
    assert (row.exact_matches, row.p_value, row.accuracy.value, row.ranks) == (None, None, None, ())
    assert find_removal(row) is None


@pytest.mark.parametrize(
    ("low", "value", "high", "status"),
    [(0.1, 3.0, 5.9, "remains"), (-0.4, 0.2, 0.8, "removed"), (-0.5, 0.9, 2.3, "undecided"),
     (0.1, 0.3, 0.5, "remains"), (-2.0, -1.0, 0.0, "removed")],
)  # fmt: skip
def test_the_finding_follows_from_the_interval(low, value, high, status):
    row = unfinished(ALL, 3, 2, 1.0, "").model_copy(
        update={"difference_bits": Interval(value=value, low=low, high=high)}
    )
    finding = find_removal(row)
    assert (finding.status, finding.defence, finding.margin_bits) == (status, "all", 1.0)
    assert f"{value:.1f} bits" in finding.sentence


def test_orders_that_a_model_cannot_tell_apart_all_count():
    multiset = np.array([sorted(filling) for filling in FILLINGS.tolist()])
    scores = np.where((multiset == [1, 3]).all(axis=1), 5.0, 0.0)
    secret = next(i for i, f in enumerate(FILLINGS.tolist()) if f == [3, 1])
    found = rank_secrets([logits_of(scores)], [], texts_of([secret]))
    assert found.ranks.tolist() == [len(list(permutations([1, 3])))]
    assert found.hamming.tolist() == [0.5]
