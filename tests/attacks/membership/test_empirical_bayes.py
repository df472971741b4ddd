"""The hierarchical prior: it finds what data were made from, and conditions as a multivariate normal does."""

import numpy as np
import pytest
from scipy.special import polygamma
from scipy.stats import t

from privaudit.attacks.membership.empirical_bayes import (
    Prior,
    expected_within,
    fit_prior,
    log_ratio,
    posterior,
    predict,
)
from privaudit.attacks.membership.reference_statistics import (
    RecordStatistics,
    as_normal,
    log_mean_probability,
    log_normal,
    log_student,
    side_of,
    variance_degrees,
)

TRUTH = Prior(np.array([-0.5, 0.7]), np.array([[1.0, 0.6], [0.6, 0.5]]), np.array([0.3, 0.1]))


def simulate(n, k, seed=0, prior=TRUTH):
    rng = np.random.default_rng(seed)
    means = rng.multivariate_normal(prior.mean, prior.between, size=n).T
    inside, member = rng.random((k, n)) < 0.5, rng.random(n) < 0.5
    draw = np.where(inside, means[1], means[0])
    values = draw + rng.normal(size=(k, n)) * np.sqrt(prior.within)[inside.astype(int)]
    target = means[member.astype(int), np.arange(n)]
    target = target + rng.normal(size=n) * np.sqrt(prior.within)[member.astype(int)]
    return values, inside, target, member


def sides(values, inside):
    return side_of(values, ~inside), side_of(values, inside)


def test_side_of_is_the_plain_mean_and_sum_of_squares():
    values, inside, _, _ = simulate(50, 6)
    side = side_of(values, inside)
    for i in range(50):
        own = values[inside[:, i], i]
        assert side.count[i] == len(own)
        if len(own):
            np.testing.assert_allclose(side.mean[i], own.mean(), rtol=1e-12)
            np.testing.assert_allclose(side.squares[i], ((own - own.mean()) ** 2).sum(), atol=1e-12)
    chosen = values[inside]
    np.testing.assert_allclose(side.grand_mean(), chosen.mean())
    np.testing.assert_allclose(side.total_variance(), chosen.var())


def test_a_side_without_values_has_no_moments():
    nothing = side_of(np.zeros((3, 4)), np.zeros((3, 4), bool))
    assert np.isnan([nothing.grand_mean(), nothing.total_variance(), nothing.pooled_variance()]).all()
    assert np.isnan(nothing.variances()).all()


def test_squares_do_not_cancel_far_from_zero():
    side = side_of(np.array([[1e9], [1e9 + 1]]), np.ones((2, 1), bool))
    assert side.squares[0] == 0.5


@pytest.mark.parametrize("k", [2, 4])
def test_the_prior_is_found_again(k):
    values, inside, target, _ = simulate(20_000, k)
    found = fit_prior(sides(values, inside), target)
    np.testing.assert_allclose(found.mean, TRUTH.mean, atol=0.03)
    np.testing.assert_allclose(found.between, TRUTH.between, atol=0.06)
    np.testing.assert_allclose(found.within, TRUTH.within, atol=0.03)


def test_one_reference_is_enough_when_the_assumed_correlation_holds():
    between = np.array([[1.0, 0.9 * np.sqrt(0.5)], [0.9 * np.sqrt(0.5), 0.5]])
    values, inside, target, _ = simulate(20_000, 1, prior=Prior(TRUTH.mean, between, TRUTH.within))
    found = fit_prior(sides(values, inside), target)
    np.testing.assert_allclose(found.between, between, atol=0.06)
    np.testing.assert_allclose(found.within, TRUTH.within, atol=0.06)


def test_posterior_is_multivariate_normal_conditioning():
    values, inside, _, _ = simulate(30, 5)
    inside[:, 0], inside[:, 1] = True, False
    known = posterior(TRUTH, sides(values, inside), TRUTH.within[:, None] * np.ones(30))
    for i in range(30):
        pick = np.eye(2)[inside[:, i].astype(int)]
        cover = pick @ TRUTH.between @ pick.T + np.diag(TRUTH.within[inside[:, i].astype(int)])
        gain = TRUTH.between @ pick.T @ np.linalg.inv(cover)
        mean = TRUTH.mean + gain @ (values[:, i] - pick @ TRUTH.mean)
        variance = TRUTH.between - gain @ pick @ TRUTH.between
        np.testing.assert_allclose(known.mean[:, i], mean, atol=1e-10)
        np.testing.assert_allclose(known.variance[:, i], variance.diagonal(), atol=1e-10)
        np.testing.assert_allclose(known.covariance[i], variance[0, 1], atol=1e-10)


