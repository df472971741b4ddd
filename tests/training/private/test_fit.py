from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from privaudit.errors import UsageError
from privaudit.training.architectures import build
from privaudit.training.loop import TrainingRun, learning_rate_factor
from privaudit.training.private.fit import fit_private
from privaudit.training.private.noise import LateNoise
from privaudit.training.private.settings import PrivateTraining
from privaudit.training.recipe import Recipe

CLASSES = 3


def recipe_of(steps=20, rate=0.2, noise=1.0, clipping="automatic", clip_norm=1.0, **overrides) -> Recipe:
    privacy = PrivateTraining(
        noise_multiplier=noise, sample_rate=rate, steps=steps, clip_norm=clip_norm, clipping=clipping
    )
    given = {"width": 4, "batch_size": 8, "optimizer": "sgd", "learning_rate": 0.5} | overrides
    return Recipe.for_architecture("bow", **given).model_copy(update={"privacy": privacy})


def data_of(n=40, vocabulary=30, length=6, seed=0) -> tuple[torch.Tensor, torch.Tensor]:
    """Token rows with padding and repeated words, and classes."""
    rng = np.random.default_rng(seed)
    tokens = rng.integers(1, vocabulary, (n, length))
    for row, real in zip(tokens, rng.integers(1, length + 1, n), strict=True):
        row[real:] = 0
    return torch.from_numpy(tokens), torch.from_numpy(rng.integers(0, CLASSES, n))


def fitted(recipe, *, n=40, vocabulary=30, scale=1.0, dense=False, module=None, run=None, **options):
    tokens, labels = data_of(n, vocabulary)
    if module is None:
        torch.manual_seed(0)
        module = build(recipe, vocabulary, CLASSES)

    def losses_of(positions):
        rows = torch.from_numpy(positions)
        return scale * functional.cross_entropy(module(tokens[rows]), labels[rows], reduction="none")

    if dense:
        options["on_step"] = lambda _: None
    tables = (module.embedding.words,)
    history = fit_private(
        module, recipe, n, losses_of, run or TrainingRun(0), **({"tables": tables} | options)
    )
    return module, history


def parameters_of(module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in module.parameters()])


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("decay", ["none", "linear"])
def test_without_gradients_every_coordinate_gets_the_noise_of_all_steps(dense, decay):
    recipe = recipe_of(steps=12, noise=0.7, clip_norm=2.0, width=32, decay=decay, warmup=0.25)
    torch.manual_seed(0)
    before = build(recipe, 1500, CLASSES)
    start = {name: p.detach().clone() for name, p in before.named_parameters()}
    module, _ = fitted(recipe, vocabulary=1500, scale=0.0, dense=dense, module=before)
    rates = [0.5 * learning_rate_factor(recipe, step, 12) for step in range(12)]
    due = sum(rate**2 for rate in rates) * (0.7 * 2.0) ** 2 / 8**2
    moved = {name: p.detach() - start[name] for name, p in module.named_parameters()}
    table = moved["embedding.words.weight"][1:].double()
    assert float(table.square().mean()) == pytest.approx(due, rel=0.03)
    assert float(moved["head.weight"].square().mean()) == pytest.approx(due, rel=0.4)
    assert abs(float(np.corrcoef(table[:-1].flatten(), table[1:].flatten())[0, 1])) < 0.02
    assert abs(float(np.corrcoef(table[:, 0], table[:, 1])[0, 1])) < 0.1


def test_padding_is_a_constant():
    recipe = recipe_of()
    torch.manual_seed(0)
    start = build(recipe, 30, CLASSES).embedding.words.weight[0].detach().clone()
    for options in ({}, {"dense": True}):
        module, _ = fitted(recipe, **options)
        assert torch.equal(module.embedding.words.weight[0], start)


def final_tables(runs: int, **options) -> torch.Tensor:
    """``[runs, parameters]`` of a table whose rows are pulled to zero whenever they are read.

    No gradient is clipped, so the noise of a row is damped by every later step that reads it.
    """
    recipe = recipe_of(steps=10, rate=0.4, noise=0.02, clipping="fixed", clip_norm=100.0, batch_size=2)
    tokens = torch.tensor([[1, 2, 3], [1, 1, 0], [3, 4, 0], [5, 2, 1], [5, 0, 0]])
    found = []
    for seed in range(runs):
        torch.manual_seed(0)
        module = nn.ModuleList([nn.Embedding(7, 2, padding_idx=0), nn.Embedding(7, 2, padding_idx=0)])

        def losses_of(positions, module=module):
            rows = tokens[torch.from_numpy(positions)]
            return sum(table(rows).square().sum((1, 2)) for table in module) / 2

        fit_private(module, recipe, 5, losses_of, TrainingRun(seed), tables=(module[0],), **options)
        found.append(parameters_of(module))
    return torch.stack(found).double()


def moments(models: torch.Tensor) -> torch.Tensor:
    """``[runs, k]`` numbers whose means are the first moments, the second ones and all products."""
    first, second = torch.triu_indices(models.shape[1], models.shape[1])
    return torch.cat([models, models[:, first] * models[:, second]], 1)


def furthest(left: torch.Tensor, right: torch.Tensor) -> float:
    """The largest difference of means in units of its standard error."""
    error = (left.var(0) / len(left) + right.var(0) / len(right)).sqrt()
    apart = (left.mean(0) - right.mean(0)).abs() / error.clamp(min=1e-12)
    return float(apart.max())


