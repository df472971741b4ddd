"""The quantile attack: the regression it says it is, on the records it says, and no bias."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from privaudit.attacks.membership.draws import calibration_records
from privaudit.attacks.membership.registry import membership_attacks
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext
from privaudit.attacks.membership.transforms import margins, wrong_class_entropies

QUANTILE = membership_attacks()["quantile"]
LOSS = membership_attacks()["loss"]


def make(n=1200, classes=6, effect=1.5, seed=0) -> Signals:
    """Hard classes, and long texts that are easier: both hide membership from one threshold."""
    rng = np.random.default_rng(seed)
    label, member = rng.integers(classes, size=n), rng.random(n) < 0.5
    length = rng.integers(2, 40, size=n)
    logits = rng.normal(size=(n, classes))
    logits[np.arange(n), label] += 2.0 * label + 2 * np.log(length) + effect * member
    return Signals([f"r{i}" for i in range(n)], member, label, logits, word_counts=length)


def joint_ridge(x, label, y, classes):
    """Fitted values for all records from a penalised least squares on those where y is known."""
    known = ~np.isnan(y)
    design = np.hstack([x, np.eye(classes)[label]])
    penalty = np.diag([1e-6] * x.shape[1] + [10.0] * classes)
    a = design[known]
    return design @ np.linalg.solve(a.T @ a + penalty, a.T @ y[known])


def test_it_is_the_regression_written_out():
    signals, seed = make(), 5
    half = calibration_records(seed, "quantile", signals.ids, signals.label, None)
    fit = half & ~signals.member
    numbers = np.column_stack([wrong_class_entropies(signals), np.log1p(signals.word_counts)])
    numbers = np.clip((numbers - numbers[fit].mean(0)) / numbers[fit].std(0), -5, 5)
    x, margin = np.column_stack([np.ones(1200), numbers]), margins(signals)
    rest = margin - joint_ridge(x, signals.label, np.where(fit, margin, np.nan), 6)
    floor = 1e-6 * (rest[fit] ** 2).mean() + 1e-12
    spread = joint_ridge(x, signals.label, np.where(fit, np.log(rest**2 + floor), np.nan), 6)
    expected = np.where(half, np.nan, rest / np.exp(spread / 2))
    np.testing.assert_allclose(QUANTILE.score(signals, AttackContext(seed)), expected, rtol=1e-8)


def test_it_beats_one_threshold_where_records_differ():
    signals = make()
    score = QUANTILE.score(signals, AttackContext(0))
    scored = ~np.isnan(score)
    loss = LOSS.score(signals, AttackContext(0))
    found = roc_auc_score(signals.member[scored], score[scored])
    assert found > roc_auc_score(signals.member[scored], loss[scored]) + 0.1


@pytest.mark.parametrize("classes", [6, 100])
def test_it_is_unbiased_where_fitting_on_other_folds_would_not_be(classes):
    """300 draws of a membership that means nothing; few records per class, where bias would be largest."""
    rng, found = np.random.default_rng(0), []
    signals = make(n=400, classes=classes, effect=0.0)
    for seed in range(300):
        member = rng.random(400) < 0.5
        unrelated = Signals(signals.ids, member, signals.label, signals.target_logits)
        score = QUANTILE.score(unrelated, AttackContext(seed))
        scored = ~np.isnan(score)
        found.append(roc_auc_score(member[scored], score[scored]))
    assert abs(np.mean(found) - 0.5) < 4 * np.std(found) / np.sqrt(300)


def test_groups_stay_together_and_no_nonmember_means_no_score():
    signals = make(n=200)
    groups = [f"g{i % 50}" for i in range(200)]
    grouped = Signals(signals.ids, signals.member, signals.label, signals.target_logits, groups=groups)
    score = QUANTILE.score(grouped, AttackContext(0))
    nan_of = np.isnan(score).reshape(4, 50)
    assert (nan_of.all(0) | ~nan_of.any(0)).all()
    assert nan_of.any()
    assert not nan_of.all()
    everyone = Signals(signals.ids, np.ones(200, bool), signals.label, signals.target_logits)
    assert np.isnan(QUANTILE.score(everyone, AttackContext(0))).all()
