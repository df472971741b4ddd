"""What no valid test could rest on is refused before anything is computed, with the way out."""

import json

import numpy as np
import pytest

from privaudit.audits.epsilon import plan_epsilon
from privaudit.audits.epsilon.checks import checks_of
from privaudit.audits.epsilon.plan import ManyRunDesign, OneRunDesign
from privaudit.audits.epsilon.recipes import CanarySpec
from privaudit.audits.inputs import Inputs
from privaudit.data.canaries.manifest import read_manifest
from privaudit.errors import DataError, UsageError
from privaudit.results import Claim


def altered(manifest, path, change):
    content = json.loads(manifest.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


def test_one_run_is_planned_from_the_manifest_and_the_model(request_for, planted):
    plan = plan_epsilon(request_for())
    assert isinstance(plan.design, OneRunDesign)
    manifest = read_manifest(planted.manifest)
    assert plan.design.canaries.included.tolist() == [canary.included for canary in manifest.canaries]
    assert list(plan.design.canaries.texts) == [manifest.text(canary) for canary in manifest.canaries]
    assert plan.design.canaries.coins.status == "ok"
    assert plan.design.positive.count == 1
    assert plan.bounds == ("steinke", "mahloujifar-gaussian")


def test_the_initial_model_never_saw_a_canary(request_for):
    design = plan_epsilon(request_for()).design
    logits = design.before.outputs(design.canaries.texts).logits
    loss = np.logaddexp(0, np.where(design.canaries.labels == 1, 1, -1) * (logits[:, 0] - logits[:, 1]))
    inside, outside = loss[design.canaries.included].mean(), loss[~design.canaries.included].mean()
    assert abs(inside - outside) < 0.05


def test_canaries_that_are_all_in_are_refused(make_planted, request_for):
    other = make_planted(include="all")
    with pytest.raises(DataError, match=r"needs a fair coin for each. .* --include coin"):
        plan_epsilon(request_for(model=other.model, canaries=other.manifest))


def test_a_model_of_other_canaries_is_refused(request_for, planted, tmp_path):
    other = altered(planted.manifest, tmp_path / "c.json", lambda content: content.update(seed=4))
    with pytest.raises(DataError, match="The model was trained with the manifest"):
        plan_epsilon(request_for(canaries=other))


def test_a_model_without_a_manifest_is_refused(request_for, planted, tmp_path):
    from privaudit.training.job import train_bundle
    from privaudit.training.request import TrainingRequest

    train_bundle(
        TrainingRequest(planted.folder / "data.tsv", planted_recipe(), output=tmp_path / "m.pt", holdout=0.3)
    )
    with pytest.raises(DataError, match="The model was not trained with --canaries"):
        plan_epsilon(request_for(model=tmp_path / "m.pt"))


def planted_recipe():
    from privaudit.training.recipe import Recipe

    return Recipe.for_architecture("bow", width=4, epochs=1)


def test_a_clean_control_is_refused(make_planted, request_for):
    clean = make_planted(data="data.tsv", recipe=planted_recipe())
    with pytest.raises(DataError, match="clean control"):
        plan_epsilon(request_for(model=clean.model, canaries=clean.manifest))


def test_coins_that_do_not_follow_from_the_seed_are_refused(tmp_path, planted):
    from privaudit.audits.epsilon.canaries import coin_canaries

    def turn(content):
        content["canaries"][0]["included"] ^= True

    other = altered(planted.manifest, tmp_path / "c.json", turn)
    with pytest.raises(DataError, match="changed after planting"):
        coin_canaries(other, None, ("animal", "vehicle"))


def test_coins_of_a_manifest_by_hand_are_believed_and_that_is_said(planted, tmp_path):
    from privaudit.audits.epsilon.canaries import coin_canaries

    other = altered(planted.manifest, tmp_path / "c.json", lambda content: content.update(planted=None))
    assert coin_canaries(other, None, ("animal", "vehicle")).coins.status == "unknown"


def test_too_few_canaries_are_refused(make_planted, request_for):
    few = make_planted(count=15, recipe=planted_recipe())
    with pytest.raises(DataError, match="has only 15 canaries; the test needs 16 or more"):
        plan_epsilon(request_for(model=few.model, canaries=few.manifest))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"canaries": None}, "Neither --canaries nor --runs was given. Give one of them"),
        ({"runs": 30}, "--canaries and --runs were both given. Give one of them"),
        ({"canaries": None, "runs": 19}, "--runs 19 is not between 20 and 100,000"),
        ({"control_runs": 5}, "--control-runs 5 is not 0 or 1"),
        (
            {"canaries": None, "runs": 30, "control_runs": 5},
            "--control-runs 5 is too few; the control needs 20 or more, or 0 for none",
        ),
        ({"claim": Claim(epsilon=8.0)}, "epsilon 8 without a delta"),
        ({"claim": Claim(epsilon=8.0, delta=1e-5, adjacency="replace-one")}, "a canary is added or removed"),
        ({"fail_if": ("clopper-pearson:epsilon>1",)}, "names a bound that does not run. Name "),
        ({"fail_if": ("rank-test-gaussian:epsilon>1",)}, "names a bound that does not run. Name "),
        ({"fail_if": ("auc>0.6",)}, "Use epsilon here"),
        (
            {"canaries": None, "runs": 30, "canary_spec": CanarySpec(label="ship")},
            "The model has no class 'ship'; its classes are ",
        ),
        (
            {"canaries": None, "runs": 30, "canary_spec": CanarySpec(text=" ")},
            "--canary-text has 0 words, not 1 to 256",
        ),
        ({"canaries": None, "runs": 30, "canary_spec": CanarySpec(text="zq0007")}, None),
    ],
)
def test_what_cannot_be_tested_is_refused(request_for, changes, expected):
    if expected is None:
        assert isinstance(plan_epsilon(request_for(**changes)).design, ManyRunDesign)
        return
    with pytest.raises(UsageError, match=expected) as refused:
        plan_epsilon(request_for(**changes))
    assert "\n" not in str(refused.value)


