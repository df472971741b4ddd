import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from privaudit.targets.interface import Access, Head, ModelInfo, Outputs
from privaudit.training.references.extras import COPIES, dropped_copies, extra_signals, signals_of


class Model:
    """Logits that are a linear function of the number of words and letters."""

    info = ModelInfo("test", "test", "test", ())
    labels = ("a", "b", "c")
    access = Access.WEIGHTS

    def __init__(self, bias):
        self.weight = np.array([[0.5, -0.1], [0.1, 0.05], [-0.2, 0.1]])
        self.bias = bias

    def features(self, texts):
        return np.array([[len(text.split()), len(text)] for text in texts], dtype=np.float32)

    def outputs(self, texts, *, features=False, progress=None):
        del progress
        rows = self.features(texts)
        logits = rows.astype(float) @ self.weight.T + (0 if self.bias is None else self.bias)
        return Outputs(logits, rows if features else None)

    def head(self):
        return Head(self.weight, self.bias)


class Closed(Model):
    """The same without a look inside."""

    head = None

    def outputs(self, texts, *, features=False, progress=None):
        assert not features
        return super().outputs(texts, progress=progress)


TEXTS = ["one two three four five", "single", "a b", "x y z " * 40]
LABELS = np.array([0, 1, 2, 0])


def test_copies_lack_three_words_in_ten_and_keep_the_order():
    text = " ".join(f"w{i}" for i in range(20))
    copies = dropped_copies(text)
    assert len(copies) == COPIES
    assert len(set(copies)) > 1
    for copy in copies:
        kept = copy.split()
        assert len(kept) == 14
        assert kept == sorted(kept, key=lambda word: int(word[1:]))


@pytest.mark.parametrize(("text", "left"), [("", ""), ("word", "word"), ("  word ", "  word ")])
def test_a_text_of_one_word_stays_as_it_is(text, left):
    assert dropped_copies(text) == [left] * COPIES


def test_copies_follow_from_the_text_alone():
    assert dropped_copies("a b c d e f") == dropped_copies("a b c d e f")
    assert dropped_copies("a b \ud800") == dropped_copies("a b \ud800")
    assert all(len(copy.split()) == 1 for copy in dropped_copies("a b"))


@pytest.mark.parametrize("bias", [None, np.array([0.3, 0.0, -1.0])])
def test_signals_are_what_their_names_say(bias):
    model = Model(bias)
    signals = extra_signals(model, TEXTS, LABELS)
    assert signals.dtype == np.float32
    assert signals.shape == (4, 1 + COPIES)
    probabilities = softmax(model.outputs(TEXTS).logits, axis=1)
    squares = (model.features(TEXTS).astype(float) ** 2).sum(1) + (bias is not None)
    norm = np.linalg.norm(probabilities - np.eye(3)[LABELS], axis=1) * np.sqrt(squares)
    np.testing.assert_allclose(signals[:, 0], np.log(norm), rtol=1e-5)
    for row, text, label in zip(signals, TEXTS, LABELS, strict=True):
        logits = log_softmax(model.outputs(dropped_copies(text)).logits, axis=1)
        others = np.log(np.exp(np.delete(logits, label, axis=1)).sum(1))
        np.testing.assert_allclose(row[1:], logits[:, label] - others, rtol=1e-5)


def test_a_model_that_shows_no_features_gives_the_gradient_in_its_logits():
    model = Closed(None)
    signals = extra_signals(model, TEXTS, LABELS)
    residual = softmax(model.outputs(TEXTS).logits, axis=1) - np.eye(3)[LABELS]
    np.testing.assert_allclose(signals[:, 0], np.log(np.linalg.norm(residual, axis=1)), rtol=1e-5)


def test_saturated_logits_keep_their_order():
    logits = np.array([[50.0, 0, 0], [60.0, 0, 0], [700.0, 0, 0]])
    labels = np.zeros(3, dtype=np.int64)
    signals = signals_of(logits, labels, np.ones(3), np.repeat(logits, COPIES, axis=0))
    assert np.isfinite(signals).all()
    assert (np.diff(signals[:, 0]) < 0).all()
    assert (np.diff(signals[:, 1]) > 0).all()
