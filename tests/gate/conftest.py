"""Results as attacks would give them."""

import pytest

from privaudit.results import FPRS, Extraction, Interval, Membership, Roc, TprAtFpr


def a_membership(attack="loss", *, auc=(0.6, 0.55, 0.65, 0.53), tpr=(0.05, 0.03, 0.08, 0.02)):
    value, low, high, joint = auc
    interval = Interval(value=value, low=low, high=high, low_simultaneous=joint)
    rates = tuple(
        TprAtFpr(fpr=f, tpr=tpr[0], low=tpr[1], high=tpr[2], low_simultaneous=tpr[3], measurable=True)
        if f >= 0.01
        else TprAtFpr(fpr=f, tpr=None, low=None, high=None, measurable=False)
        for f in FPRS
    )
    return Membership(
        attack=attack,
        access="score",
        n_members=1000,
        n_nonmembers=1000,
        n_references=0,
        auc=interval,
        auc_within_class=interval,
        tpr_at_fpr=rates,
        advantage=interval,
        seconds=0.1,
        roc=Roc(fpr=(0.0, 1.0), tpr=(0.0, 1.0)),
    )


def an_extraction(
    canary="c1",
    attack="enumerate",
    *,
    exposure=(13.3, 13.3, 13.3),
    exact_match=False,
    included=True,
    rank_exact=True,
    ceiling=13.3,
    reason=None,
):
    value, low, high, *joint = exposure
    return Extraction(
        canary=canary,
        attack=attack,
        objective="margin",
        label="RateBook",
        repetitions=100,
        included=included,
        secret_length=4,
        candidates=10_000,
        exact_match=exact_match,
        hamming=0 if exact_match else 2,
        rank=None if value is None else round(2 ** (13.3 - value)),
        rank_exact=rank_exact,
        n_ranked=10_000,
        exposure_bits=Interval(
            value=value, low=low, high=high, low_simultaneous=joint[0] if joint else None, reason=reason
        ),
        ceiling_bits=ceiling,
        p_value=None,
        evaluations=10_000,
        seconds=1.0,
    )


@pytest.fixture
def membership():
    return a_membership


@pytest.fixture
def extraction():
    return an_extraction
