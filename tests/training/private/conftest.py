import copy

import pytest
import torch
from torch.nn import functional

from privaudit.training.private.gradients import RowGradient, clipped_sum


def naive_gradients(module, logits_of, labels):
    """One backward pass per example, in double precision: gradients by name and example."""
    module = copy.deepcopy(module).double()
    named = {name: p for name, p in module.named_parameters() if p.requires_grad}
    found = {name: [] for name in named}
    for i in range(len(labels)):
        loss = functional.cross_entropy(logits_of(module, slice(i, i + 1)), labels[i : i + 1])
        gradients = torch.autograd.grad(loss, list(named.values()), allow_unused=True)
        for (name, p), gradient in zip(named.items(), gradients, strict=True):
            found[name].append(torch.zeros_like(p) if gradient is None else gradient)
    return {name: torch.stack(gradients) for name, gradients in found.items()}


@pytest.fixture
def check():
    """Compare norms and weighted sums with the naive loop."""

    def compare(module, logits_of, labels, relative=1e-5):
        before = {name: (p.requires_grad, p.detach().clone()) for name, p in module.named_parameters()}
        naive = naive_gradients(module, logits_of, labels)
        norms = torch.stack([g.flatten(1).square().sum(1) for g in naive.values()]).sum(0).sqrt()
        limit = float(norms.median())
        got = clipped_sum(
            module,
            lambda: functional.cross_entropy(logits_of(module, slice(None)), labels, reduction="none"),
            lambda norms: (limit / norms).clamp(max=1),
        )
        assert got.norms.shape == (len(labels),)
        torch.testing.assert_close(got.norms.double(), norms, rtol=relative, atol=0)
        factors = (limit / norms).clamp(max=1)
        assert (factors < 1).any()
        assert got.gradients.keys() == naive.keys()
        whole = torch.cat([g.flatten(1) for g in naive.values()], 1)
        scale = float((factors @ whole).norm())
        for name, gradient in got.gradients.items():
            expected = torch.tensordot(factors, naive[name], 1)
            if isinstance(gradient, RowGradient):
                assert len(gradient.rows.unique()) == len(gradient.rows)
                gradient = gradient.dense(len(expected))
            assert gradient.shape == expected.shape
            error = float((gradient.double() - expected).norm())
            assert error <= relative * max(float(expected.norm()), 0.01 * scale), name
        assert_untouched(module, before)
        return got

    def assert_untouched(module, before):
        for name, parameter in module.named_parameters():
            assert parameter.requires_grad == before[name][0]
            assert torch.equal(parameter, before[name][1])
            assert parameter.grad is None
        for part in module.modules():
            assert not part._forward_hooks
            assert not part._forward_pre_hooks
            assert not {"forward", "both_ways"} & vars(part).keys()

    return compare
