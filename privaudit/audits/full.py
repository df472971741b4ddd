"""The whole audit: membership, extraction and the test of the claim, in one result with one verdict."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from privaudit import gate
from privaudit.attacks.membership.signals import Signals
from privaudit.audits.epsilon import EpsilonOutcome, EpsilonPlan, EpsilonRequest, plan_epsilon, run_epsilon
from privaudit.audits.epsilon.describe import describe_data, describe_model
from privaudit.audits.extraction import (
    ExtractionOutcome,
    ExtractionPlan,
    ExtractionRequest,
    plan_extraction,
    run_extraction,
)
from privaudit.audits.membership.plan import MembershipPlan, MembershipRequest, plan_membership
from privaudit.audits.membership.run import MembershipOutcome, run_membership
from privaudit.audits.run_options import RunOptions
from privaudit.data.canaries.manifest import Manifest, read_manifest
from privaudit.errors import UsageError
from privaudit.progress import SILENT, Progress
from privaudit.provenance import now, tool
from privaudit.results import Data, Model, NotRun, Result, Verdict
from privaudit.stopwatch import NO_DEADLINE, Deadline, Stopwatch
from privaudit.targets.interface import Floats

Part = Literal["membership", "extraction", "epsilon"]
Evidence = tuple[Signals, Mapping[str, Floats]]
"""Signals of n rows, and scores by name."""
PARTS: tuple[Part, ...] = get_args(Part)
_MENDS: Mapping[Part, str] = {
    "membership": "Give --part membership",
    "extraction": "Give --canaries MANIFEST and --part extraction",
    "epsilon": "Give --canaries MANIFEST (planted with --include coin) or --runs N",
}


@dataclass(frozen=True)
class AuditRequest:
    """What the user asked ``privaudit audit`` for: one request per part, thresholds apart."""

    membership: MembershipRequest
    extraction: ExtractionRequest | None
    """None without a manifest."""
    epsilon: EpsilonRequest
    parts: tuple[Part, ...] = ()
    """Empty: membership; extraction if every canary was planted or a threshold needs it; epsilon if coins or
    runs allow it."""
    fail_if: tuple[str, ...] = ()
    on_inconclusive: gate.OnInconclusive = "4"
    run: RunOptions = field(default_factory=RunOptions)
    """Its time is for all parts together."""


@dataclass(frozen=True, eq=False)
class AuditPlan:
    """The plans of the parts that will run."""

    request: AuditRequest
    membership: MembershipPlan | None
    extraction: ExtractionPlan | None
    epsilon: EpsilonPlan | None

    @property
    def thresholds(self) -> tuple[gate.Threshold, ...]:
        """Of all parts."""
        return tuple(t for plan in self._plans for t in plan.thresholds)

    @property
    def _plans(self) -> tuple[MembershipPlan | ExtractionPlan | EpsilonPlan, ...]:
        return tuple(p for p in (self.membership, self.extraction, self.epsilon) if p is not None)


@dataclass(frozen=True, eq=False)
class AuditOutcome:
    """One result with the evidence of every part."""

    result: Result
    evidence: Mapping[Part, Evidence]
    comparable: bool | None


@dataclass(frozen=True, eq=False)
class _Found:
    """What came of the parts that ran."""

    membership: MembershipOutcome | None
    extraction: ExtractionOutcome | None
    epsilon: EpsilonOutcome | None

    @property
    def results(self) -> tuple[Result, ...]:
        """Of the parts that have one of their own."""
        return tuple(part.result for part in (self.membership, self.extraction) if part is not None)

    @property
    def not_run(self) -> tuple[NotRun, ...]:
        """Of all parts."""
        missing = () if self.epsilon is None else self.epsilon.not_run
        return (*(item for result in self.results for item in result.not_run), *missing)

    @property
    def comparable(self) -> bool | None:
        """Whether the blind baseline allows a verdict on membership; None without that part."""
        return None if self.membership is None else self.membership.comparable

    @property
    def evidence(self) -> dict[Part, Evidence]:
        """Signals and scores by part."""
        parts: dict[Part, MembershipOutcome | ExtractionOutcome | EpsilonOutcome | None] = {
            "membership": self.membership,
            "extraction": self.extraction,
            "epsilon": self.epsilon,
        }
        return {name: (part.signals, part.scores) for name, part in parts.items() if part is not None}


def plan_audit(request: AuditRequest) -> AuditPlan:
    """Decide what runs, and plan it.

    Raises:
        PrivauditError: a part that was asked for, or that a threshold needs, cannot run.
    """
    thresholds = {text: gate.parse_threshold(text).family for text in request.fail_if}
    manifest = None if request.extraction is None else read_manifest(request.extraction.canaries)
    parts = request.parts or _default_parts(request, manifest, set(thresholds.values()))
    for text, family in thresholds.items():
        if family not in parts:
            raise UsageError(
                f"--fail-if {text!r} needs the {family} part, which this audit does not run", _MENDS[family]
            )
    if "extraction" in parts and request.extraction is None:
        raise UsageError("--part extraction needs canaries", _MENDS["extraction"])

    def own(part: Part) -> tuple[str, ...]:
        return tuple(text for text, family in thresholds.items() if family == part)

    membership, extraction, epsilon = None, None, None
    if "membership" in parts:
        membership = plan_membership(replace(request.membership, fail_if=own("membership")))
    if "extraction" in parts and request.extraction is not None:
        extraction = plan_extraction(replace(request.extraction, fail_if=own("extraction")))
    if "epsilon" in parts:
        asked = replace(request.epsilon, fail_if=own("epsilon"))
        if asked.runs is not None and manifest is not None and manifest.include != "coin":
            # NOTE: these canaries are for extraction; the runs have one of their own.
            asked = replace(asked, canaries=None)
        epsilon = plan_epsilon(asked)
    return AuditPlan(request, membership, extraction, epsilon)


def _default_parts(
    request: AuditRequest, manifest: Manifest | None, thresholds: Iterable[gate.Family]
) -> tuple[Part, ...]:
    coins = manifest is not None and manifest.include == "coin"
    chosen: set[Part] = {"membership", *thresholds}
    if manifest is not None and not coins:
        chosen.add("extraction")
    if coins or request.epsilon.runs is not None:
        chosen.add("epsilon")
    return tuple(part for part in PARTS if part in chosen)


def run_audit(plan: AuditPlan, progress: Progress = SILENT, deadline: Deadline = NO_DEADLINE) -> AuditOutcome:
    """Run the parts one after another, and judge them together.

    Raises:
        ModelError: the model fails on the records or the canaries.
    """
    watch = Stopwatch()
    membership, extraction, epsilon = None, None, None
    if plan.membership is not None:
        with watch.stage("membership"):
            membership = run_membership(plan.membership, progress, deadline)
    if plan.extraction is not None:
        with watch.stage("extraction"):
            extraction = run_extraction(plan.extraction, progress, deadline)
    if plan.epsilon is not None:
        with watch.stage("epsilon"):
            epsilon = run_epsilon(plan.epsilon, progress, deadline)
    found = _Found(membership, extraction, epsilon)
    return AuditOutcome(_result(plan, found, watch), found.evidence, found.comparable)


def _result(plan: AuditPlan, found: _Found, watch: Stopwatch) -> Result:
    """One result: what each part found, and the verdict over all of them."""
    inputs = plan.request.membership.inputs
    model, data = _subject(plan, found)
    claim = plan.epsilon.tested.claim if plan.epsilon else next((r.claim for r in found.results), None)
    audited = None if found.membership is None else found.membership.result
    extracted = None if found.extraction is None else found.extraction.result
    return Result(
        tool=tool(),
        created=now(),
        command="audit",
        model=model,
        data=data,
        claim=claim,
        membership=() if audited is None else audited.membership,
        not_run=found.not_run,
        extraction=() if extracted is None else extracted.extraction,
        extraction_summary=() if extracted is None else extracted.extraction_summary,
        epsilon=None if found.epsilon is None else found.epsilon.epsilon,
        slices=() if audited is None else audited.slices,
        records=() if audited is None else audited.records,
        seed_agreement=None if audited is None else audited.seed_agreement,
        verdict=_verdict(plan, found),
        provenance=plan.request.run.provenance(watch, threads=inputs.threads, device=inputs.device),
        warnings=tuple(_warnings(plan, found)),
    )


def _subject(plan: AuditPlan, found: _Found) -> tuple[Model, Data]:
    """Model and data of the first part; those of the test of epsilon if nothing else ran."""
    if found.results:
        return found.results[0].model, found.results[0].data
    if plan.epsilon is None:
        raise ValueError("an audit has at least one part")
    return describe_model(plan.epsilon), describe_data(plan.epsilon)


def _verdict(plan: AuditPlan, found: _Found) -> Verdict:
    epsilon = None if found.epsilon is None else found.epsilon.epsilon
    missing = () if found.epsilon is None else found.epsilon.not_run
    judged = {t.expression: t for result in found.results for t in result.verdict.thresholds}
    for threshold in plan.epsilon.thresholds if plan.epsilon else ():
        judged[threshold.expression] = gate.evaluate(threshold, not_run=missing, epsilon=epsilon)
    return gate.judge(
        [judged[text.strip()] for text in plan.request.fail_if],
        comparable=found.comparable,
        not_run=found.not_run,
        epsilon=epsilon,
        on_inconclusive=plan.request.on_inconclusive,
    )


def _warnings(plan: AuditPlan, found: _Found) -> Iterator[str]:
    yield from dict.fromkeys(warning for result in found.results for warning in result.warnings)
    if plan.epsilon is None and any(result.claim is not None for result in found.results[:1]):
        yield (
            "The claimed privacy was not tested: plant canaries with --include coin, train, and give the "
            "manifest with --canaries; or give --runs N."
        )
