"""gradient-norm-last in closed form against autograd, and gradient-norm-full."""

import numpy as np
import pytest
import torch

from privaudit.attacks.membership.attacks import gradient_norm_full, gradient_norm_last
from privaudit.targets.interface import Head


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("bias", [False, True])
def test_closed_form_equals_autograd(make_signals, context, bias, classes):
    torch.manual_seed(0)
    layer = torch.nn.Linear(7, classes, bias=bias).double()
    features = torch.randn(25, 7)
    label = torch.randint(classes, (25,))
    logits = layer(features.double())
    expected = []
    for row in range(25):
        one = torch.nn.functional.cross_entropy(logits[row : row + 1], label[row : row + 1])
        grads = torch.autograd.grad(one, list(layer.parameters()), retain_graph=True)
        expected.append(-torch.cat([g.flatten() for g in grads]).norm().item())
    head = Head(layer.weight.detach().numpy(), layer.bias.detach().numpy() if bias else None)
    signals = make_signals(logits.detach().numpy(), label.numpy(), features=features.numpy(), head=head)
    np.testing.assert_allclose(gradient_norm_last.score(signals, context), expected, rtol=1e-10)


def test_saturated_records_stay_apart(make_signals, context):
    features = np.ones((2, 3), dtype=np.float32)
    signals = make_signals(
        [[400.0, 0.0], [500.0, 0.0]], [0, 0], features=features, head=Head(np.ones((2, 3)), None)
    )
    assert np.diff(gradient_norm_last.score(signals, context)) > 0


def test_full_is_minus_the_norm(make_signals, context):
    signals = make_signals(np.zeros((2, 2)), [0, 1], gradient_norms=np.array([0.5, 2.0]))
    assert gradient_norm_full.score(signals, context).tolist() == [-0.5, -2.0]


@pytest.mark.parametrize("attack", [gradient_norm_last, gradient_norm_full])
def test_missing_signals_are_an_error(attack, make_signals, context):
    with pytest.raises(ValueError, match="needs the"):
        attack.score(make_signals(np.zeros((2, 2)), [0, 1]), context)
