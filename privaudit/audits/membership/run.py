"""The audit: a frozen plan first, then its result. Independent of the command line."""

from collections.abc import Mapping
from dataclasses import dataclass

from privaudit import gate
from privaudit.attacks.membership.signals import Signals
from privaudit.audits.membership.collect import collect, scorable
from privaudit.audits.membership.comparability import check_comparability, without_texts
from privaudit.audits.membership.describe import describe_data, describe_model, warnings
from privaudit.audits.membership.findings import find
from privaudit.audits.membership.plan import MembershipPlan
from privaudit.audits.reference_models import with_references
from privaudit.progress import SILENT, Progress
from privaudit.provenance import now, tool
from privaudit.results import BlindBaseline, NotRun, Result
from privaudit.stopwatch import NO_DEADLINE, Deadline, Stopwatch
from privaudit.targets.interface import Floats


@dataclass(frozen=True, eq=False)
class MembershipOutcome:
    """A result with the evidence it rests on."""

    result: Result
    signals: Signals
    scores: Mapping[str, Floats]
    """Per attack ``[n]``."""

    @property
    def comparable(self) -> bool:
        """False when the blind baseline forbids a verdict."""
        return not self.result.data.blind_baseline.forbids_verdict


def run_membership(
    plan: MembershipPlan, progress: Progress = SILENT, deadline: Deadline = NO_DEADLINE
) -> MembershipOutcome:
    """Collect the signals once, score every attack on them, and judge.

    Raises:
        ModelError: the model fails on the records.
    """
    watch = Stopwatch()
    request, opened = plan.request, plan.opened
    with watch.stage("comparing the sets"):
        baseline, near = _check_sets(plan, progress)
    with watch.stage("signals of the model"):
        signals = collect(opened, plan.attacks, seed=request.run.seed, progress=progress, deadline=deadline)
    with watch.stage("reference models"):
        signals = _with_references(plan, signals, deadline, progress)
    ready, cut = scorable(plan.attacks, signals)
    with watch.stage("scores and their evaluation"):
        found = find(plan, ready, signals, progress)
    late = (NotRun(attack=a.spec.id, reason=f"{deadline.ran_out}.") for a in cut)
    not_run = (*found.unmeasured, *late)
    judged = [gate.evaluate(t, found.membership, not_run) for t in plan.thresholds]
    result = Result(
        tool=tool(),
        created=now(),
        command="mia",
        model=describe_model(opened, request.inputs.model, signals),
        data=describe_data(opened, found.units, baseline, near),
        claim=request.claim or opened.claim,
        membership=found.membership,
        not_run=not_run,
        slices=found.slices,
        records=found.records,
        seed_agreement=found.agreement,
        verdict=gate.judge(
            judged,
            comparable=not baseline.forbids_verdict,
            not_run=not_run,
            on_inconclusive=request.on_inconclusive,
        ),
        provenance=request.run.provenance(
            watch, threads=request.inputs.threads, device=request.inputs.device
        ),
        warnings=tuple(warnings(opened, found.units, baseline, found.membership)),
    )
    return MembershipOutcome(result, signals, found.scores)


def _check_sets(plan: MembershipPlan, progress: Progress) -> tuple[BlindBaseline, int]:
    audit_set, request = plan.opened.audit_set, plan.request
    records = audit_set.records
    if not len(records.texts):
        return without_texts(), 0
    progress.start("comparing the two sets without the model", 1)
    return check_comparability(
        records.texts,
        audit_set.member,
        groups=records.groups,
        randomised=audit_set.randomised,
        accept_shift=request.accept_shift,
        seed=request.run.seed,
    )


def _with_references(
    plan: MembershipPlan, signals: Signals, deadline: Deadline, progress: Progress
) -> Signals:
    request = plan.request
    if plan.references is None or request.references is None:
        return signals
    return with_references(
        signals, plan.opened, plan.references, request.references, deadline=deadline, progress=progress
    )
