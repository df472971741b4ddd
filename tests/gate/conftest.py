"""Results as attacks would give them."""

import importlib.util
import sys
from pathlib import Path

import pytest

from privaudit.results import (
    FPRS,
    BlindBaseline,
    Data,
    Epsilon,
    Extraction,
    Interval,
    LowerBound,
    Membership,
    Model,
    Provenance,
    Result,
    Roc,
    Slice,
    Tool,
    TprAtFpr,
    Verdict,
)


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


@pytest.fixture(scope="session")
def membership():
    return a_membership


@pytest.fixture(scope="session")
def extraction():
    return an_extraction


def a_slice(value="transfer", attack="loss", *, by="class", auc=(0.8, 0.72, 0.86), tpr=None):
    rates = () if tpr is None else (TprAtFpr(fpr=0.05, tpr=tpr[0], low=tpr[1], high=tpr[2], measurable=True),)
    return Slice(
        by=by,
        value=value,
        attack=attack,
        n_members=60,
        n_nonmembers=55,
        auc=Interval(value=auc[0], low=auc[1], high=auc[2]),
        tpr_at_fpr=rates,
    )


def a_result(**changes):
    nothing = Interval(value=None, low=None, high=None, reason="no texts")
    parts = {
        "tool": Tool(version="0"),
        "created": "2026-01-01T00:00:00+00:00",
        "command": "mia",
        "model": Model(
            path="model.pt",
            format="bundle",
            architecture="bow",
            loader="l",
            files=(),
            digest="abcdef0123456789" * 4,
            access="weights",
        ),
        "data": Data(
            source="files",
            n_members=1000,
            n_nonmembers=1000,
            blind_baseline=BlindBaseline(auc=nothing, comparable=True),
        ),
        "membership": (a_membership(),),
        "verdict": Verdict(status="not-judged", sentence="s"),
        "provenance": Provenance(argv=(), seed=0, python="3", platform="p", versions={}, seconds=1.0),
    }
    return Result(**{**parts, **changes})


def an_epsilon(verdict, value=2.0):
    return Epsilon(
        verdict=verdict,
        sentence="Why.",
        design="one-run",
        test="a test",
        accounted=8.0,
        delta=1e-5,
        lower_bounds=(LowerBound(method="steinke", value=value, confidence=0.95, assumes="fair coins"),),
        ceiling=6.0,
        n_in=50,
        n_out=50,
        score="loss",
        canaries="100 canaries",
        threat_model="the final model",
    )


@pytest.fixture(scope="session")
def epsilon_of():
    return an_epsilon


@pytest.fixture(scope="session")
def slice_of():
    return a_slice


@pytest.fixture(scope="session")
def result_of():
    return a_result


@pytest.fixture(scope="module")
def simulation():
    """The module ``benchmarks/difference.py``: two audits of the same records with a known dependence."""
    path = Path(__file__).parents[2] / "benchmarks" / "difference.py"
    spec = importlib.util.spec_from_file_location("benchmarks_difference", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
