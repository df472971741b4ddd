import pytest
import torch

from privaudit.audits.dp_step.toy import EVERYWHERE, KINDS, Toy

PLACE = {"row": "table.weight", "table": "table.weight", "weight": "linear.weight", "bias": "linear.bias"}


def norms(gradients):
    return torch.sqrt(sum(g.double().flatten(1).square().sum(1) for g in gradients.values()))


@pytest.mark.parametrize("kind", KINDS)
def test_a_canary_lies_in_one_place_far_above_the_clip_norm(kind, toy, gradients_of):
    gradients = gradients_of(toy.task(toy.canary(kind), 0))
    assert norms(gradients).item() == pytest.approx(1000 * toy.clip_norm, rel=1e-5)
    assert norms({PLACE[kind]: gradients[PLACE[kind]]}) / norms(gradients) > 0.999999


def test_a_canary_lies_everywhere_alike(toy, gradients_of):
    gradients = gradients_of(toy.task(toy.canary(EVERYWHERE), 0))
    shares = [float(norms({name: g}) / norms(gradients)) for name, g in gradients.items()]
    assert shares == pytest.approx([3**-0.5] * 3, rel=1e-5)


@pytest.mark.parametrize("kind", [*KINDS, EVERYWHERE])
def test_the_direction_is_the_canary_s_gradient_with_norm_one(kind, toy, gradients_of):
    gradients, unit = gradients_of(toy.task(toy.canary(kind), 0)), toy.direction(kind)
    along = sum((gradients[name][0].double() * unit[name]).sum() for name in unit)
    assert along.item() == pytest.approx(norms(gradients).item(), rel=1e-6)
    assert sum(u.square().sum() for u in unit.values()).item() == pytest.approx(1)


@pytest.mark.parametrize("kind", [*KINDS, EVERYWHERE])
def test_the_opposing_batch_needs_no_clipping_and_turns_a_batch_round(kind, toy, gradients_of):
    gradients, unit = gradients_of(toy.task(toy.others(kind), 0)), toy.direction(kind)
    assert norms(gradients).max() < 0.1 * toy.clip_norm
    along = sum((g.double() * unit[name]).flatten(1).sum(1) for name, g in gradients.items()) / toy.clip_norm
    if kind == "row":
        assert along.abs().max() < 1e-6
        return
    assert toy.sample_rate * along.sum().item() == pytest.approx(-5, rel=1e-5)
    variance = toy.sample_rate * (1 - toy.sample_rate) * along.square().sum().item()
    # The spread of what is observed grows by less than 5 %.
    assert variance < 0.1025 * toy.noise_multiplier**2


def test_a_row_of_its_own_is_touched_by_nobody_else(toy):
    own = toy.canary("row").inputs[:, 0]
    assert not torch.isin(own, toy.others("row").inputs[:, 0]).any()
    assert torch.isin(toy.canary("table").inputs[:, 0], toy.others("table").inputs[:, 0]).all()


def test_the_canary_is_the_only_difference(toy):
    for kind in KINDS:
        without, with_it = toy.scene(kind, included=False), toy.scene(kind, included=True)
        assert len(with_it.labels) == len(without.labels) + 1
        assert torch.equal(with_it.inputs[:-1], without.inputs)


@pytest.mark.parametrize(("noise", "rate"), [(0.5, 0.3), (1.0, 0.02), (4.0, 1.0)])
def test_the_batch_fits_the_mechanism(noise, rate, gradients_of):
    toy = Toy(noise, rate, 1.0)
    gradients = gradients_of(toy.task(toy.others("weight"), 0))
    variance = rate * (1 - rate) * norms(gradients).square().sum().item()
    assert variance < 0.1025 * noise**2
    assert toy.expected_batch_size == round(rate * toy.n_others)


def test_a_task_cannot_spoil_the_next(toy):
    scene = toy.scene("bias", included=True)
    task = toy.task(scene, 0)
    task.inputs.fill_(7.0)
    with torch.no_grad():
        next(task.module.parameters()).fill_(7.0)
    again = toy.task(scene, 0)
    assert not torch.equal(task.inputs, again.inputs)
    assert not any(parameter.any() for parameter in again.module.parameters())
