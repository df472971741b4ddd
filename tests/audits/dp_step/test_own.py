import pytest
import torch

from privaudit.audits.dp_step import own
from privaudit.audits.dp_step.loading import LoadedStep
from privaudit.audits.dp_step.observe import noisy_sum
from privaudit.audits.dp_step.toy import EVERYWHERE, KINDS

QUIET = {"noise": 1e-7, "rate": 1.0}


@pytest.mark.parametrize("kind", [*KINDS, EVERYWHERE])
def test_without_noise_the_fixed_step_is_the_naive_one(kind, toy, naive):
    task = toy.task(toy.scene(kind, included=True), 0, **QUIET)
    found = noisy_sum(LoadedStep("own", own.fixed_step, None), task)
    for name, wanted in noisy_sum(naive(), toy.task(toy.scene(kind, included=True), 0, **QUIET)).items():
        assert torch.allclose(found[name], wanted, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_without_noise_the_default_step_clips_automatically(kind, toy, naive):
    def automatic(task, gradients):
        norms = torch.sqrt(sum(g.flatten(1).square().sum(1) for g in gradients.values()))
        factors = task.clip_norm / (norms + 0.01)
        return {name: torch.einsum("b,b...->...", factors, g) for name, g in gradients.items()}

    scene = toy.scene(kind, included=True)
    found = noisy_sum(LoadedStep("own", own.step, None), toy.task(scene, 0, **QUIET))
    for name, wanted in noisy_sum(naive(clip=automatic), toy.task(scene, 0, **QUIET)).items():
        assert torch.allclose(found[name], wanted, atol=1e-4)


def test_the_seed_decides(toy):
    step = LoadedStep("own", own.step, None)
    scene = toy.scene("weight", included=True)
    one, same, other = (noisy_sum(step, toy.task(scene, seed)) for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not any(torch.equal(one[name], other[name]) for name in one)
