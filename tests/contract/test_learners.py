"""Every learner keeps the promise of the store: reference i is one model, wherever it is trained."""

import importlib
import json
import pickle
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
import torch

from privaudit.training.loop import TrainingRun
from privaudit.training.private.settings import PrivateTraining
from privaudit.training.recipe import Recipe
from privaudit.training.references.extras import COPIES
from privaudit.training.references.learners.hf_learner import HfLearner
from privaudit.training.references.learners.recipe_learner import RecipeLearner
from privaudit.training.references.learners.sklearn_learner import SklearnLearner
from privaudit.training.references.learners.trainer_learner import TrainerLearner
from privaudit.training.references.plan import Population, ReferencePlan
from privaudit.training.references.training_modes import TrainingMode, choose_mode
from privaudit.training.text import Vocabulary

# NOTE: worker processes get this process's search path, and with it the user's training code.
sys.path.insert(0, str(Path(__file__).parent))
OTHER_PROCESS = importlib.import_module("other_process")

PRIVATE = PrivateTraining(noise_multiplier=0.5, sample_rate=0.4, steps=5)
WORDS = {
    "bow": {},
    "bow-dropout": {"dropout": 0.3},
    "bow-early-stopping": {"early_stopping": True, "validation": 0.3, "epochs": 6},
    "bow-characters": {"embeddings": "both"},
    "bow-private": {"privacy": PRIVATE, "optimizer": "sgd", "vocabulary": "hash:64"},
    "bow-private-adam": {"privacy": PRIVATE, "vocabulary": "hash:64", "embeddings": "both", "dropout": 0.1},
    "cnn": {},
    "bilstm": {},
    "transformer": {"layers": 2},
}
NAMES = [*WORDS, "sklearn", "sklearn-forest", "trainer", "hf-full", "hf-frozen"]


def make_population(n=48, seed=0):
    rng = np.random.default_rng(seed)
    names = ["cat", "dog", "bird", "boat", "train", "runs", "sails", "sleeps", "fast", "slow"]
    texts = [" ".join(rng.choice(names, rng.integers(1, 7))) for _ in range(n)]
    return Population(texts, rng.integers(0, 3, n), 3)


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def encoder_directory(tmp_path_factory):
    """A tiny BERT without a head, and a tokenizer of whole words."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    path = tmp_path_factory.mktemp("encoder")
    known = sorted({word for text in make_population(400).texts for word in text.split()})
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *known]
    (path / "vocab.txt").write_text("\n".join(tokens))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokens), hidden_size=16, num_hidden_layers=1, initializer_range=0.2,
        num_attention_heads=2, intermediate_size=16, max_position_embeddings=40,
    )  # fmt: skip
    BertModel(config).save_pretrained(path)
    BertTokenizerFast(str(path / "vocab.txt")).save_pretrained(path)
    return path


def pipeline(kind):
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    steps = {
        "sklearn": (TfidfVectorizer(), LogisticRegression()),
        "sklearn-forest": (CountVectorizer(), RandomForestClassifier(5, n_jobs=2)),
    }[kind]
    population = make_population()
    names = np.array(["animal", "vehicle", "other"])
    return make_pipeline(*steps).fit(list(population.texts), names[population.labels])


def make_learner(name, encoder):
    if name in WORDS:
        small = {"width": 16, "epochs": 2, "batch_size": 16, "learning_rate": 0.01}
        return RecipeLearner(Recipe.for_architecture(name.partition("-")[0], **(small | WORDS[name])))
    if name.startswith("sklearn"):
        return SklearnLearner(pipeline(name))
    if name == "trainer":
        return TrainerLearner("counting_trainer:train")
    recipe = Recipe.for_architecture(f"hf:{encoder}", epochs=1, learning_rate=1e-3)
    return HfLearner(recipe, mode=name.removeprefix("hf-"))


@pytest.fixture(scope="module", params=NAMES)
def learner(request, encoder_directory):
    return make_learner(request.param, encoder_directory)


def plan_of(learner, *, online=True, extras=False, seed=7):
    pool = make_population()
    return ReferencePlan(learner, pool, pool if online else make_population(20, 1), online, seed, extras)


def learn(plan, *indices):
    return OTHER_PROCESS.learn(plan, indices)


def same(one, other):
    extras = one.extras is other.extras is None or one.extras.tobytes() == other.extras.tobytes()
    return one.index == other.index and one.logits.tobytes() == other.logits.tobytes() and extras


@pytest.fixture(scope="module")
def elsewhere():
    """Another process that has trained nothing yet."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        work = OTHER_PROCESS.learn_with_one_thread
        yield lambda plan, *indices: pool.submit(work, pickle.dumps(plan), indices).result()


