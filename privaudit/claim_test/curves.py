"""Curves as data for a report: what is allowed, and what the scores reached."""

from privaudit.accounting.curves import last_iterate_roc, max_roc
from privaudit.claim_test.hypothesis import Hypothesis
from privaudit.results import Curve, EmpiricalRoc
from privaudit.stats.intervals import Bools, Floats
from privaudit.stats.ranked import rank_scores, roc_points
from privaudit.stats.roc_band import roc_band
from privaudit.stats.tradeoff import RocCurve, mu_of_epsilon, roc_gaussian

_POINTS = 200
_CONFIDENCE = 0.95
_LEAST_FALSE_POSITIVES = 10


def theory_curves(hypothesis: Hypothesis) -> tuple[Curve, ...]:
    """What the claim allows for a canary with all its copies, the curve of the verdict first.

    Thinned curves are nowhere below the exact ones. The Gaussian curve is that of the same epsilon and delta,
    for comparison. The last iterate is a heuristic for attacks that see the final model alone.
    """
    curves = []
    group = hypothesis.of_group
    if group is not None:
        exact = max_roc(group)
        curves.append(_drawn("mechanism", exact, exact.auc))
    epsilon = hypothesis.epsilon
    if epsilon is not None:
        region = hypothesis.region(epsilon)
        curves.append(_drawn("epsilon-delta", region, region.auc))
        gaussian = roc_gaussian(hypothesis.group * mu_of_epsilon(epsilon, hypothesis.delta))
        curves.append(_drawn("gaussian", gaussian, gaussian.auc))
    if group is not None and len(group.phases) == 1:
        last = last_iterate_roc(group)
        curves.append(_drawn("last-iterate", last, last.auc))
    return tuple(curves)


def empirical_roc(scores: Floats, member: Bools, *, independent: bool) -> EmpiricalRoc:
    """The ROC of the scores.

    Args:
        scores: ``[n]`` finite, higher = member.
        member: ``[n]``, of both kinds.
        independent: whether the scores are, as those of separately trained models; only then it has bands,
            because canaries of one model may all move together.
    """
    ranked = rank_scores(scores, member)
    points = roc_points(ranked, _POINTS)
    band = roc_band(ranked, points.fpr, _CONFIDENCE) if independent else None
    return EmpiricalRoc(
        fpr=tuple(points.fpr.tolist()),
        tpr=tuple(points.tpr.tolist()),
        tpr_low=() if band is None else tuple(band.low.tolist()),
        tpr_high=() if band is None else tuple(band.high.tolist()),
        confidence=_CONFIDENCE,
        least_fpr=min(1.0, _LEAST_FALSE_POSITIVES / ranked.n_nonmembers),
    )


def _drawn(kind: str, roc: RocCurve, auc: float) -> Curve:
    few = roc.from_above(_POINTS)
    return Curve.model_validate(
        {
            "kind": kind,
            "fpr": tuple(few.fpr.tolist()),
            "tpr": tuple(few.tpr.tolist()),
            "auc": auc,
            "heuristic": kind == "last-iterate",
        }
    )
