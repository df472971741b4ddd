"""class-threshold: what it may read of the membership, and chance level without a leak."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from privaudit.attacks.membership.attacks import class_threshold, margin
from privaudit.attacks.membership.draws import calibration_half
from privaudit.attacks.membership.spec import AttackContext

SHIFT = np.array([0.0, 6.0, -6.0])


def two_class_logits(margins):
    return np.stack([margins, np.zeros_like(margins), np.full_like(margins, -1e3)], axis=1)


@pytest.fixture
def leaky(make_signals):
    """Three classes of unlike difficulty; members of each have margins one higher."""
    rng = np.random.default_rng(0)
    label, member = rng.integers(3, size=1200), rng.random(1200) < 0.5
    wanted = SHIFT[label] + member + rng.normal(size=1200)
    logits = np.zeros((1200, 3))
    logits[np.arange(1200), label] = wanted + np.log(2)
    return make_signals(logits, label, member=member)


def auc(signals, score):
    scored = ~np.isnan(score)
    return roc_auc_score(signals.member[scored], score[scored])


def test_the_calibration_half_is_not_scored(leaky, context):
    expected = calibration_half(0, "class-threshold", leaky.ids, leaky.label)
    np.testing.assert_array_equal(np.isnan(class_threshold.score(leaky, context)), expected)


def test_scores_are_margins_minus_the_midpoint_of_class_medians(leaky, context):
    score, phi = class_threshold.score(leaky, context), margin.score(leaky, context)
    calibrates = np.isnan(score)
    for label in range(3):
        half = calibrates & (leaky.label == label)
        midpoint = (np.median(phi[half & leaky.member]) + np.median(phi[half & ~leaky.member])) / 2
        rest = ~calibrates & (leaky.label == label)
        np.testing.assert_allclose(score[rest], phi[rest] - midpoint)


def test_classes_of_unlike_difficulty_become_comparable(leaky, context):
    assert auc(leaky, margin.score(leaky, context)) < 0.6
    assert auc(leaky, class_threshold.score(leaky, context)) > 0.7


def test_membership_of_scored_records_is_never_read(leaky, context):
    score = class_threshold.score(leaky, context)
    flipped = replace(leaky, member=np.where(np.isnan(score), leaky.member, ~leaky.member))
    np.testing.assert_array_equal(class_threshold.score(flipped, context), score)


def test_records_of_a_group_stay_on_one_side(leaky, context):
    groups = [f"user-{i % 150}" for i in range(1200)]
    member = np.arange(1200) % 150 < 75
    grouped = replace(leaky, groups=groups, member=member)
    score = class_threshold.score(grouped, context)
    calibrating = {g for g, value in zip(groups, score, strict=True) if np.isnan(value)}
    scored = {g for g, value in zip(groups, score, strict=True) if not np.isnan(value)}
    assert calibrating.isdisjoint(scored)
    assert (len(calibrating), len(scored)) == (75, 75)
    flipped = np.array([m if g in calibrating else not m for m, g in zip(member, groups, strict=True)])
    np.testing.assert_array_equal(class_threshold.score(replace(grouped, member=flipped), context), score)


def test_small_classes_take_the_threshold_of_all(make_signals, context):
    rng = np.random.default_rng(1)
    label = np.r_[np.zeros(400, dtype=int), np.ones(8, dtype=int)]
    signals = make_signals(two_class_logits(rng.normal(size=408)), label)
    score, phi = class_threshold.score(signals, context), margin.score(signals, context)
    half = np.isnan(score)
    pooled = (np.median(phi[half & signals.member]) + np.median(phi[half & ~signals.member])) / 2
    rare = (label == 1) & ~half
    np.testing.assert_allclose(score[rare], phi[rare] - pooled)


@pytest.mark.parametrize("member", [np.ones(30, dtype=bool), np.zeros(30, dtype=bool)])
def test_one_kind_of_records_cannot_be_calibrated(make_signals, context, member):
    signals = make_signals(np.random.default_rng(0).normal(size=(30, 3)), [0, 1, 2] * 10, member=member)
    assert np.isnan(class_threshold.score(signals, context)).all()


@pytest.mark.parametrize("exact_half", [False, True])
@pytest.mark.parametrize("classes", [2, 60])
def test_no_bias_without_a_leak(make_signals, classes, exact_half):
    """With exact halves the calibration half tells of the rest; the threshold must not pass it on."""
    rng, n, found = np.random.default_rng(classes), 600, []
    for seed in range(100):
        label = rng.integers(classes, size=n)
        member = rng.permutation(n) < n // 2 if exact_half else rng.random(n) < 0.5
        signals = make_signals(rng.normal(size=(n, classes)) * 3, label, member=member)
        found.append(auc(signals, class_threshold.score(signals, AttackContext(seed))))
    assert abs(np.mean(found) - 0.5) < 4 * np.std(found) / np.sqrt(100)
