"""``privaudit audit`` from the outside: one result, one exit code, and no invalid test of epsilon."""

import json
import stat

import numpy as np
import pytest

from privaudit.cli.app import app
from privaudit.cli.failures import run_guarded
from privaudit.data.demo import write_demo
from privaudit.results import read_result

CLAIM = ("--claim-epsilon", 1, "--claim-delta", 1e-5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An overfitted bundle with 150 canaries by coin, each a made-up word, and one with a planted pin."""
    folder = tmp_path_factory.mktemp("audit")
    write_demo(folder / "data.tsv", n=300)
    (folder / "rare.txt").write_text("".join(f"zq{i:03d}\n" for i in range(300)))
    coins = ["--candidates", f"rare={folder / 'rare.txt'}", "--pattern", "{rare}", "--label", "random"]
    coins += ["--count", 150, "--repetitions", 1, "--include", "coin", "--seed", 5]
    pin = ["--pattern", "my pin is {digit:2}", "--label", "own", "--repetitions", 20]
    for name, options in (("coins", coins), ("pin", pin)):
        planted, manifest = folder / f"{name}.tsv", folder / f"{name}.json"
        run("canary", "plant", folder / "data.tsv", *options, "-o", planted, "--manifest", manifest)
        recipe = ["--arch", "bow", "--width", 16, "--epochs", 12, "--lr", 0.05]
        run("train", planted, "--canaries", manifest, "-o", folder / f"{name}.pt", "-q", *recipe)
    return folder


def run(*arguments):
    assert run_guarded(app, [str(argument) for argument in arguments]) == 0


@pytest.fixture
def audit(privaudit, folder):
    def run(model, *arguments):
        out = folder / "result.json"
        out.unlink(missing_ok=True)
        done = privaudit("audit", folder / model, "--controls", 0, "-o", out, *arguments)
        return done, read_result(out) if out.exists() else None

    return run


def test_a_model_without_privacy_violates_a_small_claim(audit, folder):
    done, result = audit("coins.pt", "--canaries", folder / "coins.json", *CLAIM)
    assert done.code == 1
    assert (result.command, result.epsilon.verdict, result.verdict.status) == ("audit", "violated", "fail")
    assert result.verdict.sentence.startswith("The claimed privacy is refuted.")
    assert result.membership
    assert not result.extraction
    assert (result.claim.epsilon, result.claim.source) == (1.0, "typed")
    assert done.out.startswith("FAIL  The claimed privacy is refuted.")
    assert "claim VIOLATED" in done.out
    assert done.out.count(result.epsilon.sentence[:60]) == 1
    assert "Positive control" in done.out
    assert "assumes an independent fair coin per canary" in done.out


def test_the_claim_decides_whatever_is_done_with_what_is_inconclusive(audit, folder):
    arguments = ("--canaries", folder / "coins.json", "--part", "epsilon", "--on-inconclusive", "pass")
    assert audit("coins.pt", *arguments, *CLAIM)[0].code == 1
    large = ("--claim-epsilon", 9, "--claim-delta", 1e-5)
    assert audit("coins.pt", *arguments, *large)[0].code == 0
    done, result = audit("coins.pt", "--canaries", folder / "coins.json", "--part", "epsilon", *large)
    assert (done.code, result.epsilon.verdict, result.verdict.status) == (4, "inconclusive", "inconclusive")
    assert result.provenance.settings["part"] == "epsilon (flag)"


def test_without_a_claim_the_bounds_stand_alone_and_thresholds_read_them(audit, folder):
    part = ("--canaries", folder / "coins.json", "--part", "epsilon")
    done, result = audit("coins.pt", *part)
    assert (done.code, result.epsilon.verdict, result.verdict.status) == (0, "no-claim", "not-judged")
    done, result = audit("coins.pt", *part, "--fail-if", "epsilon>0.5")
    assert (done.code, result.verdict.thresholds[0].result) == (1, "exceeded")
    done, result = audit("coins.pt", *part, "--fail-if", "epsilon>40")
    assert (done.code, result.verdict.thresholds[0].result) == (4, "inconclusive")
    assert "no privacy is claimed" in result.verdict.thresholds[0].reason
    assert done.out.splitlines()[1].endswith("out")


def test_thresholds_of_all_families_in_their_order(audit, folder):
    expressions = ("exposure>50", "epsilon>0.5", "loss:auc>0.999", "extracted>1000")
    arguments = [part for expression in expressions for part in ("--fail-if", expression)]
    done, result = audit(
        "coins.pt", "--canaries", folder / "coins.json", "--attack", "loss", *arguments,
        "--extraction-attack", "enumerate",
    )  # fmt: skip
    assert done.code == 1
    assert [threshold.expression for threshold in result.verdict.thresholds] == list(expressions)
    assert [threshold.result for threshold in result.verdict.thresholds] == [
        "holds", "exceeded", "holds", "holds"
    ]  # fmt: skip
    assert result.extraction
    assert result.membership
    assert result.epsilon is not None


def test_canaries_that_are_all_in_are_for_extraction(audit, folder):
    done, result = audit("pin.pt", "--canaries", folder / "pin.json", "--attack", "loss", *CLAIM)
    assert done.code == 0
    assert (result.epsilon, bool(result.extraction)) == (None, True)
    assert any("The claimed privacy was not tested" in warning for warning in result.warnings)
    done, result = audit("pin.pt", "--canaries", folder / "pin.json", "--part", "epsilon", *CLAIM)
    assert (done.code, result) == (2, None)
    assert "--include coin" in done.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--part", "epsilon"), "Neither --canaries nor --runs was given. Give one of them"),
        (("--part", "extraction"), "--part extraction needs canaries. Give --canaries MANIFEST"),
        (("--fail-if", "epsilon>1"), "Neither --canaries nor --runs was given. Give one of them"),
        (("--fail-if", "exposure>1"), "--part extraction needs canaries. Give --canaries MANIFEST"),
        (("--part", "membership", "--fail-if", "epsilon>1"), "'epsilon>1' needs the epsilon part"),
        (("--part", "everything"), "'membership', 'extraction', 'epsilon'"),
        (("--runs", "3"), "--runs 3 is not between 20 and 100,000. Change --runs."),
        (("--claim-epsilon", "3", "--runs", "30"), "epsilon 3 without a delta, so it means nothing. Give"),
        (("--claim", "nothing.json"), "Can't read nothing.json"),
        (("--fail-if", "epsilon"), "is not of the form [attack:]metric[@fpr]>limit"),
        (("-o", "/nowhere/r.json"), "its folder is missing or not writable"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(privaudit, folder, arguments, expected):
    done = privaudit("audit", folder / "coins.pt", *arguments)
    assert done.code == 2
    assert done.out == ""
    assert expected in done.err
    assert done.err.count("\n") == 1


def test_a_claim_from_a_file(audit, folder):
    path = folder / "accountant.json"
    path.write_text(json.dumps({"mechanism": "gdp", "history": [[5.0, 0.1, 50]], "delta": 1e-5}))
    arguments = ("--canaries", folder / "coins.json", "--part", "epsilon", "--claim", path)
    done, result = audit("coins.pt", *arguments)
    assert (done.code, result.claim.source, result.claim.steps) == (1, "accountant.json", 50)
    assert result.epsilon.accounted > 0
    assert "Warning (accountant)" in done.out
    done, _ = audit("coins.pt", *arguments, "--claim-epsilon", 2)
    assert done.code == 2
    assert "--claim was given with --claim-… values. Drop one of them." in done.err


def test_a_configuration_file_asks_for_everything(privaudit, folder, monkeypatch):
    (folder / "privaudit.toml").write_text(
        '[audit]\npart = ["epsilon"]\ncanaries = "coins.json"\nfail-if = ["steinke:epsilon>0.5"]\n'
        "claim-epsilon = 1.0\nclaim-delta = 1e-5\n"
    )
    monkeypatch.chdir(folder)
    done = privaudit("audit", "coins.pt", "--json")
    result = json.loads(done.out)
    assert done.code == 1
    assert result["epsilon"]["verdict"] == "violated"
    assert result["provenance"]["settings"]["claim-epsilon"] == "1.0 (configuration)"
    assert result["verdict"]["thresholds"][0]["expression"] == "steinke:epsilon>0.5"


def test_the_plan_says_what_it_costs_and_computes_nothing(audit, folder):
    done, result = audit("coins.pt", "--canaries", folder / "coins.json", *CLAIM, "--dry-run")
    assert (done.code, result) == (0, None)
    for words in (
        "MEMBERSHIP",
        "EPSILON",
        "one run: 150 canaries",
        "guesses, fixed now",
        "Control    without",
    ):
        assert words in done.out
    done, _ = audit("coins.pt", "--runs", 30, "--part", "epsilon", "--dry-run")
    assert "many runs: one canary, 30 models" in done.out
    assert "30 models to train" in done.out


def test_evidence_of_every_part_is_written_apart_and_for_its_owner_alone(audit, folder):
    arguments = ("--canaries", folder / "coins.json", "--attack", "loss", *CLAIM)
    done, _ = audit("coins.pt", *arguments, "--signals", folder / "ev.npz")
    assert done.code == 1
    for part in ("membership", "epsilon"):
        path = folder / f"ev.{part}.npz"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with np.load(folder / "ev.epsilon.npz") as evidence:
        assert evidence["scores__loss-drop"].shape == (150,)
        assert evidence["reference_logits"].shape[:2] == (1, 150)
    assert not (folder / "ev.extraction.npz").exists()


def test_without_time_nothing_is_passed_off_as_done(audit):
    arguments = ("--runs", 24, "--part", "epsilon", *CLAIM, "--max-seconds", 0, "--fail-if", "epsilon>9")
    done, result = audit("pin.pt", *arguments)
    assert (done.code, result.epsilon) == (4, None)
    assert result.not_run[0].kind == "epsilon"
    assert "Not run: many-run" in done.out


def test_the_time_that_ran_out_is_the_one_that_was_asked_for_in_every_part(audit, folder):
    parts = ("--part", "membership", "--part", "extraction", "--part", "epsilon", "--runs", 24, *CLAIM)
    attacks = ("--attack", "label-only", "--extraction-attack", "enumerate")
    arguments = ("--canaries", folder / "pin.json", *parts, *attacks, "--max-seconds", "0.001")
    _, result = audit("pin.pt", *arguments)
    assert {item.kind for item in result.not_run} == {"membership", "extraction", "epsilon"}
    assert all("--max-seconds 0.001 ran out" in item.reason for item in result.not_run)


def test_no_secret_is_in_the_result(audit, folder):
    done, _ = audit("coins.pt", "--canaries", folder / "coins.json", "--attack", "loss", *CLAIM)
    secrets = [canary["secret"][0] for canary in json.loads((folder / "coins.json").read_text())["canaries"]]
    shown = done.out + done.err + (folder / "result.json").read_text()
    assert not any(secret in shown for secret in secrets)
