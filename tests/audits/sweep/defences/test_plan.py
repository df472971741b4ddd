import numpy as np
import pytest

from privaudit.audits.sweep.defences import plan_sweep
from privaudit.audits.sweep.defences.plan import SAMPLE
from privaudit.data.columns import Columns
from privaudit.errors import DataError, PrivauditError


def test_all_defences_share_records_secrets_and_questions(request_for):
    plan = plan_sweep(request_for())
    first, *others = plan.defences
    assert [p.variant.name for p in plan.defences] == [
        "none", "dropout", "early-stopping", "char-embeddings", "all"]  # fmt: skip
    for planned in (first, *others):
        for part in (planned.planted, planned.clean):
            assert part.pool is first.planted.pool
            assert part.scored is first.planted.scored
            assert part.learner.vocabulary is plan.data.vocabulary
            assert part.learner.recipe == planned.variant.recipe
        assert planned.planted.learner.planting.template == plan.data.template
        assert planned.clean.learner.planting is None
        secrets = [planned.planted.learner.secret(planned.planted, i) for i in range(3)]
        assert secrets == list(map(tuple, plan.texts.pool.secrets.tolist()))
    assert plan.n_models == 5 * (3 + 2)
    assert len({part.key() for p in plan.defences for part in (p.planted, p.clean)}) == 10


def test_controls_have_seeds_of_their_own(request_for):
    (planned,) = plan_sweep(request_for(defences="none")).defences
    assert planned.planted.seed == 0
    assert planned.clean.seed != 0


def test_every_filling_is_asked_and_then_the_holdout(request_for):
    plan = plan_sweep(request_for())
    scored = plan.defences[0].planted.scored
    asked = [f"my pin is {a} {b}" for a in range(5) for b in range(5)]
    assert scored.texts[:25] == asked
    assert list(scored.texts[25:]) == list(plan.data.holdout.texts)
    assert scored.labels[:25].tolist() == [plan.data.label] * 25
    assert np.array_equal(scored.labels[25:], plan.data.holdout.labels)
    assert scored.n_classes == 3


def test_too_many_fillings_are_sampled_and_the_secrets_added(request_for):
    plan = plan_sweep(request_for(canary={"pattern": "call {digit:10}"}))
    texts = plan.texts
    assert (len(texts.pool.sample), len(texts.fillings), texts.n_ranked) == (SAMPLE, SAMPLE + 3, SAMPLE + 1)
    learner = plan.defences[0].planted.learner
    secrets = [learner.secret(plan.defences[0].planted, i) for i in range(3)]
    assert [tuple(f) for f in texts.pool.secrets.tolist()] == secrets
    again = plan_sweep(request_for(canary={"pattern": "call {digit:10}"}))
    assert np.array_equal(texts.fillings, again.texts.fillings)


def test_the_vocabulary_tells_nothing_of_a_secret(request_for):
    plans = [plan_sweep(request_for(seed=seed, defences="none")) for seed in (0, 1)]
    for plan in plans:
        known = plan.data.vocabulary.known
        assert known[-8:] == ("0", "1", "2", "3", "4", "is", "my", "pin")
        assert len(set(known)) == len(known)


def test_coins_and_secrets_follow_from_the_seed(request_for):
    keys = {seed: plan_sweep(request_for(seed=seed)).defences[0].planted.key() for seed in (0, 1)}
    assert keys[0] == plan_sweep(request_for(seed=0)).defences[0].planted.key()
    assert keys[0] != keys[1]


def test_duplicates_go_before_the_coins_are_flipped(request_for):
    plan = plan_sweep(request_for())
    texts = [*plan.data.pool.texts, *plan.data.holdout.texts]
    assert len(set(texts)) == len(texts)
    assert plan.data.duplicates_removed == 150 - len(texts) > 0


def test_groups_stay_together(request_for):
    plan = plan_sweep(request_for(columns=Columns(group="user")))
    assert set(plan.data.pool.groups).isdisjoint(plan.data.holdout.groups)


