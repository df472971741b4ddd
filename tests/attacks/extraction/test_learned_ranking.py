"""Evidence that speaks for the planted choice is found and weighed; noise is not."""

import numpy as np
import pytest
from scipy.optimize import check_grad

from privaudit.attacks.extraction.learned_ranking import (
    _additive,
    _Likelihood,
    _marginals,
    learn_ranking,
    repetition_patterns,
)

SLOTS, CANDIDATES = 3, 5


def made_up(n, seed, strength=1.5):
    """Models whose first column tells the secret with some noise, and whose second is noise."""
    rng = np.random.default_rng(seed)
    secrets = rng.integers(CANDIDATES, size=(n, SLOTS))
    evidence = rng.normal(size=(n, SLOTS, CANDIDATES, 2))
    evidence[np.arange(n)[:, None], np.arange(SLOTS), secrets, 0] += strength
    return evidence, secrets


def numbers(secrets):
    return np.ravel_multi_index(tuple(secrets.T), (CANDIDATES,) * SLOTS)


def mean_bits(scores, secrets):
    own = scores[np.arange(len(scores)), numbers(secrets)][:, None]
    return np.log2(scores.shape[1] / (1 + (scores > own).sum(1))).mean()


def test_planted_fillings_of_other_models_rank_high():
    ranking = learn_ranking(*made_up(100, 0))
    evidence, secrets = made_up(100, 1)
    _, other = made_up(100, 2)
    scores = ranking.scores(evidence)
    assert mean_bits(scores, secrets) > 4.0  # of log2(125) = 6.97
    assert mean_bits(scores, other) < 2.0  # a uniform rank gives 1.4


def test_weight_goes_to_the_column_that_tells():
    weights = learn_ranking(*made_up(200, 0)).weights
    assert weights.shape == (SLOTS, 2)
    assert (weights[:, 0] > 5 * np.abs(weights[:, 1])).all()


def test_what_is_usual_of_a_candidate_is_taken_out():
    evidence, secrets = made_up(100, 0)
    usual = np.random.default_rng(9).normal(size=(1, SLOTS, CANDIDATES, 2)) * 50
    plain, shifted = learn_ranking(evidence, secrets), learn_ranking(evidence + usual, secrets)
    np.testing.assert_allclose(shifted.scores(evidence + usual), plain.scores(evidence), atol=1e-6)


def test_units_of_the_evidence_do_not_matter():
    evidence, secrets = made_up(60, 0)
    units = np.array([1e-3, 1e4])
    plain, other = learn_ranking(evidence, secrets), learn_ranking(evidence * units, secrets)
    np.testing.assert_allclose(other.scores(evidence * units), plain.scores(evidence), atol=1e-3)


def test_repeated_choices_are_discounted_when_evidence_is_of_presence():
    """Evidence that only tells whether a candidate occurs counts once, not once for each slot."""
    rng = np.random.default_rng(0)
    secrets = rng.integers(CANDIDATES, size=(400, SLOTS))
    present = (secrets[:, :, None] == np.arange(CANDIDATES)).any(1)
    of_words = 2.0 * present + rng.normal(size=present.shape)
    evidence = np.repeat(of_words[:, None, :, None], SLOTS, axis=1)
    ranking = learn_ranking(evidence, secrets)
    pattern = repetition_patterns(SLOTS, CANDIDATES)
    all_different, all_same = pattern[numbers(np.array([[0, 1, 2]]))[0]], pattern[0]
    assert ranking.repetition[all_different] > ranking.repetition[all_same] + 1.0


def test_gradient_is_that_of_the_likelihood():
    likelihood = _Likelihood(*made_up(7, 3), 3.0)
    start = np.random.default_rng(0).normal(size=(SLOTS + 1) * 2 + likelihood.n_patterns)
    assert check_grad(lambda x: likelihood(x)[0], lambda x: likelihood(x)[1], start) < 1e-4


def test_patterns_agree_with_counting():
    pattern = repetition_patterns(4, 3)
    fillings = np.stack(np.unravel_index(np.arange(81), (3,) * 4), axis=1)
    counted = [tuple(sorted(np.bincount(f, minlength=3))) for f in fillings]
    assert len(set(zip(pattern.tolist(), counted, strict=True))) == len(set(counted)) == len(set(pattern))


def test_sums_and_marginals_follow_the_numbers_of_fillings():
    slots = np.random.default_rng(0).normal(size=(2, 3, 4))
    fillings = np.stack(np.unravel_index(np.arange(64), (4,) * 3), axis=1)
    expected = slots[:, np.arange(3), fillings].sum(2)
    np.testing.assert_allclose(_additive(slots), expected)
    share = np.random.default_rng(1).dirichlet(np.ones(64), size=2)
    for s in range(3):
        for c in range(4):
            np.testing.assert_allclose(_marginals(share, 4)[:, s, c], share[:, fillings[:, s] == c].sum(1))


@pytest.mark.parametrize("flaw", ["one model", "shape", "nan", "penalty"])
def test_what_cannot_be_learned_from_is_refused(flaw):
    evidence, secrets = made_up(5, 0)
    penalty = 0.0 if flaw == "penalty" else 3.0
    if flaw == "one model":
        evidence, secrets = evidence[:1], secrets[:1]
    if flaw == "shape":
        secrets = secrets[:, :2]
    if flaw == "nan":
        evidence[0, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="needs finite evidence"):
        learn_ranking(evidence, secrets, penalty=penalty)
