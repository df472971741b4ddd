"""What would give wrong norms in silence is refused, and nothing is left behind."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from privaudit.errors import UsageError
from privaudit.training.private.gradients import clipped_sum

LABELS = torch.tensor([0, 2, 1, 1, 0])


def refused(module, x, match, losses=None):
    def by_default():
        return functional.cross_entropy(module(x), LABELS[: len(x)], reduction="none")

    with pytest.raises(UsageError, match=match) as error:
        clipped_sum(module, losses or by_default, torch.ones_like)
    assert "\n" not in str(error.value)
    for part in module.modules():
        assert not part._forward_hooks
        assert not part._forward_pre_hooks
        assert not {"forward", "both_ways"} & vars(part).keys()
    assert all(p.grad is None and p.requires_grad for p in module.parameters())


class Prompt(nn.Module):
    def __init__(self):
        super().__init__()
        self.prompt = nn.Parameter(torch.randn(4))
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        return self.head(x * self.prompt)


class Scaled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


class Elsewhere(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.head = nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x):
        return self.head(functional.linear(self.layer(x), self.layer.weight))


class Mixing(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.head = nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x):
        hidden = self.layer(x)
        return self.head(hidden - hidden.mean(0))


class TimeFirst(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.head = nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.layer(x.transpose(0, 1)).tanh().mean(0))


class Loose(nn.Module):
    """Positions without a dimension for the examples."""

    def __init__(self):
        super().__init__()
        self.positions, self.head = nn.Embedding(9, 4), nn.Linear(4, 3)

    def forward(self, x):
        return self.head((x + self.positions(torch.arange(x.shape[1]))).tanh().mean(1))


class Overwriting(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.head = nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x):
        read = x.clone()
        hidden = self.layer(read).detach()
        kept = self.layer(read)
        with torch.no_grad():
            read.zero_()
        return self.head(hidden + kept)


@pytest.mark.parametrize(
    ("module", "shape", "match"),
    [
        (
            Prompt(),
            (5, 4),
            r"no rule for the parameter 'prompt' in the network \(Prompt\)\. Use Linear, .* with Opacus",
        ),
        (nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)), (5, 4), "BatchNorm1d"),
        (nn.Sequential(nn.BatchNorm1d(4, affine=False), nn.Linear(4, 3)), (5, 4), "normalised together"),
        (nn.Sequential(nn.Linear(4, 4), nn.PReLU(), nn.Linear(4, 3)), (5, 4), r"'1.weight' in 1 \(PReLU\)"),
        (nn.Sequential(nn.MultiheadAttention(4, 2)), (5, 4), "MultiheadAttention"),
        (nn.Sequential(Scaled(4, 3)), (5, 4), r"'0.bias' in 0 \(Scaled\)"),
        (Elsewhere(), (5, 4), "'layer.weight' is read outside the forward pass of its own layer"),
        (Mixing(), (5, 4), r"mix in layer \(Linear\): the first one has a gradient at the others"),
        (TimeFirst(), (5, 5, 4), "Examples mix in layer "),
        (TimeFirst(), (5, 3, 4), "reads 3 rows, not a multiple of the 5 examples"),
        (Loose(), (5, 5, 4), "Examples mix in positions "),
        (Loose(), (5, 7, 4), "reads 7 rows, not a multiple of the 5 examples"),
        (Overwriting(), (5, 4), "changed in place"),
        (nn.Sequential(nn.Conv1d(4, 4, 1, groups=2), nn.Flatten(), nn.Linear(4, 3)), (5, 4, 1), "2 groups"),
        (nn.Sequential(nn.LSTM(4, 3)), (5, 2, 4), "batch_first=False"),
        (nn.Sequential(nn.LSTM(4, 3, num_layers=2, batch_first=True)), (5, 2, 4), "several layers"),
        (nn.Sequential(nn.LSTM(4, 3, batch_first=True)), (5, 4), "packed or single sequences"),
        (nn.Sequential(nn.Embedding(9, 3, max_norm=1.0)), (5, 4), "max_norm"),
        (nn.Sequential(nn.Embedding(9, 3, scale_grad_by_freq=True)), (5, 4), "scale_grad_by_freq"),
        (nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)), (5, 4), "original0"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else None,
)
def test_what_has_no_rule_is_refused_by_name(module, shape, match):
    torch.manual_seed(0)
    refused(module, torch.randn(shape), match)


def test_losses_that_are_not_one_per_example_are_refused():
    module, x = nn.Linear(4, 3), torch.randn(5, 4)
    refused(module, x, r"shape \[\] instead of one loss per example", lambda: module(x).sum())
    refused(module, x, "do not depend on any trainable parameter", lambda: torch.ones(5))


def test_batch_normalisation_that_has_been_switched_off_and_frozen_is_a_layer_like_any():
    module = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)).eval()
    module[1].requires_grad_(requires_grad=False)
    got = clipped_sum(
        module,
        lambda: functional.cross_entropy(module(torch.ones(5, 4)), LABELS, reduction="none"),
        torch.ones_like,
    )
    assert got.gradients.keys() == {"0.weight", "0.bias", "2.weight", "2.bias"}


def test_an_error_in_the_forward_pass_leaves_nothing_behind():
    module = nn.Sequential(nn.LSTM(4, 3, batch_first=True), nn.Linear(3, 3))

    def losses():
        raise KeyError("mine")

    with pytest.raises(KeyError):
        clipped_sum(module, losses, torch.ones_like)
    for part in module.modules():
        assert not part._forward_hooks
        assert "forward" not in vars(part)


def test_a_forward_pass_that_someone_else_has_replaced_is_refused():
    module = nn.Linear(4, 3)
    module.forward = lambda x: functional.linear(x, module.weight) * 2
    with pytest.raises(UsageError, match="Linear"):
        clipped_sum(module, lambda: module(torch.ones(2, 4)).sum(1), torch.ones_like)
    assert "forward" in vars(module)
