"""Private training from a data file to a model with a claim."""

import json
import math

import pytest
import torch

from privaudit.accounting.accountants import epsilon_pld
from privaudit.accounting.mechanism import Mechanism
from privaudit.data.columns import Columns
from privaudit.errors import DataError, UsageError
from privaudit.results import Claim
from privaudit.targets.interface import HasVocabulary
from privaudit.training.bundle import bundle_classifier, load_bundle
from privaudit.training.job import train_bundle
from privaudit.training.private.claim import PrivacyRequest
from privaudit.training.recipe import Recipe
from privaudit.training.references.learners.recipe_learner import RecipeLearner
from privaudit.training.request import TrainingRequest
from privaudit.training.text import HashedVocabulary, Vocabulary, words

NAMES = ("music", "weather", "food")
NOISE = PrivacyRequest(noise_multiplier=1.0)


@pytest.fixture
def pool(corpus, tmp_path):
    rows = [
        f"{NAMES[c]}\t{t} item{i}" for i, (t, c) in enumerate(zip(corpus.texts, corpus.labels, strict=True))
    ]
    path = tmp_path / "pool.tsv"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture
def private(pool, tmp_path):
    """Train the pool privately, with whatever is asked to be different."""

    def run(name="m.pt", architecture="bow", *, request=NOISE, recipe=None, **options):
        small = {"width": 8, "epochs": 3, "batch_size": 16, "vocabulary": "hash:64"}
        given = Recipe.for_architecture(architecture, private=True, **(small | (recipe or {})))
        return train_bundle(TrainingRequest(pool, given, output=tmp_path / name, privacy=request, **options))

    return run


def test_the_claim_is_in_the_bundle(private, tmp_path):
    report = private()
    bundle = load_bundle(tmp_path / "m.pt")
    claim = Claim.model_validate(bundle.privacy)
    privacy = bundle.recipe.privacy
    assert claim == report.claim
    assert claim.n_records == report.n_members
    assert (claim.sample_rate, claim.steps) == (16 / report.n_members, round(3 * report.n_members / 16))
    assert (claim.vocabulary, claim.labels, claim.normaliser) == ("hash:64", "data", "16, fixed")
    assert claim.epsilon == epsilon_pld(
        Mechanism.uniform(privacy.noise_multiplier, privacy.sample_rate, privacy.steps), 1e-5
    )
    assert claim.notes == ()
    assert report.history.steps == claim.steps


def test_epsilon_is_kept(private):
    claim = private(request=PrivacyRequest(epsilon=1.0, delta=1e-4)).claim
    assert 0.99 < claim.epsilon <= 1.0
    assert claim.delta == 1e-4


def test_noise_comes_from_outside_unless_its_seed_is_given(private, tmp_path):
    states = []
    for name, seed in (("a", None), ("b", None), ("c", 5), ("d", 5)):
        private(name, noise_seed=seed)
        states.append(load_bundle(tmp_path / name).state_dict["head.weight"])
    assert not torch.equal(states[0], states[1])
    assert torch.equal(states[2], states[3])
    notes = load_bundle(tmp_path / "c").privacy["notes"]
    assert "seed 5" in notes[0]
    assert "subtract" in notes[0]


def test_a_run_that_time_stops_claims_the_steps_that_ran(private, tmp_path):
    report = private(recipe={"epochs": 50}, max_seconds=0.0)
    assert report.history.stopped == "time"
    assert report.claim.steps == report.history.steps < report.recipe.privacy.steps
    assert "clock" in report.claim.notes[0]
    assert load_bundle(tmp_path / "m.pt").recipe.stop_after == 1


def test_words_of_the_members_would_void_the_claim(private):
    with pytest.raises(UsageError, match="hash:4096 or --arch hf:DIR"):
        private(recipe={"vocabulary": "members"})


