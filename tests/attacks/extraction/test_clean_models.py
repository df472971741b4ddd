"""Nothing is found where nothing was planted: ranks under models that never saw a secret are uniform.

Secrets come from a generator that prefers some digits, as people do, and models prefer some digits too.
Within the law of that generator a clean model's rank, ties broken at random, still has to be uniform.
"""

import numpy as np
import pytest
from scipy.stats import kstest

from privaudit.attacks.extraction.ranking import Pool
from privaudit.attacks.extraction.surfaces import open_surface
from privaudit.data.canaries.template import Slot, Template, numbered
from privaudit.targets.interface import ModelInfo
from privaudit.targets.torch_classifier import TorchClassifier
from privaudit.training.loop import TrainingRun
from privaudit.training.recipe import Recipe
from privaudit.training.text import Vocabulary
from privaudit.training.trainer import train

N_MODELS = 60
DIGITS = tuple("0123456789")
TEMPLATE = Template("my pin is ", (Slot(DIGITS, " "), Slot(DIGITS, " "), Slot(DIGITS)))
ZIPF = 1 / np.arange(1, 11)
FILLINGS = numbered(TEMPLATE, np.arange(1000))
LAW = np.prod((ZIPF / ZIPF.sum())[FILLINGS], axis=1)
VOCABULARY = Vocabulary.from_texts(
    ["my pin is", " ".join(DIGITS), "cat dog bird runs sails sleeps fast slow"]
)


def clean_margins(architecture: str, seed: int) -> np.ndarray:
    """Margins ``[1000]`` of a model of its own data, in which digits tell the classes apart."""
    rng = np.random.default_rng([seed, 1])
    labels = rng.integers(2, size=120)
    words = np.array(VOCABULARY.known)[rng.integers(3, len(VOCABULARY.known), size=(120, 4))]
    texts = [
        " ".join([*row, str(rng.choice(5) + 5 * label)]) for row, label in zip(words, labels, strict=True)
    ]
    recipe = Recipe.for_architecture(architecture, width=8, epochs=4, batch_size=16)
    model = train(recipe, texts, labels, 2, vocabulary=VOCABULARY, run=TrainingRun(seed))
    info = ModelInfo("bundle", architecture, "trained in the test", ())
    surface = open_surface(TorchClassifier(model.module, model.encoder, ("a", "b"), info), TEMPLATE)
    return Pool(TEMPLATE, FILLINGS[:1], None).margins(surface, 1).pool


@pytest.fixture(scope="module", params=["bow", "cnn"])
def models(request) -> list[np.ndarray]:
    return [clean_margins(request.param, seed) for seed in range(N_MODELS)]


@pytest.fixture
def positions(models, position_in_law):
    def found(scores) -> list[float]:
        rng = np.random.default_rng(0)
        secrets = rng.choice(1000, p=LAW, size=len(models))
        return [
            position_in_law(scores(margins, secret), secret, LAW, rng.random())
            for margins, secret in zip(models, secrets, strict=True)
        ]

    return found


@pytest.mark.slow
def test_ranks_under_clean_models_are_uniform_within_the_law(positions):
    assert kstest(positions(lambda margins, _: margins), "uniform").pvalue > 0.01


@pytest.mark.slow
def test_a_scorer_that_peeks_is_rejected(positions):
    def peeking(margins, secret):
        return margins + margins.std() * (np.arange(1000) == secret)

    assert kstest(positions(peeking), "uniform").pvalue < 1e-3


@pytest.mark.slow
def test_the_models_do_prefer_some_fillings(models, position_in_law):
    # NOTE: otherwise the test above would hold for ranks that ignore the generator too.
    assert all(margins.std() > 0 for margins in models)
    uniform = np.full(1000, 1e-3)
    rng = np.random.default_rng(0)
    secrets = rng.choice(1000, p=LAW, size=len(models))
    naive = [position_in_law(np.mean(models, axis=0), secret, uniform, rng.random()) for secret in secrets]
    assert kstest(naive, "uniform").pvalue < 0.01
