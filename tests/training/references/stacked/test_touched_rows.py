import numpy as np
import pytest
import torch

from privaudit.training.references.stacked.touched_rows import BETA1, BETA2, EPSILON, TouchedRows

ROWS, WIDTH, STEPS = 40, 8, 80


def batches(seed, steps=STEPS):
    rng = np.random.default_rng(seed)
    return [np.unique(rng.integers(1, ROWS, 5)) for _ in range(steps)]


def gradients(seed, touched, scale):
    torch.manual_seed(seed)
    return [scale * torch.randn(len(rows), WIDTH) for rows in touched]


def dense(table, rates, touched, grads):
    """Adam over all rows, in double precision."""
    weight = torch.nn.Parameter(table.double())
    optimizer = torch.optim.AdamW([weight], lr=1.0, betas=(BETA1, BETA2), eps=EPSILON, weight_decay=0)
    for rate, rows, gradient in zip(rates, touched, grads, strict=True):
        optimizer.param_groups[0]["lr"] = rate
        weight.grad = torch.zeros_like(weight)
        weight.grad[rows] = gradient.double()
        optimizer.step()
    return weight.detach()


def step(tables, i_rows, counts, steps, grads, rates):
    values, mean, square = tables.gather(i_rows, counts, steps)
    parts = [torch.split(kind, counts.tolist()) for kind in (values[1:], torch.cat(grads), mean, square)]
    for own, gradient, m, v, made, rate in zip(*parts, steps, rates, strict=True):
        if len(own):
            torch._fused_adamw_(
                [own], [gradient], [m], [v], [], [torch.tensor(made + 1.0)], lr=float(rate), beta1=BETA1,
                beta2=BETA2, weight_decay=0.0, eps=EPSILON, amsgrad=False, maximize=False,
            )  # fmt: skip
    return values, mean, square


@pytest.mark.parametrize("schedule", ["constant", "falling"])
@pytest.mark.parametrize(("scale", "tolerance"), [(1.0, 2e-6), (1e-3, 2e-6), (1e-6, 2e-3)])
def test_rows_move_as_under_dense_adam(scale, tolerance, schedule):
    torch.manual_seed(0)
    table = torch.randn(ROWS, WIDTH)
    rates = np.full(STEPS, 0.01) if schedule == "constant" else np.linspace(0.01, 0, STEPS)
    touched = batches(0)
    grads = gradients(1, touched, scale)
    tables = TouchedRows([table], [rates])
    for t, (rows, gradient) in enumerate(zip(touched, grads, strict=True)):
        made, counts = np.array([t]), np.array([len(rows)])
        values, mean, square = step(tables, rows, counts, made, [gradient], [rates[t]])
        assert values[0].eq(0).all()
        tables.put(rows, counts, made + 1, values, mean, square)
    (ours,) = tables.tables(np.array([STEPS]))
    torch.testing.assert_close(ours.double(), dense(table, rates, touched, grads), atol=tolerance, rtol=0)


def test_tables_of_several_models_do_not_disturb_each_other():
    """The second model makes half as many steps."""
    torch.manual_seed(0)
    starts = [torch.randn(ROWS, WIDTH), torch.randn(ROWS + 3, WIDTH)]
    lengths = [STEPS, STEPS // 2]
    rates = [np.full(length, 0.01) for length in lengths]
    touched = [batches(k, length) for k, length in enumerate(lengths)]
    grads = [gradients(k, rows, 1.0) for k, rows in enumerate(touched)]
    tables = TouchedRows(starts, rates)
    made = np.zeros(2, dtype=np.int64)
    for t in range(STEPS):
        active = [k for k in range(2) if t < lengths[k]]
        rows = np.concatenate([tables.first[k] + touched[k][t] for k in active])
        counts = np.array([len(touched[k][t]) if k in active else 0 for k in range(2)])
        kept = step(tables, rows, counts, made, [grads[k][t] for k in active], [0.01, 0.01])
        made = made + [k in active for k in range(2)]
        tables.put(rows, counts, made, *kept)
    for k, ours in enumerate(tables.tables(made)):
        expected = dense(starts[k], rates[k], touched[k], grads[k])
        torch.testing.assert_close(ours.double(), expected, atol=2e-6, rtol=0)


def test_a_row_that_no_batch_touches_never_moves():
    table = torch.randn(3, WIDTH)
    tables = TouchedRows([table], [np.full(10, 0.1)])
    (ours,) = tables.tables(np.array([10]))
    assert torch.equal(ours, table)
