"""``privaudit sweep --epsilon`` from the outside."""

import json

import pytest

from privaudit.results import read_result

SMALL = (
    "--width",
    8,
    "--epochs",
    2,
    "--batch-size",
    64,
    "--models",
    2,
    "--canaries",
    50,
    "--vocabulary",
    "hash:512",
)


@pytest.fixture
def messages(trained):
    return trained / "messages.tsv"


def test_a_sweep_over_epsilon_writes_a_result_and_prints_a_table(privaudit, messages, tmp_path):
    out = tmp_path / "sweep.json"
    done = privaudit("sweep", messages, *SMALL, "--epsilon", "inf,2", "-o", out, "--store", tmp_path / "s")
    assert (done.code, done.out.splitlines()[0][:13]) == (0, "NO LIMITS SET")
    assert "each in about half of the models" in done.out
    lines = [line.split()[0] for line in done.out.splitlines() if line.startswith(("inf ", "2 "))]
    assert lines == ["inf", "2"]
    result = read_result(out)
    assert [row.epsilon for row in result.epsilon_sweep.rows] == [float("inf"), 2.0]
    assert result.epsilon_sweep.rows[1].claim.noise_multiplier > 0
    assert result.provenance.settings["epsilon"] == "inf,2 (flag)"


def test_json_goes_to_stdout_alone(privaudit, messages):
    done = privaudit("sweep", messages, *SMALL, "--epsilon", "inf", "--json")
    assert json.loads(done.out)["epsilon_sweep"]["rows"][0]["epsilon"] == "inf"


def test_a_dry_run_trains_nothing_and_tells_noise_and_cost(privaudit, messages, tmp_path):
    store = tmp_path / "untouched"
    done = privaudit("sweep", messages, *SMALL, "--epsilon", "inf,2", "--store", store, "--dry-run")
    assert done.code == 0
    assert not store.exists()
    assert "Epsilon    inf: no noise; 2 models to train, 0 in the store" in done.out
    assert "Epsilon    2: noise " in done.out
    assert "Time " in done.out


def test_time_that_runs_out_is_inconclusive(privaudit, messages, tmp_path):
    done = privaudit(
        "sweep", messages, *SMALL, "--epsilon", "inf", "--store", tmp_path / "s", "--max-seconds", 0
    )
    assert done.code == 4
    assert "Not run: epsilon inf: 0 of 2 models" in done.out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--epsilon", "eight"), "--epsilon"),
        (("--epsilon", "2", "--defences", "none"), "--defences"),
        (("--epsilon", "2", "--holdout", "0.5"), "--holdout"),
        (("--canaries", "50"), "--canaries"),
        (("--clip", "1.0"), "--clip"),
        (("--epsilon", "2", "--clip", "tight"), "--clip"),
        (("--epsilon", "2", "--delta", "0.5"), "--delta"),
        (("--epsilon", "2", "--vocabulary", "hash:x"), "--vocabulary"),
        (("--epsilon", "2", "--early-stopping"), "--early-stopping"),
        (("--epsilon", "2", "-o", "/nowhere/result.json"), "/nowhere"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(privaudit, messages, arguments, named):
    done = privaudit("sweep", messages, *arguments)
    assert (done.code, done.out) == (2, "")
    assert named in done.err
    assert done.err.count("\n") == 1
