import numpy as np
import pytest
import torch

from privaudit.training.bundle import Bundle
from privaudit.training.bundle_data import BundleData
from privaudit.training.recipe import Recipe
from privaudit.training.text import Vocabulary
from privaudit.training.trainer import Labelled, train

TOPICS = {
    "music": "play song album artist tune",
    "weather": "rain sun wind forecast cold",
    "food": "book table dinner restaurant menu",
}
FILLERS = ["please", "the", "a", "my", "for", "in", "today", "now", "some", "with"]


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_corpus(n: int, seed: int = 0) -> Labelled:
    """Texts of 1 to 9 words; one of them tells the class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(TOPICS), n)
    keys = [words.split() for words in TOPICS.values()]
    texts = []
    for label in labels:
        words = [*rng.choice(FILLERS, rng.integers(0, 9)), rng.choice(keys[label])]
        texts.append(" ".join(rng.permutation(words)))
    return Labelled(texts, labels)


@pytest.fixture(scope="session")
def corpus() -> Labelled:
    return make_corpus(160)


@pytest.fixture(scope="session")
def unseen() -> Labelled:
    return make_corpus(120, seed=1)


@pytest.fixture
def tiny():
    """A quick recipe of any architecture."""

    def make(architecture: str = "bow", **overrides) -> Recipe:
        small = {"width": 16, "epochs": 3, "batch_size": 16, "learning_rate": 0.01}
        return Recipe.for_architecture(architecture, **(small | overrides))

    return make


@pytest.fixture(scope="session")
def bundle(corpus) -> Bundle:
    recipe = Recipe.for_architecture("bow", width=8, epochs=2)
    trained = train(recipe, corpus.texts, corpus.labels, 3)
    split = np.arange(len(corpus.texts), dtype=np.uint8) % 3
    data = BundleData(
        file="data/pool.tsv",
        sha256="0" * 64,
        n_records=200,
        kept=np.arange(len(corpus.texts)) + 5,
        split=split,
        seed=0,
        holdout=0.5,
        duplicates_removed=40,
    )
    return Bundle(trained.module.state_dict(), trained.encoder, ("food", "music", "weather"), recipe, data)


@pytest.fixture(scope="session")
def vocabulary(corpus) -> Vocabulary:
    return Vocabulary.from_texts(corpus.texts)
