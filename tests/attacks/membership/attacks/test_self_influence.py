"""self-influence: the closed form against leave-one-out refits, the likelihood ratio against densities."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm, spearmanr
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score

from privaudit.attacks.membership.attacks import self_influence
from privaudit.attacks.membership.attacks.self_influence import RIDGE, leverages
from privaudit.attacks.membership.transforms import residual_norms
from privaudit.targets.interface import Head


def features_of(n, d, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, d)) * np.linspace(0.2, 3, d) * rng.gamma(2, size=(n, 1))).astype(np.float32)


@pytest.mark.parametrize("ridge", [1e-6, 1e-3, 1.0])
def test_leave_one_out_residuals_equal_those_of_refitted_ridge_regressions(ridge):
    n, d, classes = 40, 6, 3
    z = features_of(n, d).astype(np.float64)
    target = np.eye(classes)[np.random.default_rng(1).integers(classes, size=n)]
    model = Ridge(alpha=ridge * np.trace(z.T @ z) / d, fit_intercept=False, solver="cholesky")
    residual = target - model.fit(z, target).predict(z)
    predicted = residual / (1 - leverages(z, intercept=False, ridge=ridge))[:, None]
    for i in range(n):
        rest = np.arange(n) != i
        refitted = model.fit(z[rest], target[rest]).predict(z[i : i + 1])[0]
        np.testing.assert_allclose(target[i] - refitted, predicted[i], atol=1e-9)


def test_leverages_equal_the_diagonal_of_the_hat_matrix():
    z = np.hstack([features_of(300, 5), np.ones((300, 1))]).astype(np.float64)
    gram = z.T @ z
    hat = z @ np.linalg.solve(gram + RIDGE * np.trace(gram) / 6 * np.eye(6), z.T)
    np.testing.assert_allclose(leverages(z[:, :5], intercept=True), np.diag(hat), rtol=1e-9)


def test_predicts_leave_one_out_retraining_of_a_softmax_head():
    """The growth of the squared error when a record is left out, predicted and by retraining without it."""
    n, classes = 120, 3
    z = features_of(n, 8)
    scores = (
        z @ np.random.default_rng(2).normal(size=(8, classes))
        + np.random.default_rng(3).gumbel(size=(n, classes)) * 3
    )
    label = scores.argmax(axis=1)
    onehot = np.eye(classes)[label]
    head = LogisticRegression(C=1.0, max_iter=2000, tol=1e-8)
    fitted = np.linalg.norm(onehot - head.fit(z, label).predict_proba(z), axis=1)
    real = np.empty(n)
    for i in range(n):
        rest = np.arange(n) != i
        without = head.fit(z[rest], label[rest]).predict_proba(z[i : i + 1])[0]
        real[i] = np.linalg.norm(onehot[i] - without)
    predicted = fitted / (1 - leverages(z, intercept=True))
    growth, real_growth = ((after**2 - fitted**2) / 2 for after in (predicted, real))
    assert real_growth.min() > -1e-8
    assert spearmanr(growth, real_growth).statistic > 0.95
    assert np.corrcoef(growth, real_growth)[0, 1] > 0.8
    assert np.corrcoef(fitted**2, real_growth)[0, 1] < 0.5, "the residual alone would have done"


@pytest.fixture
def signals(make_signals):
    rng = np.random.default_rng(4)
    z = features_of(200, 5)
    weight = rng.normal(size=(2, 5))
    return make_signals(z @ weight.T, rng.integers(2, size=200), features=z, head=Head(weight, None))


def test_score_is_the_log_ratio_of_normal_densities(signals, context):
    """Two classes, one free number: its variance is σ²(1-h) when trained on, σ²/(1-h) when left out."""
    h = leverages(signals.features, intercept=False)
    p_y = 1 / (1 + np.exp(signals.target_logits @ [1, -1] * np.where(signals.label == 0, -1, 1)))
    residual = np.sqrt(2) * (1 - p_y)
    sigma = np.sqrt(np.mean(residual**2))
    trained_on = norm.logpdf(residual, scale=sigma * np.sqrt(1 - h))
    left_out = norm.logpdf(residual, scale=sigma / np.sqrt(1 - h))
    np.testing.assert_allclose(
        self_influence.score(signals, context), trained_on - left_out, rtol=1e-9, atol=1e-12
    )


def test_the_two_variances_are_those_of_a_gaussian_linear_model():
    """By simulation with exact fits: a training record, and a fresh record with the same features."""
    rng = np.random.default_rng(5)
    z = features_of(30, 10).astype(np.float64)
    noise = rng.normal(size=(20_000, 30))
    others = z[1:]
    h = leverages(z, intercept=False, ridge=1e-12)[0]
    hat_row = z[0] @ np.linalg.solve(z.T @ z, z.T)
    in_residual = noise[:, 0] - noise @ hat_row
    out_residual = noise[:, 0] - noise[:, 1:] @ (z[0] @ np.linalg.solve(others.T @ others, others.T))
    assert in_residual.var() == pytest.approx(1 - h, rel=0.03)
    assert out_residual.var() == pytest.approx(1 / (1 - h), rel=0.03)


def test_finds_more_members_of_an_overfit_head_than_the_residual_alone(make_signals, context):
    """The residual alone is what the loss attack sees; records of unlike leverage make the difference."""
    n, d, gains = 400, 60, []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        z = (rng.normal(size=(n, d)) * np.where(rng.random((n, 1)) < 0.5, 0.3, 2)).astype(np.float32)
        member = rng.random(n) < 0.5
        label = (z @ rng.normal(size=d) / np.sqrt(d) + rng.logistic(size=n) > 0).astype(int)
        model = LogisticRegression(max_iter=2000, fit_intercept=False).fit(z[member], label[member])
        logits = np.stack([np.zeros(n), z @ model.coef_[0]], axis=1)
        signals = make_signals(logits, label, member=member, features=z, head=Head(model.coef_, None))
        scores = self_influence.score(signals, context), -residual_norms(signals)
        influence, residual = (roc_auc_score(member, score) for score in scores)
        gains.append(influence - residual)
    assert np.mean(gains) > 3 * np.std(gains) / np.sqrt(10)


def test_a_bias_counts_as_one_more_feature(signals, context):
    biased = replace(signals, cache={}, head=Head(signals.head.weight, np.zeros(2)))
    padded = np.hstack([signals.features, np.ones((200, 1), np.float32)])
    expected = self_influence.score(replace(signals, cache={}, features=padded), context)
    np.testing.assert_allclose(self_influence.score(biased, context), expected)
    assert not np.allclose(self_influence.score(signals, context), expected)


@pytest.mark.parametrize("scale", [0.0, 1e-20, 1e15])
def test_degenerate_features_give_finite_scores(make_signals, context, scale):
    z = (features_of(30, 4) * scale).astype(np.float32)
    signals = make_signals(np.zeros((30, 3)), [0, 1, 2] * 10, features=z, head=Head(np.zeros((3, 4)), None))
    assert np.isfinite(self_influence.score(signals, context)).all()


def test_more_features_than_records(make_signals, context):
    z = features_of(20, 300)
    signals = make_signals(
        np.zeros((20, 2)), [0, 1] * 10, features=z, head=Head(np.zeros((2, 300)), np.zeros(2))
    )
    assert np.isfinite(self_influence.score(signals, context)).all()


def test_a_model_without_error_is_judged_by_leverage_alone(make_signals, context):
    z = features_of(20, 3)
    signals = make_signals([[1e4, -1e4]] * 20, [0] * 20, features=z, head=Head(np.zeros((2, 3)), None))
    expected = -np.log1p(-leverages(z, intercept=False))
    np.testing.assert_allclose(self_influence.score(signals, context), expected)


def test_missing_signals_are_an_error(make_signals, context):
    with pytest.raises(ValueError, match="needs the features"):
        self_influence.score(make_signals(np.zeros((2, 2)), [0, 1]), context)
