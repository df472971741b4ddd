"""Every model format keeps the same promises."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from privaudit.targets.formats import FORMATS, ModelFormat
from privaudit.targets.interface import Access, HasFeatures, HasGradients, TextClassifier
from privaudit.targets.open import open_target
from privaudit.targets.sniff import sniff

OPENED = [row for row in FORMATS if row.opener is not None]
MIXED = [
    "the cat sleeps",
    "",
    "dog",
    "a train is fast and the boat sails " * 3,
    "unheard of words",
    "\x00 <b>\ud7ff</b>",
]


def examples(row: ModelFormat) -> dict:
    """``EXAMPLES`` in the tests of the format's module: functions that save a model; its companions."""
    module = str(row.opener).partition(":")[0]
    path = Path(__file__).parents[1] / "targets" / f"test_{module}.py"
    spec = importlib.util.spec_from_file_location(f"examples_{module}", path)
    tests = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tests)
    return tests.EXAMPLES


CASES = [
    pytest.param((row, save), id=f"{row.id}-{name}") for row in OPENED for name, save in examples(row).items()
]


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[ModelFormat, Path, TextClassifier]:
    row, save = request.param
    path, companions = save(request)
    return row, path, open_target(path, **companions)


@pytest.fixture
def target(case) -> TextClassifier:
    return case[2]


def test_formats_have_one_row_each():
    ids = [row.id for row in FORMATS]
    assert len(set(ids)) == len(ids)


def test_the_row_says_what_the_model_is(case):
    row, path, target = case
    assert sniff(path) is row
    assert target.info.format == row.id
    assert row.access.allows(target.access)


class TestTextClassifier:
    def test_says_what_it_is(self, target: TextClassifier):
        assert isinstance(target, TextClassifier)
        assert target.labels == ("animal", "vehicle")
        assert target.info.files
        assert all(len(file.sha256) == 64 and file.size > 0 for file in target.info.files)
        assert target.info.loader
        assert target.info.architecture

    def test_outputs_have_one_finite_row_per_text(self, target: TextClassifier, texts: list[str]):
        logits = target.outputs(texts).logits
        assert logits.shape == (len(texts), 2)
        assert logits.dtype == np.float64
        assert np.isfinite(logits).all()
        assert len(np.unique(logits.round(6), axis=0)) > 1

    def test_order_of_texts_is_the_order_of_rows(self, target: TextClassifier, texts: list[str]):
        some = [*texts, *MIXED]
        order = np.random.default_rng(0).permutation(len(some))
        straight, shuffled = target.outputs(some).logits, target.outputs([some[i] for i in order]).logits
        np.testing.assert_allclose(shuffled, straight[order], atol=1e-5)

    def test_a_row_does_not_depend_on_the_other_texts(self, target: TextClassifier):
        together = target.outputs(MIXED).logits
        alone = np.concatenate([target.outputs([text]).logits for text in MIXED])
        np.testing.assert_allclose(together, alone, atol=1e-5)

    @pytest.mark.parametrize("words", [0, 1, 10_000])
    def test_texts_of_any_length(self, target: TextClassifier, words: int):
        logits = target.outputs(["cat " * words, "the boat sails"]).logits
        assert logits.shape == (2, 2)
        assert np.isfinite(logits).all()

    def test_no_texts_give_no_rows(self, target: TextClassifier):
        assert target.outputs([]).logits.shape == (0, 2)

    def test_progress_counts_every_text_once(self, target: TextClassifier, texts: list[str]):
        class Count:
            done = total = 0

            def start(self, task: str, total: int) -> None:  # noqa: ARG002
                self.total = total

            def advance(self, units: int = 1, note: str = "") -> None:  # noqa: ARG002
                self.done += units

        count = Count()
        target.outputs(texts, progress=count)
        assert count.done == count.total == len(texts)

    def test_head_explains_the_logits_where_there_is_one(self, target: TextClassifier, texts: list[str]):
        if not isinstance(target, HasFeatures):
            assert target.access is not Access.WEIGHTS
            return
        head, outputs = target.head(), target.outputs(texts, features=True)
        assert head is not None
        assert outputs.features is not None
        bias = 0.0 if head.bias is None else head.bias
        np.testing.assert_allclose(outputs.features @ head.weight.T + bias, outputs.logits, atol=1e-5)

    def test_gradient_norms_are_positive_where_there_are_any(self, target: TextClassifier, texts: list[str]):
        if not isinstance(target, HasGradients):
            assert not target.access.allows(Access.GRADIENTS)
            return
        labels = np.arange(len(texts)) % 2
        norms = target.gradient_norms(texts, labels)
        assert norms.shape == (len(texts),)
        assert (norms > 0).all()
        assert not np.allclose(norms, target.gradient_norms(texts, 1 - labels))
