"""Asking: rank every secret, search for it, compare with the controls, and judge."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from privaudit import gate
from privaudit.attacks.extraction.calibration import Calibration, calibrated_margins
from privaudit.attacks.extraction.ranking import Margins, best_of
from privaudit.attacks.extraction.spec import ExtractionAttack, Found, Problem
from privaudit.attacks.membership.signals import Signals
from privaudit.audits.extraction.controls import Controls, ask_controls
from privaudit.audits.extraction.describe import describe_data, describe_model, warnings
from privaudit.audits.extraction.plan import ENUMERATE, ExtractionPlan, PlannedGroup
from privaudit.audits.extraction.rows import Answer, row, score_of, standing, summaries
from privaudit.data.canaries.template import numbers_of
from privaudit.progress import SILENT, Progress
from privaudit.provenance import now, tool
from privaudit.results import Extraction, NotRun, Result
from privaudit.stopwatch import NO_DEADLINE, Deadline, Stopwatch
from privaudit.targets.interface import Floats


@dataclass(frozen=True, eq=False)
class ExtractionOutcome:
    """A result with the evidence it rests on."""

    result: Result
    signals: Signals
    """One row per canary: its own text under the model and the controls."""
    scores: Mapping[str, Floats]
    """``{"margin": [M]}``: higher = more likely planted, so the same scores serve a one-run audit."""


def run_extraction(
    plan: ExtractionPlan, progress: Progress = SILENT, deadline: Deadline = NO_DEADLINE
) -> ExtractionOutcome:
    """Ask the controls, then the model, and judge.

    Raises:
        ModelError: the model fails on the texts.
    """
    watch, request = Stopwatch(), plan.request
    controls = _ask_controls(plan, progress, deadline)
    rows: list[Extraction] = []
    not_run: list[NotRun] = []
    margins = []
    progress.start("Extracting canaries", sum(len(asked.group.canaries) for asked in plan.groups))
    for number, asked in enumerate(plan.groups):
        ranked = _margins(plan, asked, number, controls)
        margins.append(ranked.secrets)
        for found in _rows(plan, asked, number, ranked, controls, deadline, progress):
            (rows if isinstance(found, Extraction) else not_run).append(found)  # type: ignore[arg-type]
    judged = [gate.evaluate(t, not_run=not_run, extraction=rows) for t in plan.thresholds]
    result = Result(
        tool=tool(),
        created=now(),
        command="extract",
        model=describe_model(plan),
        data=describe_data(plan),
        claim=plan.opened.claim,
        not_run=tuple(not_run),
        extraction=tuple(rows),
        extraction_summary=summaries(rows),
        verdict=gate.judge(judged, comparable=None, not_run=not_run, on_inconclusive=request.on_inconclusive),
        provenance=request.run.provenance(
            watch, threads=request.inputs.threads, device=request.inputs.device
        ),
        warnings=tuple(warnings(plan, controls)),
    )
    return ExtractionOutcome(result, _signals(plan, controls), {"margin": np.concatenate(margins)})


def _ask_controls(plan: ExtractionPlan, progress: Progress, deadline: Deadline) -> Controls | None:
    if plan.controls is None or plan.request.controls is None:
        return None
    groups = [asked.group for asked in plan.groups]
    return ask_controls(plan.controls, groups, plan.request.controls, progress=progress, deadline=deadline)


def _margins(plan: ExtractionPlan, asked: PlannedGroup, number: int, controls: Controls | None) -> Margins:
    kind = plan.request.calibration
    if kind is Calibration.NONE:
        return asked.pool.margins(asked.surface, asked.group.label)
    references = () if controls is None else controls.margins[number]
    return calibrated_margins(
        kind, plan.opened.classifier, asked.surface, asked.group.label, asked.pool, references
    )


def _rows(
    plan: ExtractionPlan,
    asked: PlannedGroup,
    number: int,
    margins: Margins,
    controls: Controls | None,
    deadline: Deadline,
    progress: Progress,
) -> Iterator[Extraction | NotRun]:
    """One row per canary and attack, or why it is missing."""

    @cache
    def answer(attack: ExtractionAttack, excluded: tuple[tuple[int, ...], ...]) -> Answer:
        watch = Stopwatch()
        problem = Problem(asked.surface, asked.group.label, plan.request.objective, excluded)
        if attack.spec.id == ENUMERATE and asked.pool.exact:
            found = _enumerated(plan, asked, problem, margins)
        else:
            rng = np.random.default_rng([plan.request.run.seed, number, *attack.spec.id.encode()])
            found = attack.search(problem, plan.request.settings, rng)
        return Answer(attack.spec.id, found, watch.seconds)

    for index, canary in enumerate(asked.group.canaries):
        excluded = tuple(tuple(map(int, other)) for other in asked.group.others(index))
        stands = None
        for attack in asked.attacks:
            if deadline.passed:
                reason = f"{deadline.ran_out}."
                yield NotRun(attack=attack.spec.id, reason=reason, kind="extraction", canary=canary.id)
                continue
            stands = stands or standing(plan, asked, number, index, margins, controls)
            yield row(plan, asked, index, stands, answer(attack, excluded))
        progress.advance()


def _enumerated(plan: ExtractionPlan, asked: PlannedGroup, problem: Problem, margins: Margins) -> Found:
    """What ``enumerate`` finds, from the margins that the ranking has computed already."""
    filling = best_of(asked.pool, margins, problem.excluded_numbers)
    (number,) = numbers_of(asked.pool.template, np.array([filling]))
    return Found(filling, score_of(plan, float(margins.pool[number])), len(margins.pool), complete=True)


def _signals(plan: ExtractionPlan, controls: Controls | None) -> Signals:
    groups = [asked.group for asked in plan.groups]
    canaries = [canary for group in groups for canary in group.canaries]
    logits = np.concatenate([asked.surface.logits(asked.group.secrets) for asked in plan.groups])
    return Signals(
        ids=[canary.id for canary in canaries],
        member=np.concatenate([group.included for group in groups]),
        label=np.concatenate([np.full(len(group.canaries), group.label) for group in groups]),
        target_logits=logits,
        reference_logits=None if controls is None else controls.logits,
        reference_in=None if controls is None else np.zeros((len(controls.logits), len(canaries)), np.bool_),
    )
