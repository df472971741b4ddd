import numpy as np
import pytest
import torch
from torch import nn

from privaudit.training.private.noise import LateNoise, noise_generator


def table_of(rows: int, width: int, padding_idx: int | None = 0) -> nn.Embedding:
    table = nn.Embedding(rows, width, padding_idx=padding_idx)
    with torch.no_grad():
        table.weight.zero_()
    return table


def draws(seed: int) -> list[float]:
    return torch.empty(20).normal_(generator=noise_generator(seed)).tolist()


@pytest.mark.parametrize("other", [6, 5 + 2**32, 5 + 2**64, 5 + 2**127])
def test_noise_follows_from_all_bits_of_the_seed(other):
    assert draws(5) == draws(5)
    assert draws(5) != draws(other)


def test_all_of_the_state_is_drawn_and_not_just_the_32_bits_that_torch_would_spread():
    seed = int(np.random.SeedSequence([5, 10]).generate_state(1, np.uint64)[0] >> np.uint64(1))
    by_torch = torch.empty(20).normal_(generator=torch.Generator().manual_seed(seed))
    assert draws(5) != by_torch.tolist()


def test_the_generator_gives_independent_standard_normals():
    drawn = torch.empty(400_000).normal_(generator=noise_generator(1)).double()
    assert abs(float(drawn.mean())) < 5 / 400_000**0.5
    assert abs(float(drawn.var()) - 1) < 5 * (2 / 400_000) ** 0.5
    assert abs(float((drawn[1:] * drawn[:-1]).mean())) < 5 / 400_000**0.5
    assert abs(float((drawn**4).mean()) - 3) < 5 * (96 / 400_000) ** 0.5


def test_a_row_gets_the_sum_of_what_it_is_owed_when_it_is_read():
    table = table_of(3000, 32)
    noise = LateNoise(table, noise_generator(2))
    for variance in (0.5, 0.25, 1.0):
        noise.add(variance)
    read = torch.arange(1, 2000)
    table(read.view(1, -1))
    weight = table.weight.detach()
    assert float(weight[2000:].abs().max()) == 0
    assert float(weight[1:2000].var()) == pytest.approx(1.75, rel=0.03)
    assert float(noise.pending(read).max()) == 0
    assert noise.pending(torch.tensor([2500])).tolist() == [1.75]


def test_the_final_variance_does_not_depend_on_when_rows_were_read():
    table = table_of(4000, 32)
    noise, rng = LateNoise(table, noise_generator(3)), np.random.default_rng(0)
    for _ in range(40):
        table(torch.from_numpy(rng.integers(1, 2001, 300)))
        noise.add(0.1)
    noise.close()
    read, never = table.weight[1:2001].detach(), table.weight[2001:].detach()
    assert float(read.var()) == pytest.approx(4.0, rel=0.03)
    assert float(never.var()) == pytest.approx(4.0, rel=0.03)
    assert abs(float(np.corrcoef(read[:-1].flatten(), read[1:].flatten())[0, 1])) < 0.02
    assert abs(float(np.corrcoef(read[:, 0], read[:, 1])[0, 1])) < 0.1


def test_what_is_read_is_always_up_to_date():
    table, seen = table_of(50, 4), []
    noise = LateNoise(table, noise_generator(4))

    def check(_, inputs):
        seen.append(float(noise.pending(torch.unique(inputs[0])).max()))

    table.register_forward_pre_hook(check)
    rng = np.random.default_rng(0)
    for _ in range(30):
        noise.add(1.0)
        table(torch.from_numpy(rng.integers(0, 50, (3, 5))))
    assert seen == [0.0] * 30


def test_padding_stays_as_it_was_and_without_padding_every_row_is_noised():
    for padding_idx, quiet in ((0, True), (None, False)):
        table = table_of(10, 8, padding_idx)
        noise = LateNoise(table, noise_generator(5))
        noise.add(1.0)
        table(torch.tensor([0, 1]))
        noise.add(1.0)
        noise.close()
        assert (float(table.weight[0].detach().abs().max()) == 0) is quiet
        assert float(table.weight[1:].detach().abs().min()) > 0


def test_reading_twice_between_steps_writes_nothing_into_the_first_graph():
    table = table_of(10, 4)
    noise = LateNoise(table, noise_generator(6))
    noise.add(1.0)
    tokens = torch.tensor([1, 2])
    first = table(tokens)
    second = table(tokens)
    (first * second).sum().backward()
    assert torch.equal(first, second)


def test_after_closing_the_table_is_left_alone():
    table = table_of(10, 4)
    noise = LateNoise(table, noise_generator(7))
    noise.add(1.0)
    noise.close()
    before = table.weight.clone()
    noise.add(1.0)
    table(torch.tensor([1]))
    assert torch.equal(table.weight, before)
