import numpy as np
import pytest

from privaudit.attacks.membership.registry import find_attack
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext
from privaudit.audits.sweep.epsilon.leave_one_out import (
    BLOCKS,
    ModelsOfOnePlan,
    attacks_for,
    leave_one_out,
    margins_of,
)
from privaudit.stats.auc import auc
from privaudit.stats.ranked import rank_scores

K, N, C = 5, 300, 3


def models_with(effect, seed=0, extras=True):
    """K models whose margin on a record is higher by ``effect`` where they were trained on it."""
    rng = np.random.default_rng(seed)
    inside, label = rng.random((K, N)) < 0.5, rng.integers(C, size=N)
    logits = rng.normal(size=(K, N, C)).astype(np.float32)
    logits[:, np.arange(N), label] += rng.normal(0, 2, N).astype(np.float32) + (effect * inside).astype(
        np.float32
    )
    more = (rng.normal(size=(K, N, 5)) + effect * inside[:, :, None]).astype(np.float32)
    return ModelsOfOnePlan(logits, inside, label.astype(np.int64), more if extras else None)


def test_the_rule_names_the_attacks():
    assert [a.spec.id for a in attacks_for(8, extras=True)] == ["loss", "lira-multi"]
    assert [a.spec.id for a in attacks_for(8, extras=False)] == ["loss", "lira-eb"]
    assert [a.spec.id for a in attacks_for(3, extras=True)] == ["loss", "lira-eb"]
    assert [a.spec.id for a in attacks_for(1, extras=True)] == ["loss"]


def test_every_model_is_attacked_as_an_audit_with_the_others_as_references_would():
    models = models_with(1.0)
    attacks = attacks_for(K, extras=True)
    found = leave_one_out(models, slice(None), attacks, (0.01, 0.1), seed=3)
    for attack, reached in zip(attacks, found, strict=True):
        for k in range(K):
            others = np.arange(K) != k
            signals = Signals(
                ids=[str(i) for i in range(N)],
                member=models.inside[k],
                label=models.label,
                target_logits=models.logits[k].astype(np.float64),
                reference_logits=models.logits[others],
                reference_in=models.inside[others],
                reference_extras=models.extras[others],
                target_extras=models.extras[k],
            )
            ranked = rank_scores(attack.score(signals, AttackContext(3)), models.inside[k])
            assert reached.auc[k] == pytest.approx(auc(ranked), abs=1e-12)
    assert [reached.n_references for reached in found] == [0, K - 1]


def test_the_part_that_is_not_asked_for_does_not_enter():
    models = models_with(1.0)
    wild = ModelsOfOnePlan(models.logits.copy(), models.inside, models.label, models.extras)
    wild.logits[:, 200:] = 1e3
    attacks = attacks_for(K, extras=True)
    one, other = (leave_one_out(m, slice(0, 200), attacks, (0.1,), seed=0) for m in (models, wild))
    for a, b in zip(one, other, strict=True):
        assert np.array_equal(a.auc, b.auc)


def test_no_leak_is_found_where_there_is_none():
    found = leave_one_out(models_with(0.0), slice(None), attacks_for(K, extras=True), (0.1,), seed=0)
    for reached in found:
        assert abs(reached.auc.mean() - 0.5) < 0.05


def test_too_few_records_have_no_rate_and_one_side_no_area():
    models = models_with(1.0)
    (reached,) = leave_one_out(models, slice(0, 80), [find_attack("loss")], (0.01, 0.5), seed=0)
    assert np.isnan(reached.rates[:, 1]).all()
    assert np.isfinite(reached.rates[:, [0, 2]]).all()
    assert np.isnan(reached.without_block[:, 1]).all()
    alone = ModelsOfOnePlan(models.logits, np.ones_like(models.inside), models.label)
    (reached,) = leave_one_out(alone, slice(None), [find_attack("loss")], (0.1,), seed=0)
    assert np.isnan(reached.auc).all()


def test_blocks_of_records_are_left_out_in_turn():
    models = models_with(1.0)
    (reached,) = leave_one_out(models, slice(None), [find_attack("loss")], (0.1,), seed=0)
    assert reached.without_block.shape == (BLOCKS, 2)
    assert reached.without_block[:, 0].mean() == pytest.approx(reached.auc.mean(), abs=0.005)
    assert 0 < reached.without_block[:, 0].std() < 0.02


def test_margins_are_those_of_the_records_own_classes():
    models = models_with(1.0)
    z = models.logits[2, :7].astype(np.float64)
    own = z[np.arange(7), models.label[:7]]
    others = [np.log(np.exp(np.delete(row, y)).sum()) for row, y in zip(z, models.label[:7], strict=True)]
    assert margins_of(models, slice(0, 7))[2] == pytest.approx(own - others)
