import pytest
import torch

from privaudit.audits.dp_step.loading import LoadedStep
from privaudit.audits.dp_step.observe import noisy_sum, norm, project
from privaudit.errors import UsageError


def returning(value):
    return LoadedStep("mine:step", lambda _: value, None)


def right(factor=1.0):
    return [torch.full((260, 2), factor), torch.full((2, 8), factor), torch.full((2,), factor)]


NAMES = ("table.weight", "linear.weight", "linear.bias")


@pytest.mark.parametrize(
    "returned",
    [
        right(),
        tuple(right()),
        dict(zip(NAMES, right(), strict=True)),
        dict(zip(reversed(NAMES), reversed(right()), strict=True)),
        [right()[0].to_sparse(), *right()[1:]],
        [torch.nn.Parameter(g) for g in right()],
    ],
    ids=["list", "tuple", "by name", "any order", "sparse", "with a graph"],
)
def test_what_may_be_returned(returned, toy):
    found = noisy_sum(returning(returned), toy.task(toy.without_gradient(), 0))
    assert tuple(found) == NAMES
    for value in found.values():
        assert value.dtype == torch.float64
        assert value.flatten().tolist() == pytest.approx(
            [toy.expected_batch_size / toy.clip_norm] * value.numel()
        )


@pytest.mark.parametrize(
    ("returned", "got"),
    [
        (None, "a NoneType"),
        (torch.zeros(3), "a Tensor"),
        ("text", "a str"),
        (right()[:2], "2 tensors for 3 parameters"),
        ({"table.weight": right()[0]}, "a mapping without 'linear.weight'"),
        ([*right()[:2], [0.0, 0.0]], "a list for linear.bias"),
        ([*right()[:2], torch.zeros(3)], "the shape [3] instead of [2] for linear.bias"),
        ([*right()[:2], torch.tensor([0.0, torch.nan])], "a number that is not finite for linear.bias"),
        ([torch.full((260, 2), torch.inf), *right()[1:]], "a number that is not finite for table.weight"),
    ],
)
def test_what_may_not(returned, got, toy):
    with pytest.raises(UsageError) as caught:
        noisy_sum(returning(returned), toy.task(toy.without_gradient(), 0))
    assert got in str(caught.value)
    assert "mine:step" in str(caught.value)


def test_a_step_that_fails_is_one_line(toy):
    def step(_):
        raise ZeroDivisionError("by\nzero")

    with pytest.raises(UsageError) as caught:
        noisy_sum(LoadedStep("mine:step", step, None), toy.task(toy.without_gradient(), 0))
    assert "ZeroDivisionError: by zero" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_projection_and_norm():
    gradients = {"a": torch.tensor([3.0, 0.0]), "b": torch.tensor([[4.0]])}
    assert norm(gradients) == 5
    unit = {"a": torch.tensor([0.6, 0.8]), "b": torch.tensor([[0.0]])}
    assert project(gradients, unit) == pytest.approx(1.8)
