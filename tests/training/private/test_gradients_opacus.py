"""The same norms and clipped sums as Opacus, where Opacus runs."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional

from privaudit.training.architectures import build
from privaudit.training.private.gradients import RowGradient, clipped_sum
from privaudit.training.recipe import Recipe

pytest.importorskip("opacus")
pytestmark = [
    # NOTE: Opacus uses torch's non-full backward hooks and asks for generators in ways torch warns about.
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
WORDS, CLASSES, LIMIT = 50, 4, 0.7


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(4)


class Sequences(nn.Module):
    """A table, a normalisation, linear layers on every position, and windows of words."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(WORDS, 8)
        self.norm, self.layer = nn.LayerNorm(8), nn.Linear(8, 6)
        self.windows, self.head = nn.Conv1d(6, 5, 3), nn.Linear(5, CLASSES)

    def forward(self, tokens):
        hidden = self.layer(self.norm(self.table(tokens))).tanh()
        return self.head(self.windows(hidden.mT).tanh().mean(2))


def networks():
    bow = build(Recipe.for_architecture("bow", width=8), WORDS, CLASSES)
    transformer = build(Recipe.for_architecture("transformer", width=8, layers=1), WORDS, CLASSES)
    return {"bow": bow, "transformer": transformer, "sequences": Sequences()}


def batch():
    tokens = torch.randint(1, 12, (6, 9))
    tokens[1:, 7:] = 0
    return tokens, torch.randint(0, CLASSES, (6,))


def ours(module, tokens, labels):
    got = clipped_sum(
        module,
        lambda: functional.cross_entropy(module(tokens), labels, reduction="none"),
        lambda norms: (LIMIT / (norms + 1e-6)).clamp(max=1),
    )
    assert (got.norms > LIMIT).any()
    dense = {name: g.dense(WORDS) if isinstance(g, RowGradient) else g for name, g in got.gradients.items()}
    return got.norms, dense


@pytest.mark.parametrize("name", ["bow", "transformer", "sequences"])
def test_hooks(name):
    from opacus.grad_sample import GradSampleModule

    module, (tokens, labels) = networks()[name], batch()
    wrapped = GradSampleModule(copy.deepcopy(module), loss_reduction="sum")
    functional.cross_entropy(wrapped(tokens), labels, reduction="sum").backward()
    samples = {key.removeprefix("_module."): p.grad_sample for key, p in wrapped.named_parameters()}
    norms = torch.stack([g.flatten(1).square().sum(1) for g in samples.values()]).sum(0).sqrt()
    got, gradients = ours(module, tokens, labels)
    torch.testing.assert_close(got, norms, rtol=1e-5, atol=0)
    factors = (LIMIT / (norms + 1e-6)).clamp(max=1)
    assert gradients.keys() == samples.keys()
    for key, sample in samples.items():
        expected = torch.tensordot(factors, sample, 1)
        torch.testing.assert_close(gradients[key], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["bow", "transformer"])
def test_ghost_clipping(name):
    from opacus.grad_sample import GradSampleModuleFastGradientClipping
    from opacus.optimizers import DPOptimizerFastGradientClipping
    from opacus.utils.fast_gradient_clipping_utils import DPLossFastGradientClipping

    module, (tokens, labels) = networks()[name], batch()
    wrapped = GradSampleModuleFastGradientClipping(
        copy.deepcopy(module), max_grad_norm=LIMIT, use_ghost_clipping=True, loss_reduction="sum"
    )
    optimizer = DPOptimizerFastGradientClipping(
        torch.optim.SGD(wrapped.parameters(), lr=1.0),
        noise_multiplier=0.0,
        max_grad_norm=LIMIT,
        expected_batch_size=len(labels),
        loss_reduction="sum",
    )
    criterion = DPLossFastGradientClipping(
        wrapped, optimizer, nn.CrossEntropyLoss(reduction="sum"), loss_reduction="sum"
    )
    criterion(wrapped(tokens), labels).backward()
    got, gradients = ours(module, tokens, labels)
    torch.testing.assert_close(got, wrapped.get_norm_sample(), rtol=1e-5, atol=0)
    for key, parameter in wrapped.named_parameters():
        expected = parameter.grad
        torch.testing.assert_close(gradients[key.removeprefix("_module.")], expected, rtol=1e-4, atol=1e-6)
