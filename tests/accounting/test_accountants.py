"""Epsilon and curves of configured mechanisms, against values that several libraries agreed on."""

import math

import numpy as np
import pytest

from privaudit.accounting.accountants import (
    epsilon_pld,
    epsilon_prv,
    epsilon_rdp,
    epsilons,
    privacy_losses,
)
from privaudit.accounting.curves import last_iterate_roc, max_roc
from privaudit.accounting.mechanism import Mechanism, Phase
from privaudit.errors import UsageError
from privaudit.stats.tradeoff import epsilon_of_gaussian, max_tpr_gaussian

FASHION = 256 / 60000
GOLDEN = [
    # noise, rate, steps, delta, PLD, RDP
    (1.0, 0.01, 1000, 1e-5, 1.828244, 2.101367),
    (1.0, 0.01, 10000, 1e-5, 6.187745, 6.712757),
    (0.6, 0.01, 2000, 1e-5, 9.953542, 11.350730),
    (2.0, 0.05, 500, 1e-5, 2.532034, 2.768585),
    (1.1, FASHION, 14063, 1e-5, 2.381779, 2.596656),
    (4.0, 0.2, 100, 1e-6, 2.389113, 2.578657),
    (10.0, 1.0, 100, 1e-5, 4.377179, 4.728507),
    (1.0, 1.0, 1, 1e-5, 4.377178, 4.728507),
    (0.5, 0.001, 3000, 1e-6, 4.957644, 6.095964),
]


@pytest.mark.parametrize(("noise", "rate", "steps", "delta", "pld", "rdp"), GOLDEN)
def test_golden_epsilons(noise, rate, steps, delta, pld, rdp):
    mechanism = Mechanism.uniform(noise, rate, steps)
    assert epsilon_pld(mechanism, delta) == pytest.approx(pld, rel=1e-4)
    assert epsilon_rdp(mechanism, delta) == pytest.approx(rdp, rel=1e-3)
    assert privacy_losses(mechanism).get_delta_for_epsilon(pld) == pytest.approx(delta, rel=1e-3)


FINE = [1.828237, 6.187713, 9.953538, 2.532031, 2.381691, 2.389112, 4.377178, 4.377178, 4.957636]
CENTRAL_LIMIT = [1.617712, 6.007077, 8.413618, 2.425890, 2.324362, 2.293330, 4.389878, 6.007078, 1.770424]
REPLACED = [2.843446, 10.880807, 12.391253, 4.980757, 4.221531, 4.865968, 9.997256, 9.997256, 5.118865]


@pytest.mark.parametrize(("case", "fine"), [*zip(GOLDEN, FINE, strict=True)])
def test_the_default_grid_is_at_most_1e4_above_a_fine_one(case, fine):
    noise, rate, steps, delta = case[:4]
    assert fine - 2e-6 <= epsilon_pld(Mechanism.uniform(noise, rate, steps), delta) <= fine + 1e-4


@pytest.mark.parametrize(("case", "central"), [*zip(GOLDEN, CENTRAL_LIMIT, strict=True)])
def test_the_central_limit_accountant_that_is_not_offered(case, central):
    from opacus.accountants import create_accountant

    noise, rate, steps, delta = case[:4]
    with pytest.warns(UserWarning, match="can underestimate"):
        accountant = create_accountant("gdp")
    accountant.history = [(noise, rate, steps)]
    assert accountant.get_epsilon(delta) == pytest.approx(central, rel=1e-4)
    if rate < 1:
        assert central < 0.98 * epsilon_pld(Mechanism.uniform(noise, rate, steps), delta)


