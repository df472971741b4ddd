"""The step with Opacus in the guide passes, and what the guide says of its engine is so."""

import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("opacus")

from privaudit.audits.dp_step.design import Design
from privaudit.audits.dp_step.loading import LoadedStep, loaded_step
from privaudit.audits.dp_step.probes import inspect_step
from privaudit.audits.dp_step.run import SelfTestRequest, run_selftest

GUIDE = Path(__file__).parents[3] / "docs" / "dp-selftest.md"
pytestmark = [
    pytest.mark.filterwarnings("ignore:Full backward hook is firing"),
    pytest.mark.filterwarnings("ignore:Secure RNG turned off"),
]


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """The guide's code as a file in the current directory."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    (tmp_path / "opacus_step.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    yield "opacus_step:step"
    sys.modules.pop("opacus_step", None)


def test_the_step_of_the_guide_passes_the_inspection(shown, toy):
    with loaded_step(shown) as step:
        assert {check.status for check in inspect_step(step, toy, (0, 4))} == {"ok"}


@pytest.mark.slow
def test_the_step_of_the_guide_is_consistent(shown):
    epsilon = run_selftest(SelfTestRequest(shown, Design(runs=300))).epsilon
    assert epsilon is not None
    assert epsilon.verdict == "consistent"


def engine(poisson):
    import torch
    from opacus import PrivacyEngine
    from torch.utils.data import DataLoader, TensorDataset

    def step(task):
        generator = torch.Generator().manual_seed(task.seed)
        records = TensorDataset(task.inputs, task.labels)
        size = max(1, int(len(records) * task.sample_rate))
        module, optimizer, loader = PrivacyEngine().make_private(
            module=task.module,
            optimizer=torch.optim.SGD(task.module.parameters(), lr=1.0),
            data_loader=DataLoader(records, batch_size=size, shuffle=True, generator=generator),
            noise_multiplier=task.noise_multiplier,
            max_grad_norm=task.clip_norm,
            poisson_sampling=poisson,
            noise_generator=generator,
        )
        inputs, labels = next(iter(loader))
        torch.nn.functional.cross_entropy(module(inputs), labels).backward()
        optimizer.pre_step()
        return [parameter.grad for parameter in module.parameters()]

    return LoadedStep("engine", step, None)


def doubts(step, toy):
    return {c.id: c.text for c in inspect_step(step, toy, (0, 4)) if c.status == "warning"}


def test_the_engine_rounds_its_rate_and_divides_by_the_number_of_records(toy):
    found = doubts(engine(poisson=True), toy)
    assert set(found) == {"clipping", "sampler", "normaliser"}
    assert "not the configured rate" in found["sampler"]
    assert "changes what is returned by 0.39%" in found["normaliser"]


def test_batches_of_a_fixed_size_show(toy):
    assert "not the Poisson sampling" in doubts(engine(poisson=False), toy)["sampler"]