@pytest.mark.slow
def test_late_noise_gives_the_moments_of_dense_noise(monkeypatch):
    late, dense = moments(final_tables(400)), moments(final_tables(400, on_step=lambda _: None))
    assert furthest(late, dense) < 4.5
    # The same statistic notices rows that are read before their noise is drawn.
    monkeypatch.setattr(LateNoise, "_before_reading", lambda *_: None)
    assert furthest(moments(final_tables(400)), dense) > 8


def naive_step(module, tokens, labels, recipe) -> dict[str, torch.Tensor]:
    """The clipped sum over all records by one backward pass each."""
    privacy, total = recipe.privacy, {}
    for row, label in zip(tokens, labels, strict=True):
        module.zero_grad()
        functional.cross_entropy(module(row[row > 0][None]), label[None]).backward()
        norm = torch.cat([p.grad.flatten() for p in module.parameters()]).norm()
        if privacy.clipping == "automatic":
            factor = privacy.clip_norm / (norm + 0.01)
        else:
            factor = min(torch.tensor(1.0), privacy.clip_norm / norm)
        for name, p in module.named_parameters():
            total[name] = total.get(name, 0.0) + factor * p.grad
    return total


@pytest.mark.parametrize("clipping", ["automatic", "fixed"])
@pytest.mark.parametrize("dense", [False, True])
def test_a_step_moves_by_the_clipped_sum_over_the_fixed_batch_size(clipping, dense):
    recipe = recipe_of(steps=1, rate=1.0, noise=1e-9, clipping=clipping, clip_norm=0.3)
    tokens, labels = data_of()
    torch.manual_seed(0)
    module = build(recipe, 30, CLASSES)
    start = {name: p.detach().clone() for name, p in module.named_parameters()}
    expected = naive_step(module, tokens, labels, recipe)
    module.zero_grad()
    fitted(recipe, dense=dense, module=module)
    for name, p in module.named_parameters():
        # 40 records are in the batch, and yet the sum is divided by 8.
        assert torch.allclose(p.detach(), start[name] - 0.5 * expected[name] / 8, atol=1e-6)


def test_an_empty_batch_adds_noise_and_counts_as_a_step():
    recipe = recipe_of(steps=7, rate=1e-9, noise=1.0)
    recipe = recipe.model_copy(update={"stop_after": None})
    torch.manual_seed(0)
    before = build(recipe, 30, CLASSES)
    start = parameters_of(before)
    module, history = fitted(recipe, module=before)
    assert history.steps == 7
    assert (parameters_of(module) != start)[4:].all()  # The first row is padding.
    assert history.epochs[0].loss == 0


@pytest.mark.parametrize("options", [{"optimizer": "adam"}, {"weight_decay": 0.01}])
def test_where_late_noise_would_not_be_exact_every_row_is_noised_at_every_step(options):
    recipe = recipe_of(steps=3, **options)
    seen = []
    torch.manual_seed(0)
    module = build(recipe, 1000, CLASSES)
    table = module.embedding.words
    table.register_forward_pre_hook(lambda *_: seen.append(table.weight[900:].detach().clone()))
    fitted(recipe, vocabulary=1000, n=10, module=module)
    seen.append(table.weight[900:].detach())
    assert all((a != b).all() for a, b in pairwise(seen))


def test_whoever_watches_steps_sees_all_noise_of_each():
    recipe, seen = recipe_of(steps=3), []
    torch.manual_seed(0)
    module = build(recipe, 1000, CLASSES)
    watch = lambda step: seen.append((step, module.embedding.words.weight[1:].detach().clone()))  # noqa: E731
    fitted(recipe, vocabulary=1000, n=10, module=module, on_step=watch)
    assert [step for step, _ in seen] == [1, 2, 3]
    assert all((a != b).all() for (_, a), (_, b) in pairwise(seen))


def test_the_noise_seed_decides_and_by_default_the_seed():
    recipe = recipe_of(steps=5)
    runs = (TrainingRun(0, noise_seed) for noise_seed in (None, None, 0, 2**100))
    alone, same, spelled, other = (fitted(recipe, run=run) for run in runs)
    assert torch.equal(parameters_of(alone[0]), parameters_of(same[0]))
    assert torch.equal(parameters_of(alone[0]), parameters_of(spelled[0]))
    assert not torch.equal(parameters_of(alone[0]), parameters_of(other[0]))


def test_time_stops_after_a_whole_pass_and_the_recipe_can_repeat_it():
    recipe = recipe_of(steps=18, rate=0.2)
    stopped, history = fitted(recipe, run=TrainingRun(0, max_seconds=0.0))
    assert (history.stopped, history.steps, len(history.epochs)) == ("time", 5, 1)
    again, repeated = fitted(recipe.model_copy(update={"stop_after": 1}))
    assert (repeated.stopped, repeated.steps) == ("epochs", 5)
    assert torch.equal(parameters_of(stopped), parameters_of(again))
    assert fitted(recipe)[1].steps == 18


def test_dropout_follows_from_the_seed():
    recipe = recipe_of(steps=4, dropout=0.5)
    first, second = fitted(recipe)[0], fitted(recipe)[0]
    assert torch.equal(parameters_of(first), parameters_of(second))
    assert not first.training


@pytest.mark.parametrize(
    ("change", "word"), [({"early_stopping": True}, "--early-stopping"), ({"clip_gradient": 1.0}, "--clip")]
)
def test_what_is_not_private_is_refused(change, word):
    with pytest.raises(UsageError, match=word):
        fitted(recipe_of().model_copy(update=change))


def test_a_loss_that_is_not_finite_is_an_error():
    with pytest.raises(UsageError, match="finite"):
        fitted(recipe_of(), scale=float("inf"))


def test_a_recipe_without_privacy_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="mechanism"):
        fitted(recipe_of().model_copy(update={"privacy": None}))
