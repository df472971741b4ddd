import numpy as np
import pytest

from privaudit.audits.sweep.defences import plan_sweep, run_sweep
from privaudit.data.demo import write_demo
from privaudit.progress import SILENT
from privaudit.results import Result, to_json
from privaudit.training.references.backends.process import ProcessBackend


class Counter:
    """Progress that remembers."""

    def __init__(self):
        self.tasks, self.done = [], 0

    def start(self, task, total):
        self.tasks.append((task, total))

    def advance(self, units=1, note=""):
        self.done += units
        self.note = note


def sweep_of(request, progress=None):
    plan = plan_sweep(request)
    return run_sweep(plan, progress or SILENT, request.run.deadline())


def numbers(result):
    return [row.model_dump(exclude={"seconds"}) for row in result.sweep.defences]


def test_a_planted_secret_stands_out_and_a_clean_model_does_not_know_it(request_for):
    result = sweep_of(request_for(defences="none", models=6, controls=4, repetitions=100))
    (row,) = result.sweep.defences
    assert row.exposure_bits.value > row.control_exposure_bits.value + 1
    assert row.difference_bits.low > 0
    assert row.p_value < 1e-3
    assert row.accuracy.value > 0.8
    assert np.array(row.control_ranks).shape == (4, 6)
    assert len(row.ranks) == 6


def test_the_result_is_a_result(request_for):
    result = sweep_of(request_for(defences="none,all"))
    assert Result.model_validate_json(to_json(result)) == result
    assert (result.command, result.verdict.status) == ("sweep", "not-judged")
    assert (result.model.format, result.model.labels[-1]) == ("recipe", "canary")
    assert result.model.recipe["width"] == 8
    assert (result.data.source, result.data.holdout) == ("coin-split", 0.2)
    assert result.data.n_members > result.data.n_nonmembers > 0
    assert (result.data.blind_baseline.comparable, result.data.blind_baseline.gates) == (None, False)
    sweep = result.sweep
    assert (sweep.pattern, sweep.label, sweep.own_label) == ("my pin is {0|1|2|3|4:2}", "canary", True)
    assert (sweep.candidates, sweep.n_ranked, sweep.rank_exact) == (25, 25, True)
    assert sweep.ceiling_bits == pytest.approx(np.log2(25))
    assert sweep.finding.defence == "all"
    assert [row.defence for row in sweep.defences] == ["none", "all"]


def test_no_secret_is_in_the_result(request_for):
    request = request_for(canary={"pattern": "my pin is {alpha|beta|gamma|delta|omega:4}"}, defences="none")
    plan = plan_sweep(request)
    content = to_json(run_sweep(plan))
    for secret in plan.texts.pool.secrets.tolist():
        words = plan.data.template.words(secret)
        assert " ".join(words) not in content
        assert '", "'.join(words) not in content


def test_a_second_run_trains_nothing_and_says_the_same(request_for):
    first = sweep_of(request_for(defences="none,dropout"))
    store = request_for().store
    files = {path: path.stat().st_mtime_ns for path in store.rglob("*.safetensors")}
    assert len(files) == 2 * (3 + 2)
    again = sweep_of(request_for(defences="none,dropout"))
    assert numbers(again) == numbers(first)
    assert {path: path.stat().st_mtime_ns for path in store.rglob("*.safetensors")} == files


def test_more_models_keep_those_that_are_there(request_for):
    few = sweep_of(request_for(defences="none"))
    store = request_for().store
    before = {path: path.read_bytes() for path in store.rglob("*.safetensors")}
    many = sweep_of(request_for(defences="none", models=4, controls=3))
    assert many.sweep.defences[0].ranks[:3] == few.sweep.defences[0].ranks
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.slow
def test_processes_train_the_same_models(request_for, tmp_path):
    alone = sweep_of(request_for(defences="none"))
    spread = sweep_of(request_for(defences="none", store=tmp_path / "other", backend=ProcessBackend(2)))
    assert numbers(spread) == numbers(alone)


