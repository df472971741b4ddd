"""Private steps written out naively: what privaudit's own step and the probes are held against."""

import pytest
import torch
from torch.func import functional_call, grad, vmap

from privaudit.audits.dp_step.loading import LoadedStep
from privaudit.audits.dp_step.toy import Toy


def per_record(task, rows):
    """The gradient of each of the records ``rows``, by name: ``[B, *shape]``."""
    parameters = {name: p.detach() for name, p in task.module.named_parameters()}
    if not len(rows):
        return {name: torch.zeros(0, *p.shape) for name, p in parameters.items()}

    def loss(parameters, record, label):
        logits = functional_call(task.module, parameters, (record[None],))
        return torch.nn.functional.cross_entropy(logits, label[None])

    return vmap(grad(loss), (None, 0, 0))(parameters, task.inputs[rows], task.labels[rows])


class NaiveStep:
    """DP-SGD by the book; each part can be replaced by a wrong one."""

    def __init__(self, *, batch=None, clip=None, noise=None, divisor=None):
        self.batch, self.clip = batch or poisson, clip or per_record_clip
        self.noise, self.divisor = noise or gaussian, divisor or (lambda task, _: task.expected_batch_size)

    def __call__(self, task):
        generator = torch.Generator().manual_seed(task.seed)
        rows = self.batch(task, generator)
        summed = self.clip(task, per_record(task, rows))
        noisy = {name: value + self.noise(task, name, value, generator) for name, value in summed.items()}
        return {name: value / self.divisor(task, rows) for name, value in noisy.items()}


def poisson(task, generator):
    return torch.nonzero(torch.rand(len(task.labels), generator=generator) < task.sample_rate)[:, 0]


def per_record_clip(task, gradients):
    norms = torch.sqrt(sum(g.flatten(1).square().sum(1) for g in gradients.values()))
    factors = (task.clip_norm / norms).clamp(max=1)
    return {name: torch.einsum("b,b...->...", factors, g) for name, g in gradients.items()}


def gaussian(task, name, value, generator):
    del name
    return task.noise_multiplier * task.clip_norm * torch.randn(value.shape, generator=generator)


def silence(_task, _name, value, _generator):
    return torch.zeros_like(value)


@pytest.fixture(autouse=True)
def one_thread():
    """Tensors here are tiny."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def naive():
    """``naive(clip=…)``: a step under a name, correct where nothing is replaced."""
    return lambda **parts: LoadedStep("naive", NaiveStep(**parts), None)


@pytest.fixture
def without_noise(naive):
    return naive(noise=silence)


@pytest.fixture
def gradients_of():
    """The naive gradient of each record of a task."""
    return lambda task: per_record(task, torch.arange(len(task.labels)))


@pytest.fixture(scope="session")
def toy():
    return Toy(noise_multiplier=1.0, sample_rate=0.3, clip_norm=0.01)
