import json
import stat

import numpy as np
import pytest
import torch

from privaudit.errors import ModelError, UnsafeModelError, UsageError
from privaudit.targets.huggingface import open_huggingface
from privaudit.training.bundle_data import RecordUse
from privaudit.training.hf import before_training, fine_tune, with_digest
from privaudit.training.hf_directory import COMPANION, load_companion, save_directory
from privaudit.training.job import train_bundle
from privaudit.training.loop import TrainingRun
from privaudit.training.private.claim import PrivacyRequest
from privaudit.training.private.settings import PrivateTraining
from privaudit.training.recipe import Recipe
from privaudit.training.request import TrainingRequest
from privaudit.training.text import words
from privaudit.training.trainer import accuracy

LABELS = ("music", "weather", "food")


@pytest.fixture(scope="session")
def encoder_directory(corpus, tmp_path_factory):
    """A tiny BERT without a classifier head, and a WordPiece tokenizer of the corpus's words."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    path = tmp_path_factory.mktemp("encoder")
    known = sorted({word for text in corpus.texts for word in words(text)})
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *known]
    (path / "vocab.txt").write_text("\n".join(tokens))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokens),
        hidden_size=32,
        num_hidden_layers=1,
        initializer_range=0.2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=40,
    )
    BertModel(config).save_pretrained(path)
    BertTokenizerFast(str(path / "vocab.txt")).save_pretrained(path)
    return path


@pytest.fixture
def recipe(encoder_directory):
    def make(**overrides):
        quick = {"learning_rate": 5e-3, "epochs": 6, "batch_size": 16}
        return Recipe.for_architecture(f"hf:{encoder_directory}", **(quick | overrides))

    return make


def fitted(recipe, corpus, validation=None, **run):
    return fine_tune(
        recipe, corpus.texts, corpus.labels, LABELS, validation=validation, run=TrainingRun(**run)
    )


def weights(trained):
    return torch.cat([p.flatten() for p in trained.model.parameters()])


def test_an_encoder_without_a_head_learns(recipe, corpus, unseen):
    trained = fitted(recipe(epochs=20), corpus)
    assert accuracy(trained.logits(unseen.texts), unseen.labels) > 0.95
    assert trained.model.config.id2label == dict(enumerate(LABELS))
    assert trained.tokenizer.model_max_length == 38
    assert trained.parameters == sum(p.numel() for p in trained.model.parameters())


def test_a_seed_gives_one_model_bit_for_bit(recipe, corpus):
    first = fitted(recipe(epochs=1), corpus, seed=3)
    torch.rand(5)
    assert torch.equal(weights(first), weights(fitted(recipe(epochs=1), corpus, seed=3)))
    assert not torch.equal(weights(first), weights(fitted(recipe(epochs=1), corpus, seed=4)))


def test_dropout_of_the_recipe_reaches_every_dropout_of_the_network(recipe, corpus):
    trained = fitted(recipe(epochs=1, dropout=0.37), corpus)
    found = {m.p for m in trained.model.modules() if isinstance(m, torch.nn.Dropout)}
    assert found == {0.37}


def test_a_saved_directory_audits_itself(recipe, corpus, tmp_path):
    pool = tmp_path / "pool.tsv"
    rows = [
        f"{LABELS[c]}\t{t} item{i}" for i, (t, c) in enumerate(zip(corpus.texts, corpus.labels, strict=True))
    ]
    pool.write_text("\n".join(rows) + "\n")
    output = tmp_path / "model"
    report = train_bundle(TrainingRequest(pool, recipe(epochs=30), output=output))
    assert report.vocabulary_size is None
    assert report.holdout_accuracy > 0.5
    companion = load_companion(output)
    assert companion.recipe == report.recipe
    assert len(companion.recipe.pretrained_sha256) == 64
    assert len(companion.data.members) == report.n_members
    assert companion.data.path(output).samefile(pool)
    assert companion.privacy is None
    assert stat.S_IMODE((output / COMPANION).stat().st_mode) == 0o600
    target = open_huggingface(output)
    assert target.labels == tuple(sorted(LABELS))
    members = [rows[i].split("\t")[1] for i in companion.data.members]
    index = {label: i for i, label in enumerate(target.labels)}
    truth = np.array([index[rows[i].split("\t")[0]] for i in companion.data.members])
    assert accuracy(torch.from_numpy(target.outputs(members).logits), truth) == report.member_accuracy
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_the_audit_truncates_where_training_did(recipe, corpus, bundle, tmp_path):
    trained = fitted(recipe(epochs=1, max_length=7), corpus)
    assert trained.truncated == sum(len(text.split()) + 2 > 7 for text in corpus.texts) > 0
    save_directory(tmp_path / "model", trained, recipe(), bundle.data)
    texts = ["rain " * 30, *corpus.texts[:5]]
    np.testing.assert_allclose(
        open_huggingface(tmp_path / "model").outputs(texts).logits, trained.logits(texts).numpy(), atol=1e-5
    )


def test_early_stopping_watches_the_validation_part(recipe, corpus, unseen):
    trained = fitted(recipe(epochs=3, early_stopping=True, patience=5), corpus, validation=unseen)
    assert all(epoch.validation_loss is not None for epoch in trained.history.epochs)


def test_a_directory_in_use_is_not_overwritten(recipe, corpus, bundle, tmp_path):
    trained = fitted(recipe(epochs=1), corpus)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine").touch()
    with pytest.raises(UsageError, match="-o"):
        save_directory(tmp_path / "model", trained, recipe(), bundle.data)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["mine"]


def test_an_empty_directory_is_filled(recipe, corpus, bundle, tmp_path):
    (tmp_path / "model").mkdir()
    save_directory(tmp_path / "model", fitted(recipe(epochs=1), corpus), recipe(), bundle.data)
    assert load_companion(tmp_path / "model").recipe == recipe()


def test_other_weights_than_the_recipes_are_refused(recipe, corpus):
    assert with_digest(with_digest(recipe())) == with_digest(recipe())
    with pytest.raises(UsageError, match=r"pretrained weights in .* have digest .*, not 0000"):
        fitted(recipe(pretrained_sha256="0" * 64), corpus)


def test_a_directory_without_an_encoder_is_a_model_error(corpus, tmp_path):
    with pytest.raises(ModelError, match=r"has no config\.json or no safetensors weights"):
        fitted(Recipe.for_architecture(f"hf:{tmp_path}"), corpus)


def copied(encoder_directory, tmp_path, **config):
    path = tmp_path / "copy"
    path.mkdir()
    for file in encoder_directory.iterdir():
        (path / file.name).write_bytes(file.read_bytes())
    content = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(content | config))
    return path


def test_a_directory_that_brings_its_own_code_is_refused(encoder_directory, corpus, tmp_path):
    path = copied(encoder_directory, tmp_path, auto_map={"AutoModel": "evil.Model"})
    (path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(UnsafeModelError):
        fitted(Recipe.for_architecture(f"hf:{path}"), corpus)
    assert not (tmp_path / "ran").exists()


def test_an_unknown_network_is_one_clear_line(encoder_directory, corpus, tmp_path):
    path = copied(encoder_directory, tmp_path, model_type="no-such-network")
    with pytest.raises(ModelError) as caught:
        fitted(Recipe.for_architecture(f"hf:{path}"), corpus)
    assert "\n" not in str(caught.value)


def test_a_directory_of_somebody_else_has_no_companion(encoder_directory):
    assert load_companion(encoder_directory) is None


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": "privaudit.bundle", "version": 2}', "[" * 100_000]
)
def test_a_broken_companion_is_a_model_error(content, tmp_path):
    (tmp_path / COMPANION).write_text(content)
    with pytest.raises(ModelError) as caught:
        load_companion(tmp_path)
    assert "\n" not in str(caught.value)


def test_validation_records_are_on_neither_side(bundle):
    assert len(bundle.data.positions(RecordUse.VALIDATION)) > 0


def test_an_encoder_learns_privately(recipe, corpus, unseen):
    privacy = PrivateTraining(noise_multiplier=0.01, sample_rate=0.2, steps=120)
    trained = fitted(recipe(dropout=0.0).model_copy(update={"privacy": privacy}), corpus)
    assert trained.history.steps == 120
    assert accuracy(trained.logits(unseen.texts), unseen.labels) > 0.8


def test_the_claim_of_a_private_encoder_stands_beside_it(recipe, corpus, tmp_path):
    path = tmp_path / "pool.tsv"
    rows = [
        f"{LABELS[c]}\t{t} item{i}" for i, (t, c) in enumerate(zip(corpus.texts, corpus.labels, strict=True))
    ]
    path.write_text("\n".join(rows))
    request = PrivacyRequest(noise_multiplier=2.0)
    report = train_bundle(TrainingRequest(path, recipe(epochs=1), output=tmp_path / "m", privacy=request))
    companion = load_companion(tmp_path / "m")
    assert companion.privacy["vocabulary"] == "pretrained"
    assert companion.privacy["steps"] == report.history.steps == companion.recipe.privacy.steps
    assert companion.privacy["epsilon"] == report.claim.epsilon


def test_the_model_before_training_is_the_one_that_fine_tuning_begins_with(recipe, corpus):
    # NOTE: a learning rate this small moves nothing.
    still = recipe(learning_rate=1e-30, epochs=1, optimizer="sgd")
    trained = fitted(still, corpus)
    first = before_training(still, LABELS)
    assert first.labels == LABELS
    assert np.array_equal(
        first.outputs(corpus.texts).logits, trained.classifier().outputs(corpus.texts).logits
    )
