"""Signals and targets that are small enough to see through."""

from collections.abc import Sequence

import numpy as np
import pytest

from privaudit.progress import SILENT, Progress
from privaudit.targets.interface import Access, Head, ModelInfo, Outputs, ScoreTable

INFO = ModelInfo("state-dict", "Keywords", "made in the test", ())


class Keywords:
    """A linear classifier on counts of known words; logs every text that it is asked about."""

    info = INFO

    def __init__(
        self, words: Sequence[str], classes: int = 3, seed: int = 0, access: Access = Access.WEIGHTS
    ):
        self.words = {word: i for i, word in enumerate(words)}
        self.labels = tuple(f"class-{i}" for i in range(classes))
        self.access = access
        self.asked: list[str] = []
        self.weight = np.random.default_rng(seed).normal(size=(classes, len(words)))

    def outputs(
        self, texts: Sequence[str], *, features: bool = False, progress: Progress = SILENT
    ) -> Outputs:
        self.asked.extend(texts)
        progress.start("model outputs", len(texts))
        counts = np.zeros((len(texts), len(self.words)), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.split():
                if word in self.words:
                    counts[row, self.words[word]] += 1
            progress.advance()
        return Outputs(counts @ self.weight.T, counts if features else None)


class WhiteBox(Keywords):
    """The same with everything that a bundle gives."""

    def head(self) -> Head | None:
        return Head(self.weight, None)

    def gradient_norms(self, texts, labels, *, progress: Progress = SILENT):
        outputs = self.outputs(texts, features=True, progress=progress)
        p = np.exp(outputs.logits)
        p /= p.sum(1, keepdims=True)
        p[np.arange(len(texts)), labels] -= 1
        return np.linalg.norm(p, axis=1) * np.linalg.norm(outputs.features, axis=1)

    def unknown_words(self, texts):
        split = [text.split() for text in texts]
        unknown = [sum(word not in self.words for word in words) for words in split]
        return np.array(unknown), np.array([len(words) for words in split])


@pytest.fixture
def words() -> list[str]:
    return [f"w{i}" for i in range(12)]


@pytest.fixture
def texts(words) -> list[str]:
    rng = np.random.default_rng(3)
    return [" ".join(rng.choice([*words, "odd", "new"], size=rng.integers(1, 15))) for _ in range(40)]


@pytest.fixture
def black_box(words) -> Keywords:
    return Keywords(words, access=Access.LOGITS)


@pytest.fixture
def white_box(words) -> WhiteBox:
    return WhiteBox(words)


@pytest.fixture
def score_table() -> ScoreTable:
    rng = np.random.default_rng(4)
    return ScoreTable(
        INFO, ("a", "b"), [f"row-{i}" for i in range(6)], np.arange(6) < 3, np.array([0, 1] * 3),
        rng.normal(size=(6, 2)), Access.SCORE,
    )  # fmt: skip
