import pytest
import torch
from torch.autograd import gradcheck

from privaudit.training.references.stacked.kernels import (
    largest_of_texts,
    linear,
    mean_of_texts,
    rearrange,
    sum_rows,
    take,
)

LENGTHS = torch.tensor([3, 1, 0, 4])
CHOSEN = torch.tensor([1, 4, 1, 3, 2, 2, 5, 1])
"""Rows out of six, by the words of the texts; row 0 by nobody."""
STARTS = torch.tensor([0, 3, 4, 4, 8])
TEXT_OF_WORD = torch.tensor([0, 0, 0, 1, 3, 3, 3, 3])
USERS = CHOSEN.argsort(stable=True)
ROW_STARTS = torch.tensor([0, 0, 3, 5, 6, 7, 8])


def values(*shape):
    torch.manual_seed(0)
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def test_sum_rows():
    rows = values(6, 5)
    sums = sum_rows(rows, CHOSEN, STARTS)
    for i, length in enumerate(LENGTHS.tolist()):
        part = CHOSEN[int(STARTS[i]) : int(STARTS[i]) + length]
        torch.testing.assert_close(sums[i], rows[part].sum(0))


def test_sum_rows_counts_the_last_row_too():
    rows = torch.ones(2, 3)
    assert sum_rows(rows, torch.tensor([1, 1]), torch.tensor([0, 2])).tolist() == [[2.0] * 3]


def test_take():
    rows = values(6, 5)
    torch.testing.assert_close(take(rows, CHOSEN, USERS, ROW_STARTS), rows[CHOSEN])
    assert gradcheck(lambda r: take(r, CHOSEN, USERS, ROW_STARTS), (rows,))


def test_mean_of_texts():
    rows, shares = values(6, 5), (1 / LENGTHS.clamp(min=1)).double().unsqueeze(1)
    arguments = (CHOSEN, STARTS, shares, TEXT_OF_WORD[USERS], ROW_STARTS)
    means = mean_of_texts(rows, *arguments)
    torch.testing.assert_close(means[3], rows[CHOSEN[4:]].mean(0))
    assert means[2].eq(0).all()
    assert gradcheck(lambda r: mean_of_texts(r, *arguments), (rows,))


def test_largest_of_texts():
    words = values(8, 5)
    padded = torch.tensor([[0, 1, 2, 0], [3, 3, 3, 3], [0, 0, 0, 0], [4, 5, 6, 7]])
    largest = largest_of_texts(words, padded, STARTS, TEXT_OF_WORD)
    torch.testing.assert_close(largest[0], words[:3].amax(0))
    real = torch.tensor([0, 1, 3])
    assert gradcheck(lambda w: largest_of_texts(w, padded, STARTS, TEXT_OF_WORD)[real], (words,))


def test_words_that_tie_for_the_largest_share_its_gradient():
    words = torch.tensor([[2.0], [2.0], [1.0]], requires_grad=True)
    padded = torch.tensor([[0, 1, 2]])
    largest_of_texts(words, padded, torch.tensor([0, 3]), torch.zeros(3, dtype=torch.int64)).sum().backward()
    assert words.grad.flatten().tolist() == [0.5, 0.5, 0.0]


def test_rearrange():
    rows = values(4, 3)
    there, back = torch.tensor([2, -1, 0, 3, -1]), torch.tensor([2, -1, 0, 3])
    moved = rearrange(rows, there, back)
    torch.testing.assert_close(moved[[0, 2, 3]], rows[[2, 0, 3]])
    assert moved[[1, 4]].eq(0).all()
    assert gradcheck(lambda r: rearrange(r, there, back), (rows,))


@pytest.mark.parametrize("models", [1, 3])
def test_linear(models):
    inputs, weight, bias = values(models * 4, 5), values(models, 6, 5), values(models, 6)
    outputs = linear(inputs, weight, bias)
    for i in range(models):
        own = inputs.view(models, 4, 5)[i] @ weight[i].T + bias[i]
        torch.testing.assert_close(outputs.view(models, 4, 6)[i], own)
    assert gradcheck(linear, (inputs, weight, bias))


@pytest.mark.parametrize("strided", [False, True])
def test_large_products_equal_torchs_own(strided):
    torch.manual_seed(0)
    inputs = torch.randn(300, 400)[:, :90] if strided else torch.randn(300, 90)
    inputs, weight = inputs.detach().requires_grad_(), torch.randn(1, 80, 90, requires_grad=True)
    upstream = torch.randn(300, 200)[:, :80] if strided else torch.randn(300, 80)
    results = [
        (product, *torch.autograd.grad(product, (inputs, weight), upstream))
        for product in (linear(inputs, weight), inputs @ weight[0].T)
    ]
    for ours, own in zip(*results, strict=True):
        torch.testing.assert_close(ours, own, atol=1e-4, rtol=1e-4)
