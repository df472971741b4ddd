import numpy as np
import pytest
from scipy.stats import spearmanr

from privaudit.data.blind_classifier import fit_logistic, text_features


@pytest.fixture
def features():
    rng = np.random.default_rng(5)
    words = np.array([f"w{i}" for i in range(80)])
    texts = [" ".join(rng.choice(words, rng.integers(3, 10))) for _ in range(400)]
    return text_features(texts, np.arange(400)), rng


@pytest.mark.parametrize("share", [0.5, 0.15])
def test_batched_regressions_agree_with_scikit_learn(features, share):
    from sklearn.linear_model import LogisticRegression

    matrix, rng = features
    positive = rng.random((400, 4)) < share
    scores = matrix @ fit_logistic(matrix, positive)
    centred = matrix.toarray() - matrix.toarray().mean(axis=0)
    for column in range(4):
        exact = LogisticRegression(
            C=1.0, class_weight="balanced", fit_intercept=False, tol=1e-8, max_iter=1000
        )
        exact.fit(centred, positive[:, column])
        assert spearmanr(scores[:, column], centred @ exact.coef_[0]).statistic > 0.995


def test_words_in_one_text_only_are_left_out():
    assert text_features(["alpha beta", "alpha gamma"], np.arange(2)).shape == (2, 1 + 7)
    assert text_features(["alpha", "beta"], np.arange(2)).shape == (2, 7)
    assert text_features(["!!", "??"], np.arange(2)).shape == (2, 7)


def test_scripts_without_spaces_have_words():
    assert text_features(["今日は雨", "今日は晴れ"], np.arange(2)).shape[1] > 7
