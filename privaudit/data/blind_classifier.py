"""A classifier that sees only texts: sparse features, and many logistic regressions fitted at once.

The blind baseline needs one regression per fold for the true membership and one for every permutation of it.
They share the features and differ in the targets only, so all are fitted together: one sparse product serves
every column.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Singles = NDArray[np.float32]

CHARACTERS = 20_000_000
"""Most characters read in one comparison; where texts are longer in total, each is read up to its share."""
TERMS = 50_000
"""Most words and word pairs in the features: the most frequent ones."""

# One token per CJK character, because those scripts write no spaces; a run of word characters otherwise.
_WORD = r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\W\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+"
_SURFACE_SCALE = 0.1  # about the size of a TF-IDF weight: the penalty then treats both alike
_ITERATIONS = 30
_POWER_STEPS = 15


def text_features(texts: Sequence[str], clusters: NDArray[np.int64]) -> sparse.csr_matrix:
    """TF-IDF of words and word pairs (sublinear, rows of norm 1) with a few surface features beside it.

    A word that occurs in one text only cannot carry over from one fold to another and is left out. The
    surface features (length, shares of capitals, digits, punctuation, white space and other scripts) show
    what lower-cased words hide, such as one set that was cleaned differently from the other. The number of
    near-duplicates shows that they were removed from one set only.

    Args:
        texts: n texts.
        clusters: ``[n]`` near-duplicate clusters.

    Returns:
        ``[n, V + 7]``, single precision.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    share = max(500, CHARACTERS // max(1, len(texts)))
    read = [text[:share] for text in texts]
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, min_df=2, max_features=TERMS,
        token_pattern=_WORD, dtype=np.float32,
    )  # fmt: skip
    blocks = [sparse.csr_matrix(_surface(texts, read, clusters))]
    try:
        blocks.insert(0, vectorizer.fit_transform(read))
    except ValueError as error:
        # scikit-learn has no narrower class for "no word at all" and "no word in two texts".
        if "vocabulary" not in str(error) and "no terms remain" not in str(error):
            raise
    return sparse.csr_matrix(sparse.hstack(blocks, dtype=np.float32))


def fit_logistic(features: sparse.csr_matrix, positive: NDArray[np.bool_]) -> Singles:
    """Class-balanced logistic regressions with an L2 penalty (C = 1) on centred features, one per column.

    Accelerated gradient descent with the momentum of a strongly convex problem (Nesterov 2004, scheme
    2.2.22) and a fixed number of steps: the same procedure for the true targets and for the permuted ones,
    which is what the calibration needs. Centring stands for the intercept; rankings do not depend on it.

    Args:
        features: ``[n, V]``.
        positive: ``[n, b]``: b targets.

    Returns:
        Weights ``[V, b]``; scores are ``features @ weights`` up to a constant per column.
    """
    n = features.shape[0]
    transposed = features.T.tocsr()
    mean = np.asarray(features.mean(axis=0), dtype=np.float32).ravel()
    sign = np.where(positive, np.float32(1), np.float32(-1))
    share = np.clip(positive.mean(axis=0, dtype=np.float32), 1 / n, 1 - 1 / n)
    pull = sign * np.where(positive, 0.5 / share, 0.5 / (1 - share)).astype(np.float32)
    curvature = np.float32(0.25 * np.abs(pull).max() * _largest_eigenvalue(features, transposed, mean) + 1)
    root = np.sqrt(1 / curvature)
    momentum = np.float32((1 - root) / (1 + root))
    weights = np.zeros((features.shape[1], positive.shape[1]), dtype=np.float32)
    before = weights
    for _ in range(_ITERATIONS):
        ahead = weights + momentum * (weights - before)
        margin = sign * (features @ ahead - mean @ ahead)
        residual = pull / (1 + np.exp(np.clip(margin, -50, 50)))
        ascent = transposed @ residual - np.outer(mean, residual.sum(axis=0)) - ahead
        weights, before = ahead + ascent / curvature, weights
    return weights


def _largest_eigenvalue(features: sparse.csr_matrix, transposed: sparse.csr_matrix, mean: Singles) -> float:
    """Upper estimate of the largest eigenvalue of the centred Gram matrix, by power iteration."""
    vector = np.random.default_rng(0).standard_normal(features.shape[1]).astype(np.float32)
    length = 0.0
    for _ in range(_POWER_STEPS):
        vector /= np.linalg.norm(vector)
        projected = features @ vector - mean @ vector
        vector = transposed @ projected - mean * projected.sum()
        length = float(np.linalg.norm(vector))
        if length == 0.0:
            return 0.0
    return 1.1 * length  # the iteration approaches from below


def _surface(texts: Sequence[str], read: Sequence[str], clusters: NDArray[np.int64]) -> Singles:
    """``[n, 7]`` standardised: log cluster size, log length, shares of kinds of characters."""
    rows = np.empty((len(texts), 7), dtype=np.float64)
    for row, (text, part) in enumerate(zip(texts, read, strict=True)):
        letters = sum(map(str.isalpha, part))
        kinds = (
            sum(map(str.isupper, part)),
            sum(map(str.isdigit, part)),
            len(part) - letters - sum(map(str.isdigit, part)) - sum(map(str.isspace, part)),
            sum(map(str.isspace, part)),
            sum(not character.isascii() for character in part) if not part.isascii() else 0,
        )
        rows[row, 1:] = (np.log1p(len(text)), *(kind / max(1, len(part)) for kind in kinds))
    rows[:, 0] = np.log(np.bincount(clusters)[clusters])
    spread = rows.std(axis=0)
    standard = (rows - rows.mean(axis=0)) / np.where(spread > 0, spread, 1)
    surface: Singles = (_SURFACE_SCALE * np.clip(standard, -3, 3)).astype(np.float32)
    return surface
