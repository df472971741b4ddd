"""Draws that belong to a record."""

import numpy as np
from scipy.stats import binomtest

from privaudit.attacks.membership.draws import calibration_half, record_rng

IDS = [f"file:{i}" for i in range(4000)]


def test_half_of_every_class_calibrates():
    stratum = np.arange(4000) % 7
    chosen = calibration_half(0, "x", IDS, stratum)
    for label in range(7):
        assert chosen[stratum == label].sum() == (stratum == label).sum() // 2


def test_a_record_keeps_its_half_in_any_order():
    stratum = np.arange(4000) % 7
    chosen = calibration_half(0, "x", IDS, stratum)
    order = np.random.default_rng(0).permutation(4000)
    np.testing.assert_array_equal(
        calibration_half(0, "x", [IDS[i] for i in order], stratum[order]), chosen[order]
    )


def test_seed_and_purpose_change_the_half():
    stratum = np.zeros(4000, dtype=np.int64)
    base = calibration_half(0, "x", IDS, stratum)
    for other in (calibration_half(1, "x", IDS, stratum), calibration_half(0, "y", IDS, stratum)):
        assert binomtest(int((other == base).sum()), 4000).pvalue > 1e-4


def test_the_half_is_a_fair_coin_for_neighbouring_ids():
    chosen = calibration_half(5, "x", IDS, np.zeros(4000, dtype=np.int64))
    assert binomtest(int((chosen[1:] == chosen[:-1]).sum()), 3999).pvalue > 1e-4


def test_small_and_empty_strata():
    assert not calibration_half(0, "x", ["only"], np.array([3])).any()
    assert calibration_half(0, "x", [], np.array([], dtype=np.int64)).shape == (0,)


def test_generators_differ_by_record_and_repeat():
    draw = [record_rng(0, "x", record).random() for record in ("a", "b", "a")]
    assert draw[0] == draw[2] != draw[1]


def test_ids_with_lone_surrogates_are_accepted():
    assert record_rng(0, "x", "\ud800").random() < 1
