"""The test itself: score the canaries, judge by the test that was declared, and check that by controls."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from privaudit.attacks.membership.signals import Signals
from privaudit.audits.epsilon.controls import many_runs_control, one_run_control
from privaudit.audits.epsilon.judge import judge_many_runs, judge_one_run
from privaudit.audits.epsilon.many_runs import CoinModels, train_models
from privaudit.audits.epsilon.plan import EpsilonPlan, ManyRunDesign, OneRunDesign
from privaudit.audits.epsilon.scores import centred, loss_drops
from privaudit.progress import SILENT, Progress
from privaudit.results import Epsilon, NotRun
from privaudit.stopwatch import NO_DEADLINE, Deadline
from privaudit.targets.interface import Floats

SCORE = "loss-drop"
"""Name of the score in the evidence."""


@dataclass(frozen=True, eq=False)
class EpsilonOutcome:
    """What the test found, with the evidence it rests on."""

    epsilon: Epsilon | None
    """None if time ran out."""
    not_run: tuple[NotRun, ...]
    signals: Signals
    """One row per canary, or per model of many runs; ``member`` is its coin. The one reference of one run is
    the model before its training."""
    scores: Mapping[str, Floats]
    """``{"loss-drop": [m]}``, what the test reads."""


def run_epsilon(
    plan: EpsilonPlan, progress: Progress = SILENT, deadline: Deadline = NO_DEADLINE
) -> EpsilonOutcome:
    """Score, judge, and make the controls.

    Raises:
        ModelError: the model fails on the canaries.
        UsageError: a loss is not finite, or the store cannot be written.
    """
    if isinstance(plan.design, OneRunDesign):
        return _one_run(plan, plan.design, progress, deadline)
    return _many_runs(plan, plan.design, progress, deadline)


def _one_run(
    plan: EpsilonPlan, design: OneRunDesign, progress: Progress, deadline: Deadline
) -> EpsilonOutcome:
    canaries = design.canaries
    progress.start("scoring canaries", 1)
    before = None if design.before is None else design.before.outputs(canaries.texts).logits
    after = plan.opened.classifier.outputs(canaries.texts).logits
    scores = centred(loss_drops(before, after, canaries.labels), canaries.labels)
    positive = one_run_control(plan, design, progress, deadline)
    found = judge_one_run(plan, design, scores, positive)
    signals = Signals(
        ids=canaries.ids,
        member=canaries.included,
        label=canaries.labels,
        target_logits=after,
        reference_logits=None if before is None else before[None],
        reference_in=None if before is None else np.zeros((1, len(canaries)), np.bool_),
    )
    return EpsilonOutcome(found, (), signals, {SCORE: scores})


def _many_runs(
    plan: EpsilonPlan, design: ManyRunDesign, progress: Progress, deadline: Deadline
) -> EpsilonOutcome:
    models = train_models(design.models, design.count, plan.request, progress, deadline)
    signals, scores = _rows(models, design), {SCORE: models.scores}
    if len(models) < design.count:
        # NOTE: a test on as many models as there happen to be is not the test that was declared.
        reason = (
            f"{len(models)} of {design.count} models were ready when {deadline.ran_out};"
            " they are kept for the next run."
        )
        missing = NotRun(attack="many-run", reason=reason, kind="epsilon")
        return EpsilonOutcome(None, (missing,), signals, scores)
    found = judge_many_runs(plan, design, models, many_runs_control(plan, design, progress, deadline))
    return EpsilonOutcome(found, (), signals, scores)


def _rows(models: CoinModels, design: ManyRunDesign) -> Signals:
    return Signals(
        ids=[f"model-{number + 1}" for number in range(len(models))],
        member=models.included,
        label=np.repeat(design.canary.labels, len(models)),
        target_logits=models.logits,
    )