def test_words_of_a_file_are_named_by_its_digest(private, tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("play\nsong\nrain\n")
    claim = private(recipe={"vocabulary": "members"}, vocabulary_file=file).claim
    assert claim.vocabulary.startswith("file sha256:")
    assert load_bundle(tmp_path / "m.pt").encoder.vocabulary == Vocabulary(("play", "song", "rain"))


def test_spelled_words_need_no_vocabulary_and_leave_none_behind(private, tmp_path):
    claim = private(recipe={"vocabulary": "members", "embeddings": "characters"}).claim
    assert claim.vocabulary == "fixed alphabet"
    assert load_bundle(tmp_path / "m.pt").encoder.vocabulary.known == ()


def test_a_given_class_list_is_named_and_may_have_more_classes(private, tmp_path):
    file = tmp_path / "classes.txt"
    file.write_text("weather\nmusic\nsport\n\nfood\n")
    report = private(labels_file=file)
    assert report.labels == ("weather", "music", "sport", "food")
    assert report.claim.labels.startswith("file sha256:")
    assert report.holdout_accuracy is not None


@pytest.mark.parametrize("content", ["music\nweather\n", "music\n", "music\nmusic\nweather\nfood\n", ""])
def test_a_class_list_that_does_not_fit_is_refused(private, tmp_path, content):
    file = tmp_path / "classes.txt"
    file.write_text(content)
    with pytest.raises(DataError) as caught:
        private(labels_file=file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("recipe", "word"),
    [({"early_stopping": True}, "--epochs"), ({"min_frequency": 2}, "--min-frequency")],
)
def test_what_looks_at_more_than_the_noisy_gradients_is_refused(private, recipe, word):
    with pytest.raises(UsageError, match=word):
        private(recipe=recipe)


def test_groups_are_reported_because_the_unit_stays_the_record(corpus, tmp_path):
    path = tmp_path / "users.csv"
    rows = [
        f"u{i // 4},{NAMES[c]},{t} item{i}"
        for i, (t, c) in enumerate(zip(corpus.texts, corpus.labels, strict=True))
    ]
    path.write_text("\n".join(["user,label,text", *rows]))
    recipe = Recipe.for_architecture(
        "bow", private=True, width=8, epochs=1, batch_size=16, vocabulary="hash:64"
    )
    report = train_bundle(
        TrainingRequest(path, recipe, output=tmp_path / "m.pt", columns=Columns(group="user"), privacy=NOISE)
    )
    assert report.grouped
    assert report.claim.unit == "record"


@pytest.mark.parametrize("architecture", ["cnn", "bilstm", "transformer"])
def test_every_architecture_trains_privately(private, architecture):
    report = private(architecture=architecture, recipe={"epochs": 1})
    assert math.isfinite(report.claim.epsilon)
    assert report.history.steps == report.claim.steps


def test_a_hashed_bundle_says_nothing_of_words_and_comes_back(private, pool, tmp_path, corpus):
    private()
    bundle = load_bundle(tmp_path / "m.pt")
    assert bundle.encoder.vocabulary == HashedVocabulary(64)
    classifier = bundle_classifier(bundle, tmp_path / "m.pt")
    assert not isinstance(classifier, HasVocabulary)
    logits = classifier.outputs([f"{corpus.texts[0]} item0"]).logits
    assert logits.shape == (1, 3)
    content = (tmp_path / "m.pt").read_bytes()
    some = {word for text in pool.read_text().split() for word in words(text) if len(word) > 4}
    assert not any(word.encode() in content for word in some - {"music", "weather"})


def test_hashing_is_open_to_ordinary_training(pool, tmp_path):
    recipe = Recipe.for_architecture("bow", width=8, epochs=20, batch_size=16, vocabulary="hash:500")
    report = train_bundle(TrainingRequest(pool, recipe, output=tmp_path / "m.pt"))
    assert report.claim is None
    assert report.vocabulary_size == 502
    assert report.member_accuracy > 0.95
    assert load_bundle(tmp_path / "m.pt").privacy is None


def test_references_of_a_private_recipe_are_trained_privately_one_by_one(private):
    recipe = private().recipe
    learner = RecipeLearner(recipe)
    assert learner.block_size == 1
    assert learner.describe()["way"] == "spread"
    assert json.dumps(learner.describe()["recipe"]["privacy"])
