import pytest

from privaudit.audits.sweep.defences.variants import Defence, parse_defences
from privaudit.errors import UsageError
from privaudit.training.recipe import Recipe

BASE = Recipe.for_architecture("bilstm", width=8)
THREE = {"dropout": 0.5, "early_stopping": True, "validation": 0.1, "embeddings": "both"}


def changes(text, recipe=BASE):
    return {variant.name: dict(variant.changes) for variant in parse_defences(text, recipe)}


def test_every_defence_changes_what_its_name_says_and_nothing_else():
    found = changes(",".join(Defence))
    assert found == {
        "none": {},
        "dropout": {"dropout": 0.5},
        "early-stopping": {"early_stopping": True, "validation": 0.1},
        "char-embeddings": {"embeddings": "both"},
        "all": THREE,
    }
    for variant in parse_defences(",".join(Defence), BASE):
        before, after = BASE.to_plain(), variant.recipe.to_plain()
        assert {key: after[key] for key in after if after[key] != before[key]}.items() <= THREE.items()
        assert all(after[key] == value for key, value in variant.changes.items())


def test_recipes_with_defences_are_possible_recipes():
    for variant in parse_defences("dropout,all", BASE):
        assert Recipe.from_plain(variant.recipe.to_plain()) == variant.recipe


def test_combinations_keep_the_order_asked_for():
    assert changes(" early-stopping + dropout , none") == {
        "early-stopping + dropout": {"early_stopping": True, "validation": 0.1, "dropout": 0.5},
        "none": {},
    }


def test_all_is_the_combination_of_the_three():
    (all_of_them,) = parse_defences("all", BASE)
    (spelled_out,) = parse_defences("char-embeddings+dropout+early-stopping", BASE)
    (two,) = parse_defences("char-embeddings+dropout", BASE)
    assert all_of_them.recipe == spelled_out.recipe
    assert (all_of_them.combines_all, spelled_out.combines_all, two.combines_all) == (True, True, False)


@pytest.mark.parametrize(
    "text",
    ["", "none,", "dropuot", "dropout,dropout", "dropout+dropout", "none+dropout", "all+dropout", "dropout+",
     "all,dropout+early-stopping+char-embeddings", "dp:8"],
)  # fmt: skip
def test_what_is_no_list_of_defences_is_refused_in_one_line(text):
    with pytest.raises(UsageError) as caught:
        parse_defences(text, BASE)
    assert "--defences" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_pretrained_encoder_keeps_its_own_embeddings():
    recipe = Recipe.for_architecture("hf:somewhere")
    assert set(changes("none,dropout+early-stopping", recipe)) == {"none", "dropout+early-stopping"}
    for text in ("char-embeddings", "all"):
        with pytest.raises(UsageError, match="own embeddings"):
            parse_defences(text, recipe)


def test_privacy_takes_its_own_defaults_and_what_the_user_set():
    base = Recipe.for_architecture("bow", width=8, epochs=3)
    (variant,) = parse_defences("dp:1+dropout", base, n=500)
    assert (variant.epsilon, variant.delta) == (1.0, 1e-5)
    assert variant.recipe.privacy.sample_rate == variant.recipe.batch_size / 500
    assert variant.recipe.optimizer == Recipe.for_architecture("bow", private=True).optimizer == "sgd"
    assert (variant.recipe.epochs, variant.recipe.dropout) == (3, 0.5)
    assert variant.changes["privacy"] == variant.recipe.privacy.model_dump()
    (own,) = parse_defences("dp:1", base.model_copy(update={"learning_rate": 0.3}), n=500, delta=1e-6)
    assert (own.recipe.learning_rate, own.delta) == (0.3, 1e-6)


@pytest.mark.slow
def test_less_epsilon_is_more_noise():
    base = Recipe.for_architecture("bow", epochs=1)
    none, much, little = parse_defences("none,dp:1,dp:0.5", base, n=500)
    assert none.epsilon is None
    assert none.recipe == base
    assert little.recipe.privacy.noise_multiplier > much.recipe.privacy.noise_multiplier


@pytest.mark.parametrize(
    "text", ["dp", "dp:", "dp:0", "dp:-1", "dp:inf", "dp:x", "dp:8,dp:8", "dp:8+dp:2", "dp:8+early-stopping",
             "dp:8+none", "dp:8+all"],
)  # fmt: skip
def test_privacy_that_cannot_be_is_refused(text):
    with pytest.raises(UsageError, match="--defences") as caught:
        parse_defences(text, Recipe.for_architecture("bow", epochs=1), n=500)
    assert "\n" not in str(caught.value)
