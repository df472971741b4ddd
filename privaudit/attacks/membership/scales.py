"""Two scales for values of any kind, on which one prior fits all records.

Ranks make easy and hard records alike and do not mind outliers, but they press the highest values together,
which are the members'. Values keep those apart. Which one is better depends on the model: on held-out halves
ranks lead by up to 0.02 of AUC (SNIPS, BiLSTM) and trail by up to 9 points of TPR at 1 % FPR (CLINC150, CNN,
two references). The mean of the two log-ratios is close to the better one throughout.
"""

import numpy as np

from privaudit.targets.interface import Floats

KNOTS = 2001
"""Points at which the normal scale is stored."""


class NormalScores:
    """A rising map that makes given values standard normal, and goes on linearly beyond them."""

    def __init__(self, values: Floats) -> None:
        from scipy.special import ndtri

        ordered = np.sort(values, axis=None)
        rank = np.unique(np.linspace(0, len(ordered) - 1, KNOTS).astype(np.int64))
        score = ndtri((rank + 0.5) / len(ordered))
        # NOTE: equal values get the mean of their scores.
        self.knots, which, count = np.unique(ordered[rank], return_inverse=True, return_counts=True)
        self.scores: Floats = np.bincount(which, score) / count
        width = self.knots[-1] - self.knots[0]
        self.slope = float((self.scores[-1] - self.scores[0]) / width) if width > 0 else 1.0

    def __call__(self, values: Floats) -> Floats:
        """Scores of any shape."""
        inner = np.interp(values, self.knots, self.scores)
        above = np.maximum(values - self.knots[-1], 0.0)
        below = np.minimum(values - self.knots[0], 0.0)
        return np.asarray(inner + self.slope * (above + below))


class StandardScores:
    """Values minus the mean over the standard deviation of given ones."""

    def __init__(self, values: Floats) -> None:
        self.centre, spread = float(values.mean()), float(values.std())
        self.spread = spread if spread > 0 else 1.0

    def __call__(self, values: Floats) -> Floats:
        """Scores of any shape."""
        return (values - self.centre) / self.spread


SCALES = (NormalScores, StandardScores)
