"""Curves as data: few points, and nowhere below what they stand for."""

import numpy as np
import pytest

from privaudit.accounting.curves import max_roc, sparse_roc
from privaudit.accounting.mechanism import Mechanism
from privaudit.claim_test.curves import empirical_roc, theory_curves
from privaudit.claim_test.hypothesis import hypothesis_of
from privaudit.results import Claim
from privaudit.stats.tradeoff import max_tpr_epsilon_delta, max_tpr_gaussian, mu_of_epsilon

MECHANISM = Mechanism.uniform(1.0, 0.05, 100)
CLAIM = Claim(noise_multiplier=1.0, sample_rate=0.05, steps=100, delta=1e-5, epsilon=4.0)
X = np.concatenate((np.logspace(-9, -0.31, 300), 1 - np.logspace(-9, -0.31, 300)))


def test_drawn_curves():
    curves = {c.kind: c for c in theory_curves(hypothesis_of(CLAIM, None, 1))}
    assert [k for k, c in curves.items() if c.heuristic] == ["last-iterate"]
    exact = {
        "mechanism": max_roc(MECHANISM).max_tpr(X),
        "epsilon-delta": max_tpr_epsilon_delta(X, 4.0, 1e-5),
        "gaussian": max_tpr_gaussian(X, mu_of_epsilon(4.0, 1e-5)),
    }
    for kind, allowed in exact.items():
        drawn = curves[kind]
        assert len(drawn.fpr) <= 200
        assert (drawn.fpr[0], drawn.fpr[-1], drawn.tpr[-1]) == (0, 1, 1)
        above = np.interp(X, drawn.fpr, drawn.tpr) - allowed
        assert above.min() > -1e-9
        assert (above / allowed).max() < 0.01
    assert curves["mechanism"].auc == pytest.approx(max_roc(MECHANISM).auc)


def test_curves_of_copies_and_of_schedules():
    once, thrice = (theory_curves(hypothesis_of(CLAIM, None, group))[0].auc for group in (1, 3))
    assert thrice > once
    schedule = CLAIM.model_copy(update={"noise_multiplier": None, "phases": ()})
    assert [c.kind for c in theory_curves(hypothesis_of(schedule, None, 1))] == ["epsilon-delta", "gaussian"]
    assert theory_curves(hypothesis_of(None, 1e-5, 1)) == ()


@pytest.mark.parametrize("direction", ["remove", "add", "symmetric"])
def test_the_curve_that_is_tested_is_hardly_above_the_exact_one(direction):
    exact, few = max_roc(MECHANISM, direction), sparse_roc(MECHANISM, direction)
    assert len(few.fpr) < 6000
    above = few.max_tpr(X) - exact.max_tpr(X)
    assert above.min() > -1e-10
    assert (above / exact.max_tpr(X)).max() < 5e-5


def test_bands_only_where_scores_are_independent():
    rng = np.random.default_rng(0)
    member = np.arange(400) < 200
    scores = rng.normal(size=400) + member
    assert empirical_roc(scores, member, independent=False).tpr_low == ()
    found = empirical_roc(scores, member, independent=True)
    low, tpr, high = (np.array(v) for v in (found.tpr_low, found.tpr, found.tpr_high))
    assert (low <= tpr).all()
    assert (tpr <= high).all()
    assert found.least_fpr == 0.05
