import math

import numpy as np
import pytest

from privaudit.audits.sweep.epsilon import estimate_cost, plan_epsilon_sweep, run_epsilon_sweep
from privaudit.audits.sweep.epsilon.measure import adjusted
from privaudit.results import Result, to_json


def numbers(result):
    return [row.model_dump(exclude={"seconds"}) for row in result.epsilon_sweep.rows]


def test_scores_lose_what_is_a_canarys_own_and_keep_what_is_a_models():
    rng = np.random.default_rng(0)
    inside, level = rng.random((8, 2000)) < 0.5, 5 * rng.normal(size=2000)
    found = adjusted(level + 2.0 * inside + rng.normal(size=(8, 2000)))
    assert found.mean(axis=0).std() < 0.1 < level.std()
    difference = found[inside].mean() - found[~inside].mean()
    assert difference == pytest.approx(2.0, abs=0.1)
    alike = rng.normal(size=(8, 2000)) + 2.0 * inside
    assert np.corrcoef(adjusted(alike).ravel(), alike.ravel())[0, 1] > 0.999
    assert np.array_equal(adjusted(alike[:1]), alike[:1])


def test_models_that_keep_their_epsilon_are_not_called_violated(epsilon_sweep_of):
    result = epsilon_sweep_of()
    ordinary, *private = result.epsilon_sweep.rows
    assert math.isinf(ordinary.epsilon)
    assert ordinary.bound.verdict == "no-claim"
    assert ordinary.bound.p_value is None
    for row in private:
        assert row.bound.verdict in {"consistent", "inconclusive"}
        assert all(bound.value <= row.accounted for bound in row.bound.lower_bounds)
        assert [a for a in row.attacks if a.auc.low >= row.allowed.auc] == []
        positive, negative = row.bound.controls
        assert (positive.name, positive.passed) == ("positive", True)
        assert (negative.name, negative.passed) == ("negative", True)
    assert result.verdict.status == "not-judged"
    assert "no proof" in result.epsilon_sweep.sentence


def test_models_that_leak_more_than_their_noise_allows_are_violated(epsilon_sweep_of):
    result = epsilon_sweep_of(leak=8.0, epsilons="1", canaries=200)
    (row,) = result.epsilon_sweep.rows
    assert row.bound.verdict == "violated"
    assert row.bound.p_value < 1e-3
    assert max(bound.value for bound in row.bound.lower_bounds) > row.accounted
    assert (result.epsilon_sweep.verdict, result.verdict.status) == ("violated", "fail")
    assert "At epsilon 1 " in result.epsilon_sweep.sentence


def test_the_result_is_a_result(epsilon_sweep_of):
    result = epsilon_sweep_of()
    assert Result.model_validate_json(to_json(result)) == result
    assert (result.command, result.model.format) == ("sweep", "recipe")
    assert '"epsilon": "inf"' in to_json(result)
    for row in result.epsilon_sweep.rows:
        attacks = [(a.attack, a.targets) for a in row.attacks]
        assert attacks == [(a, t) for t in ("records", "canaries") for a in ("loss", "lira-eb")]
        assert row.bound.n_in + row.bound.n_out == 3 * 60
        curves = {curve.kind for curve in row.bound.theory_curves}
        assert curves >= ({"mechanism", "epsilon-delta"} if row.claim else set())


@pytest.mark.slow
def test_attack_success_rises_with_epsilon(epsilon_sweep_of):
    result = epsilon_sweep_of(epsilons="inf,16,8,4,2,1", canaries=200)
    found = {c.measure: c for c in result.epsilon_sweep.correlations}
    assert set(found) == {
        f"{attack} AUC on {targets}" for attack in ("loss", "lira-eb") for targets in ("records", "canaries")
    }
    loss = found["loss AUC on canaries"]
    assert (loss.n_points, loss.spearman) == (5, pytest.approx(1.0))
    assert loss.p_value == pytest.approx(1 / 120)
    assert loss.per_model.value > 0.9


def test_a_second_run_trains_nothing_and_says_the_same(epsilon_sweep_of, epsilon_request_for):
    first = epsilon_sweep_of()
    store = epsilon_request_for().store
    files = {path: path.stat().st_mtime_ns for path in store.rglob("*.safetensors")}
    assert len(files) == 3 * 3
    assert numbers(epsilon_sweep_of()) == numbers(first)
    assert {path: path.stat().st_mtime_ns for path in store.rglob("*.safetensors")} == files


def test_time_that_runs_out_leaves_what_is_missing_null(epsilon_sweep_of):
    epsilon_sweep_of(epsilons="2")
    result = epsilon_sweep_of(epsilons="2,0.5", max_seconds=0.0)
    here, missing = result.epsilon_sweep.rows
    assert here.accuracy.value is not None  # the store has its models
    assert (missing.n_models, missing.accuracy.value, missing.bound, missing.attacks) == (0, None, None, ())
    assert missing.allowed.auc > 0.5
    assert "0 of 3 models" in missing.reason
    assert [(item.attack, item.kind) for item in result.not_run] == [("epsilon 0.5", "epsilon")]
    assert (result.verdict.status, result.epsilon_sweep.verdict) == ("inconclusive", "inconclusive")


def test_one_model_has_no_interval_and_says_so(epsilon_sweep_of):
    result = epsilon_sweep_of(models=1, epsilons="2")
    (row,) = result.epsilon_sweep.rows
    assert [attack.attack for attack in row.attacks] == ["loss", "loss"]
    assert row.accuracy.value is not None
    assert row.accuracy.low is None
    assert any("--models" in warning for warning in result.warnings)


@pytest.mark.slow
def test_real_private_models_stay_below_what_is_allowed(epsilon_request_for):
    plan = plan_epsilon_sweep(epsilon_request_for(models=3, epsilons="inf,2", canaries=100))
    result = run_epsilon_sweep(plan)
    ordinary, private = result.epsilon_sweep.rows
    assert private.bound.verdict != "violated"
    assert private.claim.sampler == "poisson"
    assert private.claim.vocabulary == "hash:512"
    assert max(b.value for b in private.bound.lower_bounds) <= private.accounted
    assert len(ordinary.attacks) == len(private.attacks) == 4


def test_the_cost_counts_what_is_there(epsilon_request_for):
    request = epsilon_request_for(models=2)
    plan = plan_epsilon_sweep(request)
    before = [estimate_cost(planned, plan) for planned in plan.epsilons]
    assert not request.store.exists()
    assert [(cost.models, cost.held) for cost in before] == [(2, 0)] * 3
    assert all(cost.seconds > 0 for cost in before)
    assert before[1].steps == plan.epsilons[1].recipe.privacy.steps
    run_epsilon_sweep(plan)
    after = [estimate_cost(planned, plan) for planned in plan.epsilons]
    assert [(cost.held, cost.seconds) for cost in after] == [(2, 0.0)] * 3