class TestLearner:
    def test_gives_one_output_per_reference_in_order(self, learner):
        plan = plan_of(learner)
        outputs = learn(plan, 0, 1, 2)
        assert [output.index for output in outputs] == [0, 1, 2]
        for output in outputs:
            assert output.logits.shape == (48, 3)
            assert output.logits.dtype == np.float32
            assert np.isfinite(output.logits).all()
            assert output.extras is None
            assert output.inside.dtype == np.bool_
            assert not (output.inside & ~plan.inside(output.index)).any()
        assert not np.array_equal(outputs[0].logits, outputs[1].logits)

    def test_all_of_the_half_is_trained_on_unless_some_of_it_is_watched(self, learner):
        plan = plan_of(learner)
        (output,) = learn(plan, 4)
        stops = isinstance(learner, RecipeLearner) and learner.recipe.early_stopping
        assert np.array_equal(output.inside, plan.inside(4)) is not stops

    def test_a_reference_is_the_same_whichever_others_are_asked_for(self, learner):
        plan = plan_of(learner, extras=True)
        together = learn(plan, *range(max(3, learner.block_size)))
        for index in (2, 0):
            assert same(learn(plan, index)[0], together[index])

    def test_a_reference_is_the_same_in_another_process(self, learner, elsewhere):
        plan = plan_of(learner, extras=True)
        for here, there in zip(learn(plan, 0, 1), elsewhere(plan, 0, 1), strict=True):
            assert same(here, there)

    def test_the_seed_of_the_plan_decides(self, learner):
        (one,), (other,) = (learn(plan_of(learner, seed=seed), 0) for seed in (7, 8))
        assert not np.array_equal(one.inside, other.inside)
        assert not np.array_equal(one.logits, other.logits)

    def test_extras_do_not_change_the_reference(self, learner):
        (plain,), (with_extras,) = (learn(plan_of(learner, extras=extras), 1) for extras in (False, True))
        assert plain.logits.tobytes() == with_extras.logits.tobytes()
        assert with_extras.extras.shape == (48, 1 + COPIES)
        assert with_extras.extras.dtype == np.float32
        assert np.isfinite(with_extras.extras).all()

    def test_extras_of_a_text_of_one_word_are_its_own_margin(self, learner):
        plan = plan_of(learner, extras=True)
        (output,) = learn(plan, 1)
        single = np.array([len(text.split()) == 1 for text in plan.scored.texts])
        assert single.any()
        rows, labels = output.logits[single].astype(float), plan.scored.labels[single]
        others = np.stack([np.delete(row, label) for row, label in zip(rows, labels, strict=True)])
        margins = rows[np.arange(len(rows)), labels] - np.logaddexp.reduce(others, axis=1)
        np.testing.assert_allclose(output.extras[single, 1:], margins[:, None].repeat(COPIES, 1), atol=1e-4)

    def test_references_of_another_population_score_the_audited_records(self, learner):
        (output,) = learn(plan_of(learner, online=False, extras=True), 0)
        assert output.logits.shape == (20, 3)
        assert output.extras.shape == (20, 1 + COPIES)
        assert not output.inside.any()

    def test_a_class_with_two_records_is_no_obstacle(self, learner):
        pool = make_population()
        labels = np.where(np.arange(48) < 2, 2, np.arange(48) % 2)
        pool = Population(pool.texts, labels, 3)
        plan = ReferencePlan(learner, pool, pool, True, 3)
        lacking = next(k for k in range(30) if not plan.inside(k)[:2].any())
        for output in learn(plan, lacking, lacking + 30):
            assert np.isfinite(output.logits).all()

    def test_says_in_json_what_decides_a_reference(self, learner):
        described = learner.describe()
        assert json.loads(json.dumps(described)) == described
        assert pickle.loads(pickle.dumps(learner)).describe() == described
        assert learner.block_size >= 1


def changed(learner, **overrides):
    return replace(learner, recipe=learner.recipe.model_copy(update=overrides)).describe()


@pytest.mark.parametrize("name", ["bow", "bilstm"])
def test_every_field_of_a_recipe_but_the_seed_is_described(name, encoder_directory):
    learner = make_learner(name, encoder_directory)
    plain = learner.describe()
    other = {
        "width": 17, "layers": 2, "epochs": 3, "stop_after": 1, "learning_rate": 0.02, "batch_size": 17,
        "optimizer": "sgd", "dropout": 0.1, "weight_decay": 0.1, "warmup": 0.1, "decay": "linear",
        "clip_gradient": 1.0, "min_frequency": 2, "max_length": 9, "embeddings": "both",
        "vocabulary": f"sha256:{'0' * 64}", "early_stopping": True, "patience": 2, "validation": 0.2,
        "privacy": PRIVATE, "architecture": "cnn", "pretrained": "x", "pretrained_sha256": "0" * 64,
    }  # fmt: skip
    assert set(other) | {"seed"} == set(Recipe.model_fields)
    for field, value in other.items():
        assert changed(learner, **{field: value}) != plain, field
    assert changed(learner, seed=99) == plain
    assert replace(learner, vocabulary=Vocabulary(("cat",))).describe() != plain
    assert replace(learner, device="cuda").describe() != plain
    assert replace(learner, device="cuda:1").describe() == replace(learner, device="cuda").describe()