def test_labels(request_for):
    own = plan_sweep(request_for()).data
    assert (own.labels, own.label) == (("animal", "vehicle", "canary"), 2)
    named = plan_sweep(request_for(canary={"label": "vehicle"})).data
    assert (named.labels, named.label) == (("animal", "vehicle"), 1)
    drawn = plan_sweep(request_for(canary={"label": "random"})).data
    assert drawn.labels == ("animal", "vehicle")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"models": 0}, "--models"),
        ({"controls": -1}, "--controls"),
        ({"repetitions": 0}, "--repetitions"),
        ({"repetitions": 10**7}, "--repetitions"),
        ({"holdout": 0.0}, "--holdout"),
        ({"holdout": 1.0}, "--holdout"),
        ({"holdout": float("nan")}, "--holdout"),
        ({"defences": "hope"}, "--defences"),
        ({"canary": {"label": "boats"}}, "--label"),
        ({"canary": {"pattern": "no slot"}}, "has 0 slots; 1 to 64 are allowed"),
        ({"canary": {"pattern": "{digit:4"}}, "braces"),
        ({"canary": {"pattern": "my {number:2}"}}, "--candidates"),
        ({"canary": {"candidates": {"unused": ("a", "b")}}}, "--candidates"),
        ({"recipe": {"max_length": 3}}, "--max-length"),
        ({"recipe": {"name": "hf:nowhere"}, "defences": "none"}, "config.json"),
    ],
)
def test_what_is_not_possible_is_refused_before_anything_is_trained(request_for, changes, named):
    request = request_for(**changes)
    with pytest.raises(PrivauditError) as caught:
        plan_sweep(request)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not request.store.exists()


def test_data_that_hold_a_possible_secret_are_refused(request_for, data):
    data.write_text(data.read_text() + "My PIN is 3  4\tanimal\tuser 1\n")
    with pytest.raises(DataError, match="could be a secret"):
        plan_sweep(request_for())


def test_data_that_say_who_is_a_member_are_refused(request_for, data):
    rows = data.read_text().splitlines()
    data.write_text("\n".join([f"{rows[0]}\tmember", *(f"{row}\t{i % 2}" for i, row in enumerate(rows[1:]))]))
    with pytest.raises(DataError, match="membership column"):
        plan_sweep(request_for())


def test_one_class_is_refused(request_for, data):
    data.write_text(data.read_text().replace("\tvehicle", "\tanimal"))
    with pytest.raises(DataError, match="two classes"):
        plan_sweep(request_for())


def test_private_defences_take_their_noise_from_the_records_of_a_model(request_for):
    recipe = {"vocabulary": "hash:500", "batch_size": 16}
    plan = plan_sweep(request_for(defences="none,dp:1", recipe=recipe))
    none, private = plan.defences
    privacy = private.variant.recipe.privacy
    assert none.variant.recipe.privacy is None
    assert privacy.sample_rate == 16 / (len(plan.data.pool) + 30)
    assert private.planted.learner.recipe.privacy == private.clean.learner.recipe.privacy == privacy
    assert plan.data.vocabulary.digest == "hash:500"
    assert private.variant.delta == 1e-5


def test_words_of_the_data_do_not_go_with_privacy(request_for):
    with pytest.raises(PrivauditError, match="--vocabulary hash:4096"):
        plan_sweep(request_for(defences="none,dp:1"))


def test_a_file_of_words_must_know_every_secret(request_for, tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("\n".join(["my", "pin", "is", "cat", "dog", "0", "1", "2", "3"]))
    with pytest.raises(DataError, match="'4'"):
        plan_sweep(request_for(defences="dp:1", vocabulary_file=file))
    file.write_text("\n".join(["my", "pin", "is", "cat", "dog", "0", "1", "2", "3", "4"]))
    plan = plan_sweep(request_for(defences="dp:1", vocabulary_file=file))
    assert plan.defences[0].variant.recipe.vocabulary.startswith("sha256:")
    assert plan.data.vocabulary.known[-1] == "4"