def test_a_canary_that_is_a_record_is_refused(request_for):
    plan = plan_epsilon(request_for(canaries=None, runs=30))
    record = plan.design.models.pool.texts[0]
    with pytest.raises(UsageError, match="--canary-text is the text of a training record"):
        plan_epsilon(request_for(canaries=None, runs=30, canary_spec=CanarySpec(text=f" {record.upper()} ")))


def test_the_canary_of_many_runs_is_a_word_that_no_record_has_and_every_model_knows(request_for):
    plan = plan_epsilon(request_for(canaries=None, runs=30))
    (text,) = plan.design.canary.texts
    (word,) = set(text.split())
    assert not any(word in record for record in plan.design.models.pool.texts)
    vocabulary = plan.design.models.learner.vocabulary
    assert vocabulary.number(word) > 1
    assert len(text.split()) == 5
    assert plan.bounds == ("rank-test-epsilon-delta", "rank-test-gaussian")


def test_a_foreign_model_needs_its_own_canaries_and_has_no_positive_control(
    request_for, save_state_dict, factory_module, planted, tmp_path
):
    def under_its_classes(content):
        content["planted"] = None

    manifest = altered(planted.manifest, tmp_path / "c.json", under_its_classes)
    inputs = Inputs(model=save_state_dict(), factory=f"{factory_module}:build")
    plan = plan_epsilon(request_for(inputs=inputs, canaries=manifest))
    assert plan.design.before is None
    assert plan.design.positive.plan is None
    assert "does not say how it was trained" in plan.design.positive.reason
    assert {check.id for check in checks_of(plan) if check.status == "unknown"} >= {"coins", "manifest"}
    with pytest.raises(UsageError, match="does not say how it was trained, so it can't be trained again"):
        plan_epsilon(request_for(inputs=inputs, canaries=None, runs=30))
    with pytest.raises(UsageError, match="does not say how it was trained, so it can't be trained again"):
        plan_epsilon(request_for(inputs=inputs, canaries=manifest, control_runs=1))


def test_copies_of_a_canary_are_tested_as_a_group_and_that_is_said(make_planted, request_for):
    twice = make_planted(repetitions=3, recipe=planted_recipe())
    plan = plan_epsilon(request_for(model=twice.model, canaries=twice.manifest))
    assert plan.hypothesis.group == 3
    assert any(check.id == "repetitions" and check.status == "warning" for check in checks_of(plan))


def test_a_claim_for_another_number_of_records_is_doubted(request_for):
    plan = plan_epsilon(request_for())
    assert plan.n_records == len(plan.design.positive.plan.pool)
    claim = Claim(epsilon=1.0, delta=1e-5, n_records=plan.n_records)
    assert not any(check.id == "records" for check in checks_of(plan_epsilon(request_for(claim=claim))))
    wrong = claim.model_copy(update={"n_records": plan.n_records - 1})
    assert any(check.id == "records" for check in checks_of(plan_epsilon(request_for(claim=wrong))))
