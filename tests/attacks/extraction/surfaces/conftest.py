"""Classifiers and templates for surfaces: random weights, loud enough for a wrong word to show."""

from collections.abc import Callable

import pytest
import torch

from privaudit.data.canaries.template import Slot, Template
from privaudit.errors import PrivauditError
from privaudit.targets.interface import ModelInfo
from privaudit.targets.torch_classifier import TorchClassifier, VocabularyTorchClassifier
from privaudit.training.architectures import build
from privaudit.training.recipe import Recipe
from privaudit.training.text import Vocabulary, WordEncoder

INFO = ModelInfo("bundle", "test", "made in the test", ())
SENTENCE = (
    "my pin code is 0 1 2 3 4 5 6 7 8 9 call me and , then red blue green new york jersey san jose please now"
)
DIGITS = tuple("0123456789")

TEMPLATES = {
    "digits": Template("my pin code is ", (Slot(DIGITS, " "), Slot(DIGITS, " "), Slot(DIGITS))),
    "long": Template(
        "please call me now and then and now ", (Slot(DIGITS[:4], " "), Slot(DIGITS[:5], " please , now"))
    ),
    "one-slot": Template("my code ", (Slot(("red", "blue", "green"), " please"),)),
    "mixed": Template(
        "",
        (
            Slot(("red", "blue", "green"), " and then "),
            Slot(("new york", "new jersey", "san jose"), ", "),
            Slot(DIGITS[:2], " and "),
            Slot(DIGITS[:4], " now please now"),
        ),
    ),
}


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def classifier_of() -> Callable[..., TorchClassifier]:
    """A bundle's classifier with random weights, as ``bundle_classifier`` makes it."""

    def make(
        architecture="bow", embeddings="words", *, double=False, max_length=256, words=SENTENCE, **recipe
    ):
        recipe = Recipe.for_architecture(
            architecture, embeddings=embeddings, max_length=max_length, **({"width": 12} | recipe)
        )
        vocabulary = Vocabulary.from_texts([words])
        torch.manual_seed(1)
        network = build(recipe, len(vocabulary), 3).eval()
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                parameter.mul_(10 if name == "embedding.words.weight" else 3)
        network = network.double() if double else network
        encoder = WordEncoder(vocabulary, max_length, embeddings != "words")
        if embeddings == "characters":
            return TorchClassifier(network, encoder, None, INFO)
        return VocabularyTorchClassifier(network, encoder, None, INFO, vocabulary=vocabulary.unknown)

    return make


@pytest.fixture
def fails() -> Callable[..., str]:
    """The one-line message of exactly this error."""

    def check(kind: type[PrivauditError], call: Callable[..., object], *args: object) -> str:
        with pytest.raises(kind) as caught:
            call(*args)
        assert type(caught.value) is kind
        assert "\n" not in str(caught.value)
        assert not str(caught.value).startswith("Expected ")
        return str(caught.value)

    return check


@pytest.fixture
def templates() -> dict[str, Template]:
    return dict(TEMPLATES)
