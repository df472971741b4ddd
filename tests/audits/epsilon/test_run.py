"""A model without privacy violates a small claim, and controls say whether the test can be believed."""

from dataclasses import replace

import numpy as np
import pytest

from privaudit.audits.epsilon import plan_epsilon, run_epsilon
from privaudit.audits.epsilon.scores import centred, loss_drops
from privaudit.results import Claim
from privaudit.stats.bounds import steinke

QUICK = Claim(noise_multiplier=5.0, sample_rate=0.1, steps=50, delta=1e-5)
"""A mechanism whose curve takes milliseconds."""


def controls(epsilon):
    return {control.name: control for control in epsilon.controls}


@pytest.fixture(scope="module")
def one_run(planted, audit_store):
    from privaudit.audits.epsilon import EpsilonRequest
    from privaudit.audits.inputs import Inputs
    from privaudit.training.references.backends.serial import SerialBackend

    request = EpsilonRequest(
        inputs=Inputs(model=planted.model), store=audit_store, backend=SerialBackend(),
        canaries=planted.manifest, claim=Claim(epsilon=1.0, delta=1e-5, source="typed"),
    )  # fmt: skip
    plan = plan_epsilon(request)
    return plan, run_epsilon(plan)


def test_a_model_without_privacy_violates_a_small_claim(one_run):
    plan, outcome = one_run
    epsilon = outcome.epsilon
    assert (epsilon.verdict, epsilon.design) == ("violated", "one-run")
    assert epsilon.p_value < 0.001
    assert epsilon.p_value == steinke.p_value(200, epsilon.guesses, epsilon.correct, 1.0, 1e-5)
    assert epsilon.guesses == plan.power.guesses
    assert epsilon.checklist
    assert {bound.method for bound in epsilon.lower_bounds} == set(plan.bounds)
    assert (epsilon.n_in, epsilon.n_out) == (
        int(plan.design.canaries.included.sum()),
        int((~plan.design.canaries.included).sum()),
    )


def test_both_controls_are_made_and_hold(one_run):
    found = controls(one_run[1].epsilon)
    assert found["positive"].passed
    assert found["negative"].passed


def test_the_evidence_gives_the_scores_again(one_run):
    plan, outcome = one_run
    signals, canaries = outcome.signals, plan.design.canaries
    assert np.array_equal(signals.member, canaries.included)
    drops = loss_drops(np.asarray(signals.reference_logits[0]), signals.target_logits, signals.label)
    assert np.array_equal(outcome.scores["loss-drop"], centred(drops, signals.label))


def test_it_is_the_same_again_and_the_control_comes_from_the_store(one_run, monkeypatch):
    plan, outcome = one_run
    monkeypatch.setattr(type(plan.design.positive.plan.learner), "learn", None)
    again = run_epsilon(plan)
    assert again.epsilon == outcome.epsilon


def test_without_a_claim_there_are_bounds_and_no_verdict(request_for):
    outcome = run_epsilon(plan_epsilon(request_for(claim=None)))
    assert outcome.epsilon.verdict == "no-claim"
    assert outcome.epsilon.p_value is None
    assert max(bound.value for bound in outcome.epsilon.lower_bounds) > 1
    assert controls(outcome.epsilon)["positive"].passed is None


def test_where_even_no_privacy_would_not_be_seen_nothing_is_called_consistent(request_for):
    outcome = run_epsilon(plan_epsilon(request_for(claim=Claim(epsilon=9.0, delta=1e-5))))
    assert outcome.epsilon.verdict == "inconclusive"
    assert controls(outcome.epsilon)["positive"].passed is False
    (reach,) = [check for check in outcome.epsilon.checks if check.id == "reach"]
    assert reach.status == "warning"
    assert "cannot refute the claim" in reach.text


def test_without_time_the_control_is_not_made_and_that_is_said(request_for, tmp_path):
    plan = plan_epsilon(request_for(store=tmp_path / "empty", max_seconds=0.0))
    found = controls(run_epsilon(plan, deadline=plan.request.run.deadline()).epsilon)["positive"]
    assert found.passed is None
    assert found.reason == "--max-seconds 0 ran out; what was trained is kept for the next run."


def test_a_control_that_was_not_asked_for_is_not_made(request_for):
    found = controls(run_epsilon(plan_epsilon(request_for(control_runs=0))).epsilon)["positive"]
    assert (found.passed, found.reason) == (None, "--control-runs 0.")


def test_many_runs_of_a_recipe_without_privacy_violate_a_claim(request_for):
    plan = plan_epsilon(request_for(canaries=None, runs=20, seed=4, claim=QUICK, threshold=0.5))
    outcome = run_epsilon(plan)
    epsilon = outcome.epsilon
    assert (epsilon.verdict, epsilon.design) == ("violated", "many-run")
    assert controls(epsilon)["positive"].passed
    assert controls(epsilon)["negative"].passed
    assert {bound.method for bound in epsilon.lower_bounds} == set(plan.bounds)
    assert outcome.signals.ids[:2] == ["model-1", "model-2"]
    assert len(outcome.scores["loss-drop"]) == 20
    assert "which no record has" in epsilon.canaries


def test_many_runs_that_are_not_all_there_decide_nothing(request_for, tmp_path):
    request = request_for(canaries=None, runs=25, claim=QUICK, store=tmp_path / "empty", max_seconds=0.0)
    outcome = run_epsilon(plan_epsilon(request), deadline=request.run.deadline())
    assert outcome.epsilon is None
    (missing,) = outcome.not_run
    assert (missing.attack, missing.kind) == ("many-run", "epsilon")
    assert "0 of 25 models" in missing.reason


def test_a_foreign_model_is_scored_by_its_loss_alone(request_for):
    plan = plan_epsilon(request_for(control_runs=0))
    foreign = replace(plan, design=replace(plan.design, before=None))
    epsilon = run_epsilon(foreign).epsilon
    assert epsilon.score.startswith("minus the loss under the trained model")
    assert "seed" not in epsilon.threat_model


@pytest.mark.slow
def test_a_private_model_does_not_violate_its_own_claim(make_planted, request_for):
    """The canaries of a private model violate its claim with a chance of one in a thousand."""
    from privaudit.training.private.claim import PrivacyRequest, private_recipe
    from privaudit.training.recipe import Recipe
    from privaudit.training.text import hashed_vocabulary

    recipe = Recipe.for_architecture(
        "bow", width=8, epochs=3, learning_rate=0.02, batch_size=64, optimizer="adam", vocabulary="hash:2048"
    )
    private = private_recipe(recipe, PrivacyRequest(epsilon=2.0, delta=1e-5), 212)
    other = make_planted(recipe=private)
    assert hashed_vocabulary(private.vocabulary) is not None
    privacy = private.privacy
    claim = Claim(
        noise_multiplier=privacy.noise_multiplier,
        sample_rate=privacy.sample_rate,
        steps=privacy.steps,
        delta=1e-5,
    )
    plan = plan_epsilon(request_for(model=other.model, canaries=other.manifest, claim=claim))
    outcome = run_epsilon(plan)
    assert outcome.epsilon.verdict in ("consistent", "inconclusive")
    assert outcome.epsilon.p_value > 0.001
    assert controls(outcome.epsilon)["positive"].p_value < outcome.epsilon.p_value
