"""``privaudit epsilon`` from the outside: golden values, JSON, and one clear line for what is impossible."""

import json

import pytest

ACCOUNT = ("epsilon", "account", "--sample-rate", 0.01, "--steps", 1000, "--delta", 1e-5)


def test_account_prints_epsilon_and_the_most_an_attack_can_reach(privaudit):
    done = privaudit(*ACCOUNT, "--noise-multiplier", 1, "--json")
    found = json.loads(done.out)
    assert done.code == 0
    assert found["epsilon"]["pld"] == pytest.approx(1.828244, rel=1e-4)
    assert found["epsilon"]["rdp"] == pytest.approx(2.101367, rel=1e-3)
    assert set(found["max_tpr"]) == {"0.0001", "0.001", "0.01", "0.1", "0.5"}
    assert found["max_tpr"]["0.01"] == pytest.approx(0.029139, abs=2e-6)
    assert found["max_auc"] == pytest.approx(0.61310, abs=1e-5)
    if found["epsilon"]["prv"] is None:
        assert "privaudit[opacus]" in found["prv_reason"]


def test_account_for_people(privaudit):
    done = privaudit(*ACCOUNT, "--noise-multiplier", 1)
    assert "1.8282 by PLD (quote this)" in done.out
    assert "TPR 0.029139 at FPR 0.01" in done.out


def test_calibrate_undoes_account(privaudit):
    done = privaudit(
        "epsilon",
        "calibrate",
        "--epsilon",
        1,
        "--sample-rate",
        0.01,
        "--steps",
        1000,
        "--delta",
        1e-5,
        "--json",
    )
    noise = json.loads(done.out)["noise_multiplier"]
    assert noise == pytest.approx(1.41463, rel=3e-4)
    again = json.loads(privaudit(*ACCOUNT, "--noise-multiplier", noise, "--json").out)
    assert 0.999 < again["epsilon"]["pld"] <= 1


@pytest.mark.parametrize(("method", "epsilon"), [("steinke", 0.297227), ("mahloujifar", 0.58342)])
def test_bound(privaudit, method, epsilon):
    arguments = ["epsilon", "bound", "--method", method, "--canaries", 1000, "--guesses", 1000]
    arguments += ["--correct", 600, "--delta", 1e-5]
    assert json.loads(privaudit(*arguments, "--json").out)["epsilon"] == pytest.approx(epsilon, abs=3e-4)
    shown = privaudit(*arguments).out
    assert "assumes an independent fair coin per canary" in shown
    assert ("Gaussian" in shown) == (method == "mahloujifar")


def test_account_for_copies(privaudit):
    done = privaudit(*ACCOUNT, "--noise-multiplier", 2, "--copies", 3, "--json")
    found = json.loads(done.out)
    assert found["epsilon"]["rdp"] is None
    assert "single records" in found["rdp_reason"]
    alone = json.loads(privaudit(*ACCOUNT, "--noise-multiplier", 2, "--json").out)
    assert 3 * alone["epsilon"]["pld"] < found["epsilon"]["pld"] < 9 * alone["epsilon"]["pld"]
    assert (
        "of 3 copies of a record together" in privaudit(*ACCOUNT, "--noise-multiplier", 2, "--copies", 3).out
    )


def test_account_reads_and_checks_a_claim(privaudit, tmp_path):
    path = tmp_path / "accountant.json"
    state = {"mechanism": "gdp", "history": [[1.0, 0.01, 400], [1.0, 0.01, 600]]}
    path.write_text(json.dumps({**state, "epsilon": 1.6177, "delta": 1e-5}))
    done = privaudit("epsilon", "account", "--claim", path, "--records", 200_000, "--json")
    assert done.code == 0
    found = json.loads(done.out)
    assert found["epsilon"]["pld"] == pytest.approx(1.828244, rel=1e-4)
    assert found["claim"]["steps"] == 1000
    status = {check["id"]: check["status"] for check in found["checks"]}
    assert [k for k, v in status.items() if v == "warning"] == ["accountant", "epsilon", "delta"]
    assert status["sampler"] == "unknown"
    shown = privaudit("epsilon", "account", "--claim", path, "--delta", 1e-6).out
    assert "1.8282" not in shown
    assert "warning: The accountant 'gdp'" in shown
    assert "The claim says epsilon" not in shown


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "Missing --noise-multiplier, --sample-rate, --steps. Give all three numbers, or"),
        (("--noise-multiplier", 1), "Missing --sample-rate, --steps. Give all three numbers, or"),
        (
            ("--noise-multiplier", 1, "--claim", "claim.json"),
            "--claim was given with --noise-multiplier, --sample-rate or --steps",
        ),
        (("--claim", "missing.json"), "missing.json (No such file or directory). Correct --claim."),
        (("--claim", "claim.json"), "The claim in claim.json lacks a noise multiplier, sample rate or steps"),
        (("--claim", "no-delta.json"), "No delta was given. Give --delta in (0, 1), for example 1e-5."),
        (("--claim", "empty.json"), "empty.json holds no privacy claim"),
    ],
)
def test_claims_that_cannot_be_accounted_are_one_line(privaudit, tmp_path, arguments, complaint):
    for name, content in (
        ("claim.json", {"epsilon": 3, "delta": 1e-5}),
        ("no-delta.json", {"mechanism": "rdp", "history": [[1.0, 0.01, 10]]}),
        ("empty.json", {}),
    ):
        (tmp_path / name).write_text(json.dumps(content))
    given = [tmp_path / a if str(a).endswith(".json") else a for a in arguments]
    done = privaudit("epsilon", "account", *given)
    assert done.code == 2
    assert complaint in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((*ACCOUNT, "--noise-multiplier", 0), "The noise multiplier 0.0 is not a finite number above 0"),
        ((*ACCOUNT[:-1], 2, "--noise-multiplier", 1), "Delta 2.0 is not in (0, 1)"),
        (
            ("epsilon", "calibrate", "--epsilon", 0, "--sample-rate", 1, "--steps", 1, "--delta", 1e-5),
            "Epsilon 0.0 is not a finite number above 0",
        ),
        (
            (
                "epsilon",
                "calibrate",
                "--epsilon",
                1e-6,
                "--sample-rate",
                1,
                "--steps",
                10000,
                "--delta",
                1e-9,
            ),
            "No noise multiplier up to 1,000 reaches epsilon",
        ),
    ],
)
def test_impossible_values_are_one_line(privaudit, arguments, complaint):
    done = privaudit(*arguments)
    assert done.code == 2
    assert complaint in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"--method": "other"}, "Unknown method 'other'. Use --method steinke or mahloujifar."),
        ({"--guesses": 101}, "--guesses 101 is not between 1 and the number of canaries, 100"),
        ({"--correct": 51}, "--correct 51 is not between 0 and the number of guesses, 50"),
        ({"--delta": 1}, "--delta 1.0 is not in (0, 1)"),
        ({"--method": "mahloujifar", "--delta": 0}, "--delta 0.0 is not in (0, 1)"),
        ({"--confidence": 1}, "--confidence 1.0 is not in (0, 1)"),
    ],
)
def test_impossible_audits_are_one_line(privaudit, change, complaint):
    given = {"--method": "steinke", "--canaries": 100, "--guesses": 50, "--correct": 40, "--delta": 1e-5}
    done = privaudit("epsilon", "bound", *(part for pair in (given | change).items() for part in pair))
    assert done.code == 2
    assert complaint in done.err
    assert done.err.count("\n") == 1