def test_predictions_cover_what_they_claim():
    """95 % of new values lie in the central 95 % of their prediction, on either side."""
    values, inside, target, member = simulate(20_000, 6)
    outside, seen = predict(sides(values, inside), target)
    for prediction, mine in ((outside, ~member), (seen, member)):
        law = t(prediction.degrees, prediction.mean, np.sqrt(prediction.variance))
        inner = np.abs(law.cdf(target) - 0.5) < 0.475
        assert abs(inner[mine].mean() - 0.95) < 0.01


def test_variances_that_depend_on_the_mean_are_followed():
    rng, n, k = np.random.default_rng(0), 5000, 6
    mean = rng.normal(size=n)
    spread = np.exp(-1 - 0.8 * mean)
    values = mean + rng.normal(size=(k, n)) * np.sqrt(spread)
    side = side_of(values, np.ones((k, n), bool))
    nothing = np.zeros(n)
    prior = Prior(np.zeros(2), np.array([[1.0, 0.9], [0.9, 1.0]]), np.full(2, 0.4))
    both = RecordStatistics(nothing, nothing, nothing), side
    known = posterior(prior, both, np.full((2, n), 0.4))
    found = expected_within(side, known, 1, 0.4)
    assert np.corrcoef(np.log(found), np.log(spread))[0, 1] > 0.95
    assert (np.abs(np.log(found) - np.log(0.4)) <= 3 + 1e-9).all()


def test_a_better_ratio_than_one_record_at_a_time():
    """With two references, against the ratio that a record's own values give with the true variances."""
    from sklearn.metrics import roc_auc_score

    values, inside, target, member = simulate(5000, 2)
    out_side, in_side = sides(values, inside)
    own = log_normal(target, in_side.mean, np.full(5000, 0.1))
    own = own - log_normal(target, out_side.mean, np.full(5000, 0.3))
    both = out_side.some & in_side.some
    shared = log_ratio(values, inside, target)
    assert roc_auc_score(member[both], shared[both]) > roc_auc_score(member[both], own[both]) + 0.01


@pytest.mark.parametrize("degrees", [3.0, 12.0])
def test_the_spread_of_variances_is_found_again(degrees):
    rng, n = np.random.default_rng(1), 40_000
    variance = 0.7 * degrees / rng.chisquare(degrees, size=n)
    squares = variance * rng.chisquare(4, size=n)
    found = variance_degrees(squares, np.full(n, 4.0), np.full(n, 0.7))
    assert abs(found / degrees - 1) < 0.15


def test_equal_variances_give_many_degrees_and_few_records_the_usual():
    squares = 0.7 * np.random.default_rng(0).chisquare(4, size=20_000)
    assert variance_degrees(squares, np.full(20_000, 4.0), np.full(20_000, 0.7)) > 60
    assert variance_degrees(squares[:40], np.full(40, 4.0), np.full(40, 0.7)) == 5.0
    assert polygamma(1, 0.5) > polygamma(1, 50) > 0


def test_densities_are_those_of_scipy_up_to_a_constant():
    rng = np.random.default_rng(0)
    value, mean, variance = rng.normal(size=9), rng.normal(size=9), rng.gamma(2, size=9)
    degrees = rng.uniform(1, 30, size=9)
    difference = log_student(value, mean, variance, degrees) - t.logpdf(
        value, degrees, mean, np.sqrt(variance)
    )
    np.testing.assert_allclose(difference, 0.5 * np.log(np.pi), rtol=1e-10)


def test_as_normal_keeps_the_tail_and_never_ends():
    from scipy.stats import norm

    x = np.linspace(-6, 6, 201)
    for degrees in (3.0, 8.0, 50.0):
        np.testing.assert_allclose(norm.sf(as_normal(x, np.full(201, degrees))), t.sf(x, degrees), atol=0.004)
    assert np.isfinite(as_normal(np.array([1e150, -1e150]), np.array([5.0, 5.0]))).all()


def test_log_mean_probability_does_not_underflow():
    losses = np.array([[2000.0, 1.0], [2000.0, 3.0]])
    found = log_mean_probability(losses, np.array([[True, True], [True, False]]))
    np.testing.assert_allclose(found, [-2000.0, -1.0])
    assert log_mean_probability(losses, np.zeros((2, 2), bool)).tolist() == [-np.inf, -np.inf]
