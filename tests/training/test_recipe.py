import json

import pytest

from privaudit.errors import ModelError, UsageError
from privaudit.training.private.settings import PrivateTraining
from privaudit.training.recipe import Recipe


@pytest.mark.parametrize("name", ["bow", "cnn", "bilstm", "transformer", "hf:some/dir"])
def test_every_recipe_survives_json(name):
    recipe = Recipe.for_architecture(name, dropout=0.25, seed=7)
    again = Recipe.from_plain(json.loads(json.dumps(recipe.to_plain())))
    assert again == recipe
    assert again.seed == 7


def test_defaults_are_those_of_the_documented_table():
    lines = (Recipe.__doc__ or "").split("====\n")[2].splitlines()
    rows = [line.split()[:5] for line in lines if line.strip() and not line.lstrip().startswith("=")]
    assert [row[0] for row in rows] == ["bow", "cnn", "bilstm", "transformer", "hf"]
    for name, width, layers, rate, epochs in rows:
        recipe = Recipe.for_architecture("hf:x" if name == "hf" else name)
        assert recipe.learning_rate == float(rate)
        assert recipe.epochs == int(epochs)
        if name != "hf":
            assert (recipe.width, recipe.layers) == (int(width), int(layers))


def test_no_defence_is_on_by_default():
    recipe = Recipe.for_architecture("bilstm")
    assert (recipe.dropout, recipe.weight_decay, recipe.early_stopping) == (0.0, 0.0, False)
    assert (recipe.optimizer, recipe.batch_size, recipe.min_frequency) == ("adam", 64, 1)
    assert (recipe.vocabulary, recipe.embeddings) == ("members", "words")


def test_an_override_of_none_keeps_the_default():
    assert Recipe.for_architecture("cnn", width=None) == Recipe.for_architecture("cnn")
    assert Recipe.for_architecture("cnn", width=7).width == 7


def test_hf_keeps_its_directory_with_colons():
    assert Recipe.for_architecture("hf:C:/models/x").pretrained == "C:/models/x"


@pytest.mark.parametrize("name", ["", "gru", "hf", "hf:", "bow:x", "BOW"])
def test_an_unknown_architecture_is_a_usage_error(name):
    known = "Give --arch one of bow, cnn, bilstm, transformer or hf:DIR"
    with pytest.raises(UsageError, match=f"Unknown architecture {name!r}. {known}") as caught:
        Recipe.for_architecture(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value", "option"),
    [
        ("learning_rate", 0.0, "--lr"),
        ("learning_rate", float("nan"), "--lr"),
        ("epochs", 0, "--epochs"),
        ("width", -3, "--width"),
        ("dropout", 1.0, "--dropout"),
        ("dropout", "much", "--dropout"),
        ("batch_size", 0, "--batch-size"),
        ("optimizer", "lion", "--optimizer"),
        ("embeddings", "bytes", "--embeddings"),
        ("seed", -1, "--seed"),
        ("vocabulary", "the whole pool", "--vocabulary"),
        ("widht", 64, "--widht"),
    ],
)
def test_a_bad_value_names_its_option_in_one_line(field, value, option):
    with pytest.raises(UsageError) as caught:
        Recipe.for_architecture("bow", **{field: value})
    assert option in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "plain", [None, [], {}, {"architecture": "hf"}, {"architecture": "bow", "width": "x"}]
)
def test_a_recorded_recipe_that_is_none_is_a_model_error(plain):
    with pytest.raises(ModelError):
        Recipe.from_plain(plain)


def test_a_recipe_is_frozen_and_hashable():
    recipe = Recipe.for_architecture("bow")
    with pytest.raises(ValueError, match="frozen"):
        recipe.width = 3
    assert len({recipe, Recipe.for_architecture("bow")}) == 1


@pytest.mark.parametrize("name", ["bow", "cnn", "bilstm", "transformer", "hf:x"])
def test_private_defaults_give_way_to_what_was_set(name):
    private, plain = Recipe.for_architecture(name, private=True), Recipe.for_architecture(name)
    assert plain.model_copy(update=plain.private_defaults()) == private
    assert private.privacy is None  # The mechanism depends on the data's size.
    own = Recipe.for_architecture(name, private=True, learning_rate=0.123)
    assert own.learning_rate == 0.123
    changed = plain.model_copy(update={"learning_rate": 0.123})
    assert changed.model_copy(update=changed.private_defaults()) == own


def test_a_recipe_with_a_mechanism_survives_json():
    privacy = PrivateTraining(noise_multiplier=1.5, sample_rate=0.01, steps=100, clipping="fixed")
    recipe = Recipe.for_architecture("bow", vocabulary="hash:4096").model_copy(update={"privacy": privacy})
    assert Recipe.from_plain(json.loads(json.dumps(recipe.to_plain()))) == recipe
    assert hash(recipe) == hash(recipe.model_copy())


@pytest.mark.parametrize("vocabulary", ["hash:", "hash:5", "hash:0100", "hash:99999999", "hash:x", "words"])
def test_a_hash_that_is_none_names_its_option(vocabulary):
    with pytest.raises(UsageError, match="--vocabulary"):
        Recipe.for_architecture("bow", vocabulary=vocabulary)
