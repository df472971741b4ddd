"""``privaudit epsilon selftest`` from the outside: a user's own step, good or bad, in a file of its own."""

import json
import sys

import pytest
import torch

STEP = """
import torch
from torch.func import functional_call, grad, vmap


def step(task, noise=1.0, clip=True):
    generator = torch.Generator().manual_seed(task.seed)
    rows = torch.nonzero(torch.rand(len(task.labels), generator=generator) < task.sample_rate)[:, 0]
    parameters = {name: p.detach() for name, p in task.module.named_parameters()}

    def loss(parameters, record, label):
        logits = functional_call(task.module, parameters, (record[None],))
        return torch.nn.functional.cross_entropy(logits, label[None])

    found = {name: torch.zeros(0, *p.shape) for name, p in parameters.items()}
    if len(rows):
        found = vmap(grad(loss), (None, 0, 0))(parameters, task.inputs[rows], task.labels[rows])
    norms = torch.sqrt(sum(g.flatten(1).square().sum(1) for g in found.values()))
    factors = (task.clip_norm / norms).clamp(max=1) if clip else torch.ones(len(rows))
    result = []
    for g in found.values():
        total = torch.einsum("b,b...->...", factors, g)
        size = noise * task.noise_multiplier * task.clip_norm
        noisy = total + size * torch.randn(total.shape, generator=generator)
        result.append(noisy / task.expected_batch_size)
    return result


def chatty(task):
    print("working on it")
    return step(task)


def leaves(task):
    raise SystemExit(0)


def unclipped(task):
    return step(task, clip=False)


def half(task):
    return step(task, noise=0.5)


def fails(task):
    raise RuntimeError("no \\x1b[31m\\nidea")


def short(task):
    return step(task)[:2]


LIMIT = 3
"""
FEW = ("--runs", 60, "--control-runs", 60, "--steps", 5)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder with the user's step; the module's name is this test's own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(STEP)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    sys.modules.pop("mine", None)


def test_the_plan_imports_nothing(privaudit):
    done = privaudit("epsilon", "selftest", "--step", "nowhere:step", "--dry-run", "--runs", 200)
    assert done.code == 0
    assert "Step       nowhere:step" in done.out
    assert "200 for the test, 150 for the positive control" in done.out
    assert "epsilon 6.927" in done.out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--step", "mine"), "package.module:function"),
        (("--step", "mine:other"), "AttributeError"),
        (("--step", "nothing:step"), "ModuleNotFoundError"),
        (("--step", "mine:LIMIT"), "is of type int, not a function"),
        (("--step", "mine:fails"), "RuntimeError: no"),
        (("--step", "mine:leaves"), "SystemExit"),
        (("--step", "mine:short"), "2 tensors for 3 parameters"),
        (("--runs", 3), "--runs 3 is too few; the test needs 20 or more"),
        (("--sample-rate", 2), "--sample-rate 2 is not in [0.01, 1]"),
        (("--noise-multiplier", 0), "The noise multiplier 0.0 is not a finite number above 0"),
        (("-o", "missing/result.json"), "its folder is missing or not writable"),
    ],
)
def test_what_cannot_be_used_is_one_line(privaudit, arguments, complaint):
    done = privaudit("epsilon", "selftest", *arguments)
    assert done.code == 2
    assert complaint in done.err
    assert done.err.count("\n") == 1
    assert "\x1b" not in done.err
    assert not done.out


@pytest.mark.slow
def test_a_step_without_clipping_is_violated(privaudit, tmp_path):
    done = privaudit("epsilon", "selftest", "--step", "mine:unclipped", *FEW, "-o", "result.json")
    assert done.code == 1
    assert done.out.startswith("FAIL  The claimed privacy is refuted")
    assert "Warning (clipping): one record moves the batch's sum by 1000 clip norms" in done.out
    assert "1. Clipping:" in done.out
    epsilon = json.loads((tmp_path / "result.json").read_text())["epsilon"]
    assert (epsilon["verdict"], epsilon["design"]) == ("violated", "self-test")
    assert epsilon["p_value"] < 0.001
    assert {control["name"]: control["passed"] for control in epsilon["controls"]} == {
        "positive": True,
        "negative": True,
    }


@pytest.mark.slow
def test_half_the_noise_is_violated(privaudit):
    done = privaudit("epsilon", "selftest", "--step", "mine:half", "--runs", 300)
    assert done.code == 1
    assert "Warning (noise): measured over configured noise: 0.5" in done.out
    assert "1. Noise:" in done.out


@pytest.mark.slow
def test_a_correct_step_is_consistent(privaudit):
    done = privaudit("epsilon", "selftest", "--step", "mine:chatty", "--runs", 300, "--json")
    assert done.code == 0
    result = json.loads(done.out)
    assert result["epsilon"]["verdict"] == "consistent"
    assert result["epsilon"]["power"] > 0.9
    assert result["model"]["path"] == "mine:chatty"
    assert result["model"]["files"][0]["name"] == "mine.py"
    assert result["claim"]["noise_multiplier"] == 1
    assert {check["status"] for check in result["epsilon"]["checks"]} == {"ok"}


@pytest.mark.slow
@pytest.mark.parametrize(("choice", "code"), [("4", 4), ("pass", 0), ("fail", 1)])
def test_too_few_runs_are_inconclusive(privaudit, choice, code):
    done = privaudit("epsilon", "selftest", "--step", "mine:step", *FEW, "--on-inconclusive", choice)
    assert done.code == code
    assert done.out.startswith("INCONCLUSIVE")


@pytest.mark.slow
def test_privaudit_s_own_step_is_the_default(privaudit):
    done = privaudit("epsilon", "selftest", "--runs", 300)
    assert done.code == 0
    assert "privaudit.audits.dp_step.own:step" in done.out
    assert done.out.startswith("PASS  No violation of the claimed privacy was found")