def test_weights_and_mode_of_a_pretrained_encoder_are_described_but_not_where_it_lies(
    encoder_directory, tmp_path
):
    import shutil

    learner = make_learner("hf-full", encoder_directory)
    moved = shutil.copytree(encoder_directory, tmp_path / "elsewhere")
    same_weights = make_learner("hf-full", moved)
    assert same_weights.describe() == learner.describe()
    assert make_learner("hf-frozen", moved).describe() != learner.describe()
    (moved / "config.json").write_text((moved / "config.json").read_text() + " ")
    assert make_learner("hf-full", moved).describe() != learner.describe()
    assert changed(learner, epochs=2) != learner.describe()
    assert changed(learner, seed=3) == learner.describe()


def test_every_setting_of_a_pipeline_is_described():
    estimator = pipeline("sklearn")
    plain = SklearnLearner(estimator).describe()
    estimator.set_params(logisticregression__C=2.0)
    other = SklearnLearner(estimator).describe()
    assert other != plain
    assert "0x" not in json.dumps(other)


@pytest.mark.parametrize(
    ("name", "overrides", "mode"),
    [
        ("bow", {}, TrainingMode.STACKED),
        ("cnn", {}, TrainingMode.STACKED),
        ("transformer", {}, TrainingMode.STACKED),
        ("bilstm", {}, TrainingMode.SPREAD),
        ("bow", {"dropout": 0.1}, TrainingMode.SPREAD),
        ("bow", {"weight_decay": 0.1}, TrainingMode.SPREAD),
        ("bow", {"embeddings": "characters"}, TrainingMode.SPREAD),
        ("bow", {"early_stopping": True}, TrainingMode.SPREAD),
        ("bow", {"optimizer": "sgd"}, TrainingMode.SPREAD),
        ("bow", {"clip_gradient": 1.0}, TrainingMode.SPREAD),
        ("bow", {"privacy": PRIVATE}, TrainingMode.SPREAD),
        ("transformer", {"privacy": PRIVATE}, TrainingMode.SPREAD),
    ],
)
def test_the_table_of_modes(name, overrides, mode):
    recipe = Recipe.for_architecture(name, **overrides)
    assert choose_mode(recipe, "cpu").mode is mode
    assert choose_mode(recipe, "cuda:0").mode is mode
    assert (choose_mode(recipe, "cpu").block_size > 1) <= (mode is TrainingMode.STACKED)


@pytest.mark.parametrize("name", list(WORDS))
def test_a_spread_reference_is_what_the_trainer_makes_and_a_stacked_one_agrees(name, encoder_directory):
    from privaudit.training.references.learners.halves import half_of
    from privaudit.training.trainer import Labelled, train

    learner = make_learner(name, encoder_directory)
    recipe, plan = learner.recipe, plan_of(learner)
    (output,) = learn(plan, 2)
    half = half_of(plan, 2, validation=recipe.validation if recipe.early_stopping else None)
    parts = [
        Labelled([plan.pool.texts[i] for i in part], plan.pool.labels[part])
        for part in (half.train, half.validation)
    ]
    watched = parts[1] if recipe.early_stopping else None
    trained = train(
        recipe, parts[0].texts, parts[0].labels, 3, validation=watched, run=TrainingRun(half.seed)
    )
    expected = trained.logits(plan.scored.texts).numpy()
    tolerance = 0 if choose_mode(recipe, "cpu").mode is TrainingMode.SPREAD else 1e-4
    np.testing.assert_allclose(output.logits, expected, atol=tolerance, rtol=0)


def test_what_does_not_fit_the_memory_together_is_trained_in_parts(encoder_directory, monkeypatch):
    plan = plan_of(make_learner("bow", encoder_directory))
    together = learn(plan, *range(plan.learner.block_size))
    monkeypatch.setattr("privaudit.training.references.learners.recipe_learner._WORDS_AT_ONCE", 1)
    assert all(map(same, together, learn(plan, *range(plan.learner.block_size))))


def test_a_given_vocabulary_is_used_by_every_reference(encoder_directory):
    learner = make_learner("bow", encoder_directory)
    known = replace(learner, vocabulary=Vocabulary(("boat", "cat")))
    texts = ["boat cat", "dog cat", "bird cat", "zebra cat"] * 6
    pool = Population(texts, np.arange(24) % 3, 3)
    (output,) = learn(ReferencePlan(known, pool, pool, True, 0), 0)
    np.testing.assert_array_equal(output.logits[1], output.logits[2])
    np.testing.assert_array_equal(output.logits[1], output.logits[3])
