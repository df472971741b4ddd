"""Every fault is found by the check that is there for it, and a correct step passes all of them."""

import pytest
import torch

from privaudit.audits.dp_step import own
from privaudit.audits.dp_step.loading import LoadedStep
from privaudit.audits.dp_step.probes import inspect_step

SEED = (0, 4)


def found(step, toy):
    return {check.id: check for check in inspect_step(step, toy, SEED)}


def warned(step, toy):
    return {name: check.text for name, check in found(step, toy).items() if check.status == "warning"}


@pytest.mark.parametrize("step", [own.step, own.fixed_step])
def test_privaudit_s_own_steps_pass(step, toy):
    checks = found(LoadedStep("own", step, None), toy)
    assert list(checks) == ["clipping", "noise", "sampler", "normaliser", "seed"]
    assert {check.status for check in checks.values()} == {"ok"}


def test_the_naive_step_passes(toy, naive):
    assert warned(naive(), toy) == {}


def per_layer(task, gradients):
    """Each parameter clipped by itself, to the whole clip norm."""
    found = {}
    for name, g in gradients.items():
        factors = (task.clip_norm / g.flatten(1).norm(dim=1)).clamp(max=1).nan_to_num(1.0)
        found[name] = torch.einsum("b,b...->...", factors, g)
    return found


def per_batch(task, gradients):
    summed = {name: g.sum(0) for name, g in gradients.items()}
    norm = torch.sqrt(sum(g.square().sum() for g in summed.values()))
    return {name: g * (task.clip_norm / norm).clamp(max=1) for name, g in summed.items()}


def averaged(task, gradients):
    """Losses averaged over the batch before the gradients were clipped: they are no longer above the norm."""
    norms = torch.sqrt(sum(g.flatten(1).square().sum(1) for g in gradients.values()))
    factors = (task.clip_norm / norms).clamp(max=1) / 1000
    return {name: torch.einsum("b,b...->...", factors, g) for name, g in gradients.items()}


@pytest.mark.parametrize(
    ("clip", "text"),
    [
        (per_layer, "1.732 clip norms (all parameters alike), not at most 1"),
        (per_batch, "2 clip norms (an embedding row that others share, the linear layer's weight, its bias"),
        (lambda _, gradients: {n: g.sum(0) for n, g in gradients.items()}, "1000 clip norms"),
        (averaged, "what is returned must be the clipped sum"),
    ],
    ids=["per layer", "per batch", "none", "weak"],
)
def test_clipping(clip, text, toy, naive):
    assert text in warned(naive(clip=clip), toy)["clipping"]


def scaled_noise(factor, only=None):
    def noise(task, name, value, generator):
        size = factor if only in (None, name) else 1
        return size * task.noise_multiplier * task.clip_norm * torch.randn(value.shape, generator=generator)

    return noise


def touched_rows_only(task, name, value, generator):
    noise = scaled_noise(1)(task, name, value, generator)
    return noise * (value != 0).any(-1, keepdim=True) if name == "table.weight" else noise


@pytest.mark.parametrize(
    ("noise", "text"),
    [
        (scaled_noise(0.9), "too little in table.weight"),
        (scaled_noise(0.5, "linear.bias"), "too little in linear.bias"),
        (touched_rows_only, "100% of table.weight gets no noise"),
        (lambda _task, _name, value, _generator: 0 * value, "gets no noise"),
    ],
    ids=["a tenth less", "half in the bias", "touched rows only", "none"],
)
def test_noise(noise, text, toy, naive):
    assert text in warned(naive(noise=noise), toy)["noise"]


def test_more_noise_than_configured_is_no_leak(toy, naive):
    checks = found(naive(noise=scaled_noise(2)), toy)
    assert checks["noise"].status == "ok"
    assert "2.00" in checks["noise"].text or "1.99" in checks["noise"].text


def fixed_size(task, generator):
    return torch.randperm(len(task.labels), generator=generator)[: round(len(task.labels) * task.sample_rate)]


def with_replacement(task, generator):
    size = round(len(task.labels) * task.sample_rate)
    return torch.randint(len(task.labels), (size,), generator=generator)


def doubled(task, generator):
    chosen = torch.rand(len(task.labels), generator=generator) < 2 * task.sample_rate
    return torch.nonzero(chosen)[:, 0]


@pytest.mark.parametrize(
    ("batch", "text"),
    [
        (fixed_size, "not the Poisson sampling that is accounted"),
        (with_replacement, "a record counted"),
        (doubled, "configured 0.3"),
    ],
)
def test_sampler(batch, text, toy, naive):
    assert text in warned(naive(batch=batch), toy)["sampler"]


@pytest.mark.parametrize(
    "divisor",
    [
        lambda task, _: int(len(task.labels) * task.sample_rate),
        lambda _, rows: max(1, len(rows)),
    ],
    ids=["number of records", "size of the batch"],
)
def test_normaliser(divisor, toy, naive):
    assert "depends on the number of records" in warned(naive(divisor=divisor), toy)["normaliser"]


def test_seeds(toy, naive):
    def noise(task, name, value, _):
        return scaled_noise(1)(task, name, value, torch.Generator().manual_seed(7))

    assert "drew the same noise for" in warned(naive(noise=noise), toy)["seed"]


def test_a_step_that_cannot_stand_an_empty_batch(toy, naive):
    def batch(task, generator):
        rows = torch.nonzero(torch.rand(len(task.labels), generator=generator) < task.sample_rate)[:, 0]
        if not len(rows):
            raise ValueError("no data")
        return rows

    texts = warned(naive(batch=batch), toy)
    assert "on an empty batch: naive failed: ValueError: no data" in texts["noise"]
    assert set(texts) == {"noise", "seed"}


@pytest.mark.parametrize("seed", range(3))
def test_a_correct_step_passes_with_any_seed(seed, toy, naive):
    assert {check.status for check in inspect_step(naive(), toy, (seed, 9))} == {"ok"}
