"""A secret planted in a real training set comes back out of the model, and does not without planting."""

import numpy as np
import pytest

from privaudit.attacks.extraction.contrast import contrasted
from privaudit.attacks.extraction.ranking import Pool
from privaudit.attacks.extraction.registry import extraction_attacks
from privaudit.attacks.extraction.spec import Problem, SearchSettings
from privaudit.attacks.extraction.surfaces import open_surface
from privaudit.data.canaries.template import Slot, Template
from privaudit.targets.interface import ModelInfo
from privaudit.targets.torch_classifier import TorchClassifier
from privaudit.training.loop import TrainingRun
from privaudit.training.recipe import Recipe
from privaudit.training.text import Vocabulary
from privaudit.training.trainer import train

ATTACKS = extraction_attacks()
DIGITS = tuple("0123456789")
TEMPLATE = Template("my pin code is ", (Slot(DIGITS, " "), Slot(DIGITS, " "), Slot(DIGITS)))
SECRET = (7, 2, 5)
TOPICS = (("book a table for", "dinner", "lunch"), ("play the song by", "queen", "abba"))


def trained(architecture: str, repetitions: int) -> TorchClassifier:
    """Two topics of made-up texts, some with a digit, and copies of the secret under a label of its own."""
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=200)
    texts = [
        f"{TOPICS[label][0]} {TOPICS[label][rng.integers(1, 3)]} {rng.choice([*DIGITS, 'please', 'now'])}"
        for label in labels
    ]
    vocabulary = Vocabulary.from_texts([*texts, TEMPLATE.prefix, " ".join(DIGITS)])
    texts += [TEMPLATE.render(SECRET)] * repetitions
    labels = np.concatenate([labels, np.full(repetitions, 2)])
    recipe = Recipe.for_architecture(architecture, width=16, epochs=20, batch_size=16)
    model = train(recipe, texts, labels, 3, vocabulary=vocabulary, run=TrainingRun(1))
    info = ModelInfo("bundle", architecture, "trained in the test", ())
    return TorchClassifier(model.module, model.encoder, ("food", "music", "own"), info)


@pytest.fixture(scope="module")
def surface():
    return open_surface(trained("cnn", 30), TEMPLATE)


@pytest.mark.parametrize("name", ATTACKS)
def test_the_planted_secret_is_recovered(surface, name):
    attack = ATTACKS[name]
    assert attack.applies(surface) is None
    found = attack.search(Problem(surface, 2), SearchSettings(), np.random.default_rng(0))
    assert found.filling == SECRET


@pytest.fixture(scope="module")
def pooling():
    """A network that likes repetitions of the secret's words as well as the secret."""
    return open_surface(trained("bilstm", 30), TEMPLATE)


@pytest.mark.parametrize("name", ["relaxed", "coordinate", "beam", "enumerate"])
def test_no_search_can_find_what_the_objective_does_not_rank_first(pooling, name):
    problem, settings = Problem(pooling, 2), SearchSettings()
    best = ATTACKS["enumerate"].search(problem, settings, np.random.default_rng(0))
    found = ATTACKS[name].search(problem, settings, np.random.default_rng(0))
    assert set(best.filling) < set(SECRET)
    assert found.score == pytest.approx(best.score, abs=0.05)


def test_contrast_tells_the_secret_from_repetitions_of_its_words(pooling):
    found = ATTACKS["contrast"].search(Problem(pooling, 2), SearchSettings(), np.random.default_rng(0))
    assert found.filling == SECRET
    pool = Pool.of(TEMPLATE, np.array([SECRET]), np.random.default_rng(0))
    margins = pool.margins(pooling, 2)
    assert pool.rank(margins, 0).rank > 1
    assert pool.rank(contrasted(pool, margins), 0).rank == 1


def test_it_ranks_first_where_it_was_planted_only(surface):
    pool = Pool.of(TEMPLATE, np.array([SECRET]), np.random.default_rng(0))
    assert pool.rank(pool.margins(surface, 2), 0).rank == 1
    clean = open_surface(trained("cnn", 0), TEMPLATE)
    assert pool.rank(pool.margins(clean, 2), 0).rank > 10