@pytest.mark.slow
@pytest.mark.parametrize(("case", "replaced"), [*zip(GOLDEN, REPLACED, strict=True)])
def test_a_replaced_record_is_another_and_larger_epsilon(case, replaced):
    """Why claims of another adjacency are not tested by adding and removing canaries."""
    import dp_accounting
    from dp_accounting import pld

    noise, rate, steps, delta = case[:4]
    accountant = pld.PLDAccountant(dp_accounting.NeighboringRelation.REPLACE_ONE)
    sampled = dp_accounting.PoissonSampledDpEvent(rate, dp_accounting.GaussianDpEvent(noise))
    accountant.compose(dp_accounting.SelfComposedDpEvent(sampled, steps))
    assert accountant.get_epsilon(delta) == pytest.approx(replaced, rel=1e-4)
    assert replaced > epsilon_pld(Mechanism.uniform(noise, rate, steps), delta)


@pytest.mark.parametrize(
    ("noise", "rate", "steps", "tpr", "auc"),
    [
        (1.0, 0.01, 1000, [0.000547, 0.004068, 0.029139, 0.194202, 0.656874], 0.61310),
        (1.0, 0.01, 10000, [0.008307, 0.038014, 0.153947, 0.505077, 0.899644], 0.81859),
        (0.6, 0.01, 2000, [0.022827, 0.075352, 0.226691, 0.579098, 0.915947], 0.84491),
        (2.0, 0.05, 500, [0.000951, 0.006550, 0.042473, 0.246561, 0.721474], 0.66155),
        (1.1, FASHION, 14063, [0.000858, 0.006051, 0.040208, 0.239628, 0.715405], 0.65663),
        (4.0, 0.2, 100, [0.000693, 0.005055, 0.034984, 0.219852, 0.692288], 0.63912),
    ],
)
def test_golden_maximal_rocs(noise, rate, steps, tpr, auc):
    roc = max_roc(Mechanism.uniform(noise, rate, steps))
    np.testing.assert_allclose(roc.max_tpr([1e-4, 1e-3, 1e-2, 0.1, 0.5]), tpr, atol=1.5e-6)
    assert roc.auc == pytest.approx(auc, abs=1.5e-5)


@pytest.mark.parametrize(
    ("noise", "rate", "steps", "tpr"),
    [
        (1.0, 0.01, 1000, [0.003324, 0.026028, 0.187486]),
        (1.0, 0.01, 10_000, [0.033553, None, None]),
        (0.6, 0.01, 2000, [0.033195, 0.153888, None]),
        (2.0, 0.05, 500, [0.005866, None, None]),
    ],
)
def test_golden_values_of_the_other_direction(noise, rate, steps, tpr):
    roc = max_roc(Mechanism.uniform(noise, rate, steps), "add")
    for fpr, golden in zip([1e-3, 1e-2, 0.1], tpr, strict=True):
        assert golden is None or roc.max_tpr(fpr) == pytest.approx(golden, abs=2e-6)


def test_one_full_batch_step_is_the_gaussian_mechanism():
    mechanism, x = Mechanism.uniform(1.0, 1.0, 1), np.logspace(-5, -0.01, 40)
    np.testing.assert_allclose(max_roc(mechanism).max_tpr(x), max_tpr_gaussian(x, 1.0), atol=2e-7)
    assert epsilon_pld(mechanism, 1e-5) == pytest.approx(epsilon_of_gaussian(1.0, 1e-5), abs=1e-5)


def test_one_sampled_step_has_a_closed_form():
    from scipy.stats import norm

    noise, rate = 1.0, 0.1
    roc = max_roc(Mechanism.uniform(noise, rate, 1))
    threshold = np.linspace(-1, 4, 30)
    fpr = norm.sf(threshold / noise)
    tpr = (1 - rate) * fpr + rate * norm.sf((threshold - 1) / noise)
    np.testing.assert_allclose(roc.max_tpr(fpr), tpr, atol=1e-7)


@pytest.mark.parametrize("direction", ["remove", "add", "symmetric"])
def test_curves_are_concave_from_corner_to_corner(direction):
    roc = max_roc(Mechanism.uniform(2.0, 0.05, 500), direction)
    x = np.linspace(0, 1, 400)
    y = roc.max_tpr(x)
    assert (np.diff(y) >= -1e-12).all()
    assert (np.diff(y, 2) <= 1e-7).all()
    assert y[-1] == 1
    assert (y >= x - 1e-12).all()


