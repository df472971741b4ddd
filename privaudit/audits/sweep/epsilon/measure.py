"""From the outputs of an epsilon's models to its row: accuracy, attacks, and the canaries' pooled scores."""

from dataclasses import dataclass

import numpy as np

from privaudit.audits.sweep.epsilon.leave_one_out import (
    Bools,
    ModelsOfOnePlan,
    Reached,
    attacks_for,
    leave_one_out,
    margins_of,
)
from privaudit.audits.sweep.epsilon.plan import EpsilonSweepPlan
from privaudit.results import AttackOverModels, Interval, TprOverModels, nothing
from privaudit.results.epsilon_sweep import Targets
from privaudit.results.from_stats import CONFIDENCE, reported, reported_mean
from privaudit.stats.crossed import mean_of_crossed
from privaudit.stats.intervals import NotMeasurable
from privaudit.stats.tradeoff import RocCurve
from privaudit.targets.interface import Floats
from privaudit.training.references.outputs import References

FPRS = (0.01, 0.1)


@dataclass(frozen=True, eq=False)
class PooledCanaries:
    """All canaries of all models as one experiment with K m independent fair coins."""

    scores: Floats
    """``[K m]``, higher = member."""
    included: Bools
    """``[K m]``."""


def models_of(references: References, plan: EpsilonSweepPlan) -> ModelsOfOnePlan:
    """What the models of one epsilon say of the pool."""
    return ModelsOfOnePlan(
        references.logits,
        references.inside,
        np.asarray(plan.pool.labels, dtype=np.int64),
        references.extras,
    )


def accuracies(models: ModelsOfOnePlan, n_records: int) -> tuple[Floats, Floats]:
    """Share of the data's records that each model classifies correctly: outside it ``[K]``, and inside."""
    outside, inside = np.empty(len(models)), np.empty(len(models))
    for k in range(len(models)):
        hit = np.asarray(models.logits[k][:n_records]).argmax(axis=1) == models.label[:n_records]
        member = models.inside[k, :n_records]
        outside[k], inside[k] = hit[~member].mean(), hit[member].mean()
    return outside, inside


def mount_attacks(
    models: ModelsOfOnePlan, plan: EpsilonSweepPlan, roc: RocCurve | None
) -> tuple[AttackOverModels, ...]:
    """Every attack on the records and on the canaries.

    Args:
        models: of one epsilon.
        plan: the sweep.
        roc: the most that the mechanism allows; None without privacy.
    """
    n, seed = plan.n_records, plan.request.run.seed
    attacks = attacks_for(len(models), extras=models.extras is not None)
    parts: tuple[tuple[Targets, slice, int], ...] = (
        ("records", slice(0, n), n),
        ("canaries", slice(n, None), plan.n_canaries),
    )
    return tuple(
        _describe(reached, targets, count, roc)
        for targets, rows, count in parts
        for reached in leave_one_out(models, rows, attacks, FPRS, seed)
    )


def pooled_canaries(models: ModelsOfOnePlan, plan: EpsilonSweepPlan) -> PooledCanaries:
    """The adjusted margins of all canaries under all models.

    The coins of K independently trained models touch one model each: the models together are one
    (epsilon, delta)-private output of K m independent fair coins, and whatever is computed from all outputs
    keeps the guarantee. An attack that reads who is in the other models, as LiRA does, would not: which
    guesses it is surest of could then depend on the coin that is guessed.
    """
    canaries = slice(plan.n_records, None)
    scores = adjusted(margins_of(models, canaries))
    return PooledCanaries(scores.ravel(), models.inside[:, canaries].ravel())


def adjusted(margins: Floats) -> Floats:
    """``margins [K, m]`` less what the other models predict of a canary's own level.

    How easy a canary is by itself says nothing about its coin. Its level is predicted from the mean over the
    other models, shrunk by the share of that mean's variance that lies between canaries (the best linear
    prediction; Robinson 1991, Statistical Science 6:15-32). No coin enters.
    """
    k = len(margins)
    if k == 1:
        return margins
    within = float(margins.var(axis=0, ddof=1).mean())
    between = max(0.0, float(margins.mean(axis=0).var(ddof=1)) - within / k)
    if between == 0.0:
        return margins
    others = (margins.sum(axis=0) - margins) / (k - 1)
    scores: Floats = margins - between / (between + within / (k - 1)) * others
    return scores


def mean_share(values: Floats) -> Interval:
    """Mean over models of a share, with Student's interval."""
    return reported_mean(values, lowest=0.0, highest=1.0)


def _crossed(values: Floats, without_block: Floats) -> Interval:
    if np.isnan(values).any() or np.isnan(without_block).any():
        return nothing("too few members or non-members in a model")
    found = mean_of_crossed(values, without_block, lowest=0.0, highest=1.0, confidence=CONFIDENCE)
    if isinstance(found, NotMeasurable):
        return Interval(value=float(values.mean()), low=None, high=None, reason=found.reason)
    return reported(found)


def _describe(reached: Reached, targets: Targets, count: int, roc: RocCurve | None) -> AttackOverModels:
    area, *found = (
        _crossed(values, blocks)
        for values, blocks in zip(reached.rates.T, reached.without_block.T, strict=True)
    )
    rates = tuple(
        TprOverModels(fpr=fpr, tpr=rate, allowed=None if roc is None else float(roc.max_tpr(fpr)))
        for fpr, rate in zip(FPRS, found, strict=True)
    )
    return AttackOverModels(
        attack=reached.attack,
        targets=targets,
        n_targets=count,
        n_references=reached.n_references,
        auc=area,
        tpr_at_fpr=rates,
        auc_per_model=tuple(reached.auc[~np.isnan(reached.auc)].tolist()),
    )
