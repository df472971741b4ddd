"""The published descent: its optimiser, its options and when it stops."""

import numpy as np
import pytest
import torch

from privaudit.attacks.extraction import descent
from privaudit.attacks.extraction.budget import SOFT_STEP, Budget
from privaudit.attacks.extraction.registry import find_extraction_attack
from privaudit.attacks.extraction.spec import Objective, Problem, SearchSettings

RELAXED = find_extraction_attack("relaxed")


def run(surface, seed=0, objective=Objective.MARGIN, **settings):
    return RELAXED.search(
        Problem(surface, 1, objective), SearchSettings(**settings), np.random.default_rng(seed)
    )


def test_the_steps_are_those_of_torch_adam():
    start, target = torch.tensor([[0.3, -2.0, 1.0]]), torch.tensor([[1.0, 0.0, 4.0]])
    reference = start.clone().requires_grad_()
    optimiser = torch.optim.Adam([reference], lr=0.02)
    ours = start.clone()
    adam = descent._Adam(0.02, torch.zeros_like(ours), torch.zeros_like(ours))
    for step in range(1, 30):
        optimiser.zero_grad()
        ((reference - target) ** 2 * torch.tensor([1.0, 0.1, 1e-4])).sum().backward()
        optimiser.step()
        gradient = 2 * (ours - target) * torch.tensor([1.0, 0.1, 1e-4])
        ours = adam.step(ours, gradient, torch.tensor([0]), step)
    torch.testing.assert_close(ours, reference.detach())


def test_the_start_is_glorot_uniform():
    noise = torch.Generator().manual_seed(0)
    drawn = descent._glorot(2000, 10, 4, noise)
    bound = (6 / 14) ** 0.5
    assert drawn.abs().max() <= bound
    assert drawn.std() == pytest.approx(bound / 3**0.5, rel=0.03)


def test_the_temperature_falls_geometrically():
    settings = SearchSettings(steps=11, temperature=2.0, final_temperature=0.02)
    schedule = [descent.temperature(settings, step) for step in range(11)]
    assert schedule[0] == 2.0
    assert schedule[-1] == pytest.approx(0.02)
    np.testing.assert_allclose(np.diff(np.log(schedule)), np.log(0.01) / 10)
    assert descent.temperature(SearchSettings(), 500) == 1.0


def test_it_stops_when_no_largest_weight_has_changed_for_a_hundred_steps(formulas):
    """All candidates alike: nothing ever moves."""
    found = run(formulas["ties"](), restarts=1)
    assert found.evaluations == descent.PATIENCE * SOFT_STEP + 1


def test_a_converged_start_costs_nothing_while_others_go_on(formulas):
    alone = sum(run(formulas["digits"](), restarts=1, seed=seed).evaluations for seed in range(4))
    together = run(formulas["digits"](), restarts=4)
    assert together.evaluations < 1000 * 4 * SOFT_STEP
    assert 0.5 * alone < together.evaluations < 2 * alone


def test_the_steps_are_bounded(formulas):
    found = run(formulas["interacting"](), restarts=2, steps=7)
    assert found.evaluations == 2 * 7 * SOFT_STEP + 2


@pytest.mark.parametrize(
    "options",
    [
        {"gumbel": True},
        {"straight_through": True},
        {"temperature": 2.0, "final_temperature": 0.1},
        {"gumbel": True, "straight_through": True, "temperature": 2.0, "final_temperature": 0.1},
    ],
    ids=lambda options: "-".join(options),
)
def test_every_option_searches_its_own_way_to_the_optimum_of_a_sum(formulas, options):
    surface = formulas["digits"]()
    best = tuple(int(values.argmax()) for values in surface.linear)
    found = run(surface, learning_rate=0.1, **options)
    assert found.filling == best
    harder = run(formulas["interacting"](), learning_rate=0.1, **options)
    plain = run(formulas["interacting"](), learning_rate=0.1)
    assert harder.evaluations != plain.evaluations


def test_straight_through_reads_hard_weights_and_keeps_the_gradient():
    logits = torch.tensor([[0.1, 0.7, 0.2, 3.0, 1.0]], requires_grad=True)
    settings = SearchSettings(straight_through=True)
    first, second = descent._mixtures(logits, (3, 2), 1.0, settings, torch.Generator())
    torch.testing.assert_close(first.detach(), torch.tensor([[0.0, 1.0, 0.0]]))
    torch.testing.assert_close(second.detach(), torch.tensor([[1.0, 0.0]]))
    (gradient,) = torch.autograd.grad(first[0, 2], logits)
    soft = torch.softmax(logits.detach()[:, :3], dim=1)[0]
    torch.testing.assert_close(gradient[0, :3], soft[2] * (torch.tensor([0.0, 0.0, 1.0]) - soft))


def test_gumbel_noise_draws_candidates_by_their_softmax():
    logits = torch.log(torch.tensor([[0.1, 0.2, 0.7]])).expand(20_000, 3)
    settings = SearchSettings(gumbel=True)
    (weights,) = descent._mixtures(logits, (3,), 1.0, settings, torch.Generator().manual_seed(0))
    shares = torch.bincount(weights.argmax(1), minlength=3) / 20_000
    torch.testing.assert_close(shares, torch.tensor([0.1, 0.2, 0.7]), atol=0.015, rtol=0)


def test_the_start_with_the_best_hard_text_wins(formulas):
    """Not the one whose mixture is best."""
    surface = formulas["interacting"]()
    budget = Budget(Problem(surface, 1), SearchSettings(restarts=6))
    readings = descent.descend(budget, SearchSettings(restarts=6), np.random.default_rng(0))
    assert len(np.unique(readings, axis=0)) > 1
    assert run(formulas["interacting"](), restarts=6).score == budget.scores(readings).max()
