"""Risk of single records: rates that hold, odds that are calibrated, agreement with known answers."""

import numpy as np
import pytest

from privaudit.attacks.membership.registry import membership_attacks
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext
from privaudit.audits.membership.record_risk import (
    agreement,
    agreement_across_seeds,
    as_target,
    membership_odds,
    record_fpr,
    reference_scores,
)
from privaudit.stats.odds import odds_of, odds_table

CONTEXT = AttackContext(0)


def make(n=300, k=6, effect=2.0, seed=0) -> Signals:
    rng = np.random.default_rng(seed)
    inside, member = rng.random((k, n)) < 0.5, rng.random(n) < 0.5
    label, difficulty = rng.integers(3, size=n), rng.normal(size=n)

    def logits(saw):
        values = rng.normal(size=(n, 3))
        values[np.arange(n), label] += effect * saw - difficulty
        return values

    return Signals(
        ids=[f"r{i}" for i in range(n)],
        member=member,
        label=label,
        target_logits=logits(member),
        reference_logits=np.stack([logits(row) for row in inside]),
        reference_in=inside,
    )


@pytest.mark.parametrize("attack", ["loss", "lira-eb", "calibration"])
def test_a_reference_in_the_targets_place_scores_as_written_out(attack):
    signals = make()
    others = np.arange(6) != 2
    plain = Signals(
        ids=signals.ids,
        member=signals.reference_in[2],
        label=signals.label,
        target_logits=signals.reference_logits[2],
        reference_logits=signals.reference_logits[others],
        reference_in=signals.reference_in[others],
    )
    chosen = membership_attacks()[attack]
    found = reference_scores(chosen, signals, CONTEXT)
    assert found.shape == (6, 300)
    np.testing.assert_allclose(found[2], chosen.score(plain, CONTEXT), rtol=1e-12)
    np.testing.assert_array_equal(as_target(signals, 2).reference_logits[1], signals.reference_logits[1])
    np.testing.assert_array_equal(as_target(signals, 2).reference_logits[2], signals.reference_logits[3])


def test_a_single_reference_cannot_be_attacked():
    with pytest.raises(ValueError, match="another one"):
        as_target(make(k=1), 0)


def test_record_fpr_counts_out_references_and_the_target():
    score = np.array([1.0, 1.0, 5.0, np.nan, 0.0])
    references = np.array([[0, 1, 2, 3, np.nan], [2, 2, 2, 3, np.nan], [3, 0, 2, 3, 1]], float)
    inside = np.zeros((3, 5), bool)
    inside[2, :3] = True
    expected = [(1 + 1) / 3, (1 + 2) / 3, 1 / 3, np.nan, (1 + 1) / 2]
    np.testing.assert_allclose(record_fpr(score, references, inside), expected)
    assert np.isnan(record_fpr(score, references, np.ones((3, 5), bool))).all()


def test_a_record_that_the_target_did_not_see_is_rarely_accused():
    """The rate of non-members at or below each level is at most the level."""
    signals = make(n=4000, k=20)
    loss = membership_attacks()["loss"]
    references = reference_scores(loss, signals, CONTEXT)
    rate = record_fpr(loss.score(signals, CONTEXT), references, signals.reference_in)
    outside = rate[~signals.member]
    for level in (0.1, 0.2, 0.5):
        assert (outside <= level).mean() <= level + 0.02
    assert np.median(rate[signals.member]) < np.median(outside) - 0.1


def test_odds_are_calibrated_and_rise_with_the_score():
    signals = make(n=4000, k=8)
    attack = membership_attacks()["lira-eb"]
    score = attack.score(signals, CONTEXT)
    references = reference_scores(attack, signals, CONTEXT)
    odds = membership_odds(score, references, signals.reference_in)
    elsewhere = np.full_like(references, np.nan)  # with no values of its own, only the score counts
    table = odds_table(references.ravel(), signals.reference_in.ravel())
    by_score = odds_of(score, table, elsewhere, signals.reference_in)
    assert (np.diff(by_score[np.argsort(score)]) >= 0).all()
    probability = odds / (1 + odds)
    for low, high in ((0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9)):
        here = (probability >= low) & (probability < high)
        assert here.sum() > 200
        spread = 0.5 / np.sqrt(here.sum())
        assert abs(signals.member[here].mean() - probability[here].mean()) < 4 * spread


def test_odds_scale_with_the_prior_and_are_never_infinite():
    high = np.arange(200) < 100
    references = np.where(high, 9.0, 0.0)[None]
    score = np.array([9.0] * 99 + [np.nan] + [0.0] * 99 + [-1.0])
    even = membership_odds(score, references, high[None])
    np.testing.assert_allclose(even[:99], 99.5 / 0.5)  # 100 IN and no OUT, without the record itself
    np.testing.assert_allclose(even[100:], 0.5 / 99.5)
    assert np.isnan(even[99])
    inside = high[None]
    np.testing.assert_allclose(membership_odds(score, references, inside, prior=0.01), even / 99)


@pytest.mark.parametrize(
    ("inside", "prior"),
    [(np.ones((1, 3), bool), 0.5), (np.zeros((1, 3), bool), 0.5), (np.eye(1, 3) > 0, 1.0)],
)
def test_odds_need_both_kinds_and_a_prior(inside, prior):
    with pytest.raises(ValueError, match=r"IN and OUT|prior"):
        membership_odds(np.zeros(3), np.zeros((1, 3)), inside, prior)


def test_agreement_of_equal_opposite_and_unrelated_rankings():
    row = np.random.default_rng(0).normal(size=2000)
    equal = agreement(np.stack([row, 3 * row + 1, row]), 0.05)
    assert equal.rank_correlation == pytest.approx(1.0)
    assert equal.overlap == 1.0
    opposite = agreement(np.stack([row, -row]), 0.05)
    assert opposite.rank_correlation == pytest.approx(-1.0)
    assert opposite.overlap == 0.0
    unrelated = agreement(np.random.default_rng(1).normal(size=(8, 2000)), 0.2)
    assert abs(unrelated.rank_correlation) < 0.02
    assert abs(unrelated.overlap - unrelated.expected_overlap) < 0.02


def test_agreement_is_over_records_that_all_score():
    scores = np.array([[1.0, 2, 3, np.nan], [1.0, 2, 3, 4]])
    assert agreement(scores, 0.34).overlap == 1.0
    assert np.isnan(agreement(np.ones((2, 5))).rank_correlation)
    with pytest.raises(ValueError, match="two models"):
        agreement(scores[:1])
    with pytest.raises(ValueError, match="two models"):
        agreement(scores, 0.0)


def test_agreement_across_seeds_compares_what_both_models_saw():
    rng = np.random.default_rng(0)
    score, member, inside = rng.normal(size=400), rng.random(400) < 0.5, rng.random((3, 400)) < 0.5
    references = np.where(member & inside, 2 * score, -9.0)
    same = agreement_across_seeds(score, member, references, inside)
    assert same.overlap == pytest.approx(1.0)
    assert same.rank_correlation == pytest.approx(1.0)
    unrelated = agreement_across_seeds(score, member, rng.normal(size=(3, 400)), inside)
    assert abs(unrelated.rank_correlation) < 0.2
    assert agreement_across_seeds(score, member & (np.arange(400) < 8), references, inside) is None