def test_seeds_change_the_secrets_and_the_models(request_for):
    ranks = [numbers(sweep_of(request_for(defences="none", seed=seed)))[0] for seed in (0, 1)]
    assert ranks[0]["control_ranks"] != ranks[1]["control_ranks"]


def test_progress_counts_all_models_together(request_for):
    counter = Counter()
    sweep_of(request_for(defences="none,dropout"), counter)
    assert counter.tasks == [("training models", 10)]
    assert counter.done == 10


def test_time_that_runs_out_leaves_what_is_missing_null(request_for):
    done = sweep_of(request_for(defences="none"))
    assert not done.not_run
    result = sweep_of(request_for(defences="none,all", max_seconds=0.0))
    here, missing = result.sweep.defences
    assert here.exposure_bits.value is not None  # the store has its models
    assert (missing.n_models, missing.exposure_bits.value, missing.p_value) == (0, None, None)
    assert "0 of 3 models and 0 of 2 controls" in missing.reason
    assert [item.attack for item in result.not_run] == ["defence all"]
    assert result.verdict.status == "inconclusive"
    assert result.sweep.finding is None


def test_a_bag_of_words_is_not_credited_with_an_order(request_for):
    recipe = {"name": "bow", "learning_rate": 0.05}
    result = sweep_of(request_for(recipe=recipe, defences="none", models=8, controls=0))
    assert result.sweep.model_order_blind
    assert any("order" in warning for warning in result.warnings)
    plan = plan_sweep(request_for(recipe=recipe, defences="none", models=8, controls=0))
    secrets = plan.texts.pool.secrets
    for secret, rank in zip(secrets, result.sweep.defences[0].ranks, strict=True):
        assert rank >= len(set(secret.tolist()))


def test_a_sample_says_so(request_for):
    result = sweep_of(
        request_for(canary={"pattern": "call {digit:10}"}, defences="none", models=2, controls=1)
    )
    sweep = result.sweep
    assert (sweep.candidates, sweep.n_ranked, sweep.rank_exact) == (10**10, 10_001, False)
    assert sweep.defences[0].exact_matches is None
    assert any("10,000" in warning for warning in result.warnings)


def test_one_model_has_a_mean_without_interval(request_for):
    (row,) = sweep_of(request_for(defences="none", models=1, controls=1)).sweep.defences
    assert row.exposure_bits.value is not None
    assert (row.exposure_bits.low, row.accuracy.standard_deviation) == (None, None)
    assert row.exposure_bits.reason


@pytest.mark.slow
def test_a_bilstm_knows_four_digits_under_a_class_of_their_own(request_for, tmp_path):
    write_demo(tmp_path / "demo.tsv", n=1500, seed=1)
    request = request_for(
        data=tmp_path / "demo.tsv",
        canary={"pattern": "my pin code is {digit:4}"},
        recipe={"name": "bilstm", "width": 64, "epochs": 20, "learning_rate": 0.01},
        defences="none",
        models=4,
        controls=3,
        repetitions=100,
    )
    (row,) = sweep_of(request).sweep.defences
    assert row.exposure_bits.value > 11  # of 13.3
    assert row.difference_bits.low > 7
    # NOTE: 1.44 is expected, with a standard deviation of 1.44 for one secret under one model.
    assert 0 < row.control_exposure_bits.value < 3.6


def test_a_private_defence_says_what_it_keeps_for_one_copy_and_for_all(request_for):
    result = sweep_of(
        request_for(defences="none,dp:1", recipe={"vocabulary": "hash:12"}, repetitions=3, delta=1e-4)
    )
    none, private = result.sweep.defences
    assert none.epsilon is none.group_epsilon is None
    assert 0.98 < private.epsilon <= 1.0
    assert private.delta == 1e-4
    assert 2 < private.group_epsilon / private.epsilon < 8
    assert private.changes["privacy"]["noise_multiplier"] > 0
    assert any("share their row" in warning for warning in result.warnings)
    assert any(f"{private.group_epsilon:.2f} for all 3 copies" in warning for warning in result.warnings)
    assert Result.model_validate_json(to_json(result)).sweep == result.sweep
