"""Results as audits give them, made of as few numbers as a test needs."""

import numpy as np
import pytest

from privaudit.audits.membership.evaluate import roc
from privaudit.results import (
    FPRS,
    BlindBaseline,
    Curve,
    Data,
    EmpiricalRoc,
    Epsilon,
    Extraction,
    Interval,
    LowerBound,
    Membership,
    Model,
    Provenance,
    Result,
    Tool,
    TprAtFpr,
    Verdict,
)
from privaudit.stats.ranked import rank_scores
from privaudit.stats.tradeoff import RocCurve, max_tpr_epsilon_delta

DIGEST = "5e" * 32


def an_interval(value, width=0.02):
    return Interval(value=value, low=value - width, high=value + width, low_simultaneous=value - 2 * width)


@pytest.fixture(scope="session")
def make_result():
    def make(**parts):
        status = parts.pop("status", "not-judged")
        n_nonmembers = parts.pop("n_nonmembers", 1000)
        baseline = BlindBaseline(auc=an_interval(0.5), comparable=True)
        usual = {
            "tool": Tool(version="1.0"),
            "created": "2026-11-20T10:00:00+00:00",
            "command": "mia",
            "model": Model(
                path="model.pt", format="bundle", architecture="bow", loader="torch.load", files=(),
                digest=DIGEST, access="weights",
            ),
            "data": Data(source="files", n_members=1000, n_nonmembers=n_nonmembers, blind_baseline=baseline),
            "verdict": Verdict(status=status, sentence="As it was judged."),
            "provenance": Provenance(
                argv=("mia", "my model.pt"), seed=7, python="3.11", platform="Linux",
                versions={"torch": "2.13"}, seconds=1.0,
            ),
        }  # fmt: skip
        return Result(**{**usual, **parts})

    return make


@pytest.fixture(scope="session")
def make_membership():
    def make(attack="loss", shift=1.0, n=1000, seed=0, **fields):
        member = np.arange(2 * n) < n
        ranked = rank_scores(np.random.default_rng(seed).normal(size=2 * n) + shift * member, member)
        interval = an_interval(0.5 + 0.2 * min(shift, 2.0))
        rates = tuple(
            TprAtFpr(fpr=f, tpr=0.05, low=0.03, high=0.08, low_simultaneous=0.02, measurable=True)
            if f * n >= 10
            else TprAtFpr(fpr=f, tpr=None, low=None, high=None, measurable=False)
            for f in FPRS
        )
        usual = {
            "access": "score",
            "n_members": n,
            "n_nonmembers": n,
            "n_references": 0,
            "auc": interval,
            "auc_within_class": interval,
            "tpr_at_fpr": rates,
            "advantage": interval,
            "seconds": 0.1,
            "roc": roc(ranked),
            "parameters": {"seed": 0, "not_scored": 0, "queries": 21, "backward_passes": 1},
        }
        return Membership(attack=attack, **{**usual, **fields})

    return make


@pytest.fixture(scope="session")
def make_extraction():
    def make(canary="c-1", matches=(True, False, True, True), bits=9.0, **fields):
        usual = {
            "attack": "enumerate",
            "objective": "margin",
            "label": "own",
            "repetitions": 10,
            "included": True,
            "secret_length": len(matches),
            "candidates": 10_000,
            "exact_match": all(matches),
            "hamming": list(matches).count(False),
            "matches": matches,
            "rank": 20,
            "rank_exact": True,
            "n_ranked": 10_000,
            "exposure_bits": Interval(value=bits, low=bits, high=bits, low_simultaneous=bits),
            "control_exposure_bits": Interval(value=1.2, low=0.2, high=2.2),
            "control_rank": 4321.0,
            "n_controls": 4,
            "p_value": 0.002,
            "evaluations": 10_000,
            "seconds": 0.5,
        }
        return Extraction(canary=canary, **{**usual, **fields})

    return make


def a_region(epsilon, delta):
    corner = (1 - delta) / (1 + np.exp(epsilon))
    fpr = np.array([0.0, corner, 1 - delta, 1.0])
    tpr = max_tpr_epsilon_delta(fpr, epsilon, delta)
    area = RocCurve(fpr, tpr).auc
    return Curve(kind="epsilon-delta", fpr=tuple(fpr.tolist()), tpr=tuple(tpr.tolist()), auc=area)


@pytest.fixture(scope="session")
def make_epsilon():
    def make(epsilon=2.0, shift=0.0, n=500, design="many-run", ceiling=6.0, **fields):
        member = np.arange(2 * n) < n
        found = roc(rank_scores(np.random.default_rng(1).normal(size=2 * n) + shift * member, member))
        banded = {} if design == "one-run" else {"tpr_low": found.tpr_low, "tpr_high": found.tpr_high}
        usual = {
            "verdict": "consistent",
            "sentence": "No violation was found.",
            "test": "the rank test",
            "p_value": 0.4,
            "claimed": epsilon,
            "accounted": epsilon,
            "delta": 1e-5,
            "lower_bounds": (
                LowerBound(method="steinke", value=0.5, confidence=0.95, assumes="nothing", ceiling=3.0),
                LowerBound(method="rank-test-mechanism", value=0.8, confidence=0.95, assumes="the mechanism",
                           ceiling=ceiling, primary=True),
            ),
            "power": 0.9,
            "n_in": n,
            "n_out": n,
            "score": "loss drop",
            "canaries": "500",
            "threat_model": "sees the final model",
            "theory_curves": (a_region(epsilon, 1e-5),),
            "empirical_curve": EmpiricalRoc(fpr=found.fpr, tpr=found.tpr, least_fpr=10 / n, **banded),
        }  # fmt: skip
        return Epsilon(design=design, ceiling=ceiling, **{**usual, **fields})

    return make


@pytest.fixture(scope="session")
def judged():
    """The result with limits and a verdict."""

    def change(result, status, *limits, **fields):
        verdict = Verdict(status=status, sentence="As it was judged.", thresholds=limits, **fields)
        return result.model_copy(update={"verdict": verdict})

    return change


@pytest.fixture(scope="session")
def words():
    """Everything that a section says, as one text: sentences, listings, captions, cells."""

    def said(section):
        parts = []
        for block in section.blocks:
            tables = [block] if hasattr(block, "rows") else [block.data] if hasattr(block, "data") else []
            parts += [getattr(block, "text", ""), getattr(block, "caption", ""), *getattr(block, "items", ())]
            parts += [text for _, text in getattr(block, "legend", ())]
            parts += [cell for table in tables for row in (table.header, *table.rows) for cell in row]
        return " ".join(filter(None, parts))

    return said