def test_the_symmetric_curve_is_above_both_directions():
    mechanism, x = Mechanism.uniform(1.0, 0.01, 1000), np.logspace(-6, 0, 50)
    both = max_roc(mechanism, "symmetric").max_tpr(x)
    for direction in ("remove", "add"):
        assert (both >= max_roc(mechanism, direction).max_tpr(x) - 1e-9).all()


@pytest.mark.parametrize(
    ("noise", "rate", "steps", "tpr", "auc"),
    [
        (1.0, 0.01, 1000, [0.00289, 0.02275, 0.16838], 0.58825),
        (1.0, 0.01, 10000, [0.01877, 0.09345, 0.38967], 0.75971),
        (2.0, 0.05, 500, [0.00593, 0.03947, 0.23629], 0.65325),
        (4.0, 0.2, 100, [0.00498, 0.03459, 0.21838], 0.63783),
        (0.6, 0.01, 2000, [0.01037, 0.05944, 0.29837], 0.69966),
    ],
)
def test_golden_values_of_the_last_iterate(noise, rate, steps, tpr, auc):
    roc = last_iterate_roc(Mechanism.uniform(noise, rate, steps))
    np.testing.assert_allclose(roc.max_tpr([1e-3, 1e-2, 0.1]), tpr, atol=6e-6)
    assert roc.auc == pytest.approx(auc, abs=6e-6)


def test_phases_compose_as_their_steps_do():
    parts = Mechanism((Phase(1.0, 0.01, 400), Phase(1.0, 0.01, 600)))
    assert epsilon_pld(parts, 1e-5) == pytest.approx(1.828244, rel=1e-4)
    assert epsilon_rdp(parts, 1e-5) == pytest.approx(2.101367, rel=1e-3)
    falling = Mechanism((Phase(2.0, 0.01, 500), Phase(1.0, 0.01, 500)))
    quiet, loud = (Mechanism.uniform(noise, 0.01, 1000) for noise in (2.0, 1.0))
    assert epsilon_pld(quiet, 1e-5) < epsilon_pld(falling, 1e-5) < epsilon_pld(loud, 1e-5)
    with pytest.raises(ValueError, match="one noise multiplier"):
        last_iterate_roc(falling)


def test_all_accountants_at_once():
    found = epsilons(Mechanism.uniform(1.0, 0.01, 1000), 1e-5)
    assert found.pld < found.rdp
    if found.prv is None:
        assert "privaudit[opacus]" in found.prv_reason
    else:
        assert found.prv == pytest.approx(1.838372, abs=0.012)


@pytest.mark.parametrize(
    "values", [(0, 0.1, 10), (-1, 0.1, 10), (math.inf, 0.1, 10), (1, 0, 10), (1, 1.1, 10), (1, 0.1, 0)]
)
def test_impossible_mechanisms_are_refused(values):
    with pytest.raises(UsageError):
        Mechanism.uniform(*values)
    with pytest.raises(UsageError):
        Mechanism(())


@pytest.mark.parametrize("delta", [0, 1, -1e-5, math.nan])
def test_impossible_deltas_are_refused(delta):
    with pytest.raises(UsageError, match=r"Delta .* is not in \(0, 1\)"):
        epsilon_pld(Mechanism.uniform(1.0, 1.0, 1), delta)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "prv"),
    list(
        zip(
            [(*row[:3], row[3]) for row in GOLDEN],
            [1.838372, 6.198044, 9.964199, 2.542189, 2.391837, 2.399234, 4.387413, 4.387414, 4.968070],
            strict=True,
        )
    ),
)
def test_golden_epsilons_of_prv(case, prv):
    pytest.importorskip("opacus")
    assert epsilon_prv(Mechanism.uniform(*case[:3]), case[3]) == pytest.approx(prv, abs=0.012)
