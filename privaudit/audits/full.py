"""The whole audit: membership, extraction and the test of the claim, in one result with one verdict."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Literal, get_args

from privaudit import gate
from privaudit.attacks.membership.signals import Signals
from privaudit.audits.epsilon import EpsilonOutcome, EpsilonPlan, EpsilonRequest, plan_epsilon, run_epsilon
from privaudit.audits.epsilon.describe import describe_data, describe_model
from privaudit.audits.extraction import ExtractionPlan, ExtractionRequest, plan_extraction, run_extraction
from privaudit.audits.membership.plan import MembershipPlan, MembershipRequest, plan_membership
from privaudit.audits.membership.run import run_membership
from privaudit.data.canaries.manifest import Manifest, read_manifest
from privaudit.errors import UsageError
from privaudit.progress import SILENT, Progress
from privaudit.provenance import now, provenance, tool
from privaudit.results import Result
from privaudit.stopwatch import Stopwatch
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
    """Empty: membership; extraction where every canary was planted or a threshold speaks of it; epsilon where
    coins or runs allow it."""
    fail_if: tuple[str, ...] = ()
    on_inconclusive: gate.OnInconclusive = "4"
    seed: int = 0
    max_seconds: float | None = None
    """For all parts together."""
    argv: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)


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


def plan_audit(request: AuditRequest) -> AuditPlan:
    """Decide what runs, and plan it.

    Raises:
        PrivauditError: a part that was asked for, or that a threshold speaks of, cannot run.
    """
    thresholds = {text: gate.parse_threshold(text).family for text in request.fail_if}
    manifest = None if request.extraction is None else read_manifest(request.extraction.canaries)
    parts = request.parts or _default_parts(request, manifest, set(thresholds.values()))
    for text, family in thresholds.items():
        if family not in parts:
            raise UsageError("a threshold on what this audit measures", repr(text), _MENDS[family])
    if "extraction" in parts and request.extraction is None:
        raise UsageError("canaries for --part extraction", "none", _MENDS["extraction"])

    def own(part: Part) -> tuple[str, ...]:
        return tuple(text for text, family in thresholds.items() if family == part)

    membership, extraction, epsilon = None, None, None
    if "membership" in parts:
        asked = replace(request.membership, fail_if=own("membership"))
        membership = plan_membership(asked)
    if "extraction" in parts and request.extraction is not None:
        extraction = plan_extraction(replace(request.extraction, fail_if=own("extraction")))
    if "epsilon" in parts:
        asked_for = replace(request.epsilon, fail_if=own("epsilon"))
        if request.epsilon.runs is not None and manifest is not None and manifest.include != "coin":
            # NOTE: these canaries are for extraction; the runs have one of their own.
            asked_for = replace(asked_for, canaries=None)
        epsilon = plan_epsilon(asked_for)
    return AuditPlan(request, membership, extraction, epsilon)


def _default_parts(
    request: AuditRequest, manifest: Manifest | None, thresholds: Iterable[gate.Family]
) -> tuple[Part, ...]:
    coins = manifest is not None and manifest.include == "coin"
    wanted: set[Part] = {"membership", *thresholds}
    if manifest is not None and not coins:
        wanted.add("extraction")
    if coins or request.epsilon.runs is not None:
        wanted.add("epsilon")
    return tuple(part for part in PARTS if part in wanted)


def run_audit(plan: AuditPlan, progress: Progress = SILENT) -> AuditOutcome:
    """Run the parts one after another, and judge them together.

    Raises:
        ModelError: the model fails on the records or the canaries.
    """
    watch, seconds = Stopwatch(), plan.request.max_seconds
    deadline = None if seconds is None else monotonic() + seconds
    membership, extraction, epsilon = plan.membership, plan.extraction, plan.epsilon
    results: list[Result] = []
    evidence: dict[Part, Evidence] = {}
    comparable, tested = None, None
    if membership is not None:
        with watch.stage("membership"):
            own = replace(membership.request, max_seconds=_left(deadline))
            found = run_membership(replace(membership, request=own), progress)
        results.append(found.result)
        evidence["membership"], comparable = (found.signals, found.scores), found.comparable
    if extraction is not None:
        with watch.stage("extraction"):
            asked = replace(extraction.request, max_seconds=_left(deadline))
            extracted = run_extraction(replace(extraction, request=asked), progress)
        results.append(extracted.result)
        evidence["extraction"] = extracted.signals, extracted.scores
    if epsilon is not None:
        with watch.stage("epsilon"):
            wanted = replace(epsilon.request, max_seconds=_left(deadline))
            tested = run_epsilon(replace(epsilon, request=wanted), progress)
        evidence["epsilon"] = tested.signals, tested.scores
    return AuditOutcome(_together(plan, results, tested, comparable, watch), evidence, comparable)


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - monotonic())


def _together(
    plan: AuditPlan,
    results: Sequence[Result],
    tested: EpsilonOutcome | None,
    comparable: bool | None,
    watch: Stopwatch,
) -> Result:
    """One result: what each part found, and the verdict over all of them."""
    request, inputs = plan.request, plan.request.membership.inputs
    epsilon, missing = (None, ()) if tested is None else (tested.epsilon, tested.not_run)
    not_run = (*(item for result in results for item in result.not_run), *missing)
    judged = {t.expression: t for result in results for t in result.verdict.thresholds}
    for threshold in plan.epsilon.thresholds if plan.epsilon else ():
        judged[threshold.expression] = gate.evaluate(threshold, not_run=missing, epsilon=epsilon)
    verdict = gate.judge(
        [judged[text.strip()] for text in request.fail_if],
        comparable=comparable,
        not_run=not_run,
        epsilon=epsilon,
        on_inconclusive=request.on_inconclusive,
    )
    extracted = next((result for result in results if result.command == "extract"), None)
    shared: dict[str, object] = {
        "tool": tool(),
        "created": now(),
        "command": "audit",
        "claim": plan.epsilon.tested.claim if plan.epsilon else next((r.claim for r in results), None),
        "not_run": not_run,
        "epsilon": epsilon,
        "extraction": () if extracted is None else extracted.extraction,
        "extraction_summary": () if extracted is None else extracted.extraction_summary,
        "verdict": verdict,
        "provenance": provenance(
            request.argv,
            seed=request.seed,
            watch=watch,
            threads=inputs.threads,
            device=inputs.device,
            settings=request.settings,
        ),
        "warnings": tuple(_warnings(plan, results)),
    }
    if results:
        return results[0].model_copy(update=shared)
    if plan.epsilon is None:
        raise ValueError("an audit has at least one part")
    return Result.model_validate(
        {**shared, "model": describe_model(plan.epsilon), "data": describe_data(plan.epsilon)}
    )


def _warnings(plan: AuditPlan, results: Sequence[Result]) -> Iterator[str]:
    yield from dict.fromkeys(warning for result in results for warning in result.warnings)
    claim = next((result.claim for result in results), None)
    if plan.epsilon is None and claim is not None:
        yield (
            "The claimed privacy was not tested: plant canaries with --include coin, train, and give the "
            "manifest with --canaries; or give --runs N."
        )
