"""What will be tested, on what: everything that can be refused is refused before anything is computed."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from privaudit import gate
from privaudit.audits.epsilon.canaries import CoinCanaries, coin_canaries
from privaudit.audits.epsilon.claim import AuditedClaim, audited_claim
from privaudit.audits.epsilon.design_power import DesignPower, many_runs_power, one_run_power
from privaudit.audits.epsilon.recipes import CanarySpec, coin_control, coin_models, planted_control
from privaudit.audits.inputs import Inputs, OpenedModel, open_model, unknown_recipe
from privaudit.audits.run_options import RunOptions
from privaudit.claim_test.hypothesis import Hypothesis, hypothesis_of
from privaudit.errors import UsageError
from privaudit.results import Claim
from privaudit.targets.interface import TextClassifier
from privaudit.training.bundle_data import RecordUse
from privaudit.training.references.plan import Population, ReferencePlan

if TYPE_CHECKING:
    from privaudit.training.references.backends.interface import Backend

FEWEST_RUNS, MOST_RUNS = 20, 100_000
MOST_CONTROL_RUNS = 100
"""Models of the positive control of many runs, unless more are asked for."""


@dataclass(frozen=True)
class EpsilonRequest:
    """What the user asked of the test of a claim."""

    inputs: Inputs
    store: Path
    """Folder of the store in which trained models are kept."""
    backend: "Backend"
    canaries: Path | None = None
    """The manifest of canaries with coins, for one run."""
    runs: int | None = None
    """Models to train with one canary by a coin each; None tests the audited model by its manifest."""
    canary_spec: CanarySpec = field(default_factory=CanarySpec)
    """The canary of many runs."""
    claim: Claim | None = None
    """In place of the one in the model's file."""
    control_runs: int | None = None
    """Models of the positive control; None: 1 for one run, as many as ``runs`` up to
    :data:`MOST_CONTROL_RUNS` for many, and none where training takes long."""
    threshold: float | None = None
    """Score from which on a model of many runs is called in, for the bound of Clopper and Pearson; it must be
    fixed before the scores are seen. None leaves that bound out."""
    fail_if: tuple[str, ...] = ()
    run: RunOptions = field(default_factory=RunOptions)


@dataclass(frozen=True, eq=False)
class Positive:
    """The positive control: models without privacy, which the test must find out."""

    plan: ReferencePlan | None
    count: int
    reason: str = ""
    """Why ``plan`` is None."""


@dataclass(frozen=True, eq=False)
class OneRunDesign:
    """m canaries with coins in the audited model."""

    canaries: CoinCanaries
    before: TextClassifier | None
    """The model as it was before training; None if its recipe is unknown."""
    positive: Positive


@dataclass(frozen=True, eq=False)
class ManyRunDesign:
    """Models with one canary by a coin each."""

    models: ReferencePlan
    count: int
    positive: Positive

    @property
    def canary(self) -> Population:
        """The one text with its class."""
        return self.models.scored


@dataclass(frozen=True, eq=False)
class EpsilonPlan:
    """What will be tested."""

    request: EpsilonRequest
    opened: OpenedModel
    tested: AuditedClaim
    design: OneRunDesign | ManyRunDesign
    thresholds: tuple[gate.Threshold, ...]

    @cached_property
    def hypothesis(self) -> Hypothesis:
        """What the claim allows a canary with all its copies."""
        copies = self.design.canaries.repetitions if isinstance(self.design, OneRunDesign) else 1
        return hypothesis_of(self.tested.claim, self.tested.delta, copies)

    @cached_property
    def power(self) -> DesignPower:
        """The test, fixed before any score is seen."""
        if isinstance(self.design, OneRunDesign):
            return one_run_power(self.hypothesis, len(self.design.canaries))
        return many_runs_power(self.hypothesis, self.design.count, self.request.run.seed)

    @property
    def n_records(self) -> int | None:
        """Records that a model is trained on, its canaries included; None if unknown."""
        if isinstance(self.design, ManyRunDesign):
            return len(self.design.models.pool) + 1
        data = self.opened.data
        return None if data is None else len(data.members) + len(data.positions(RecordUse.CANARY))

    @property
    def bounds(self) -> tuple[str, ...]:
        """Methods of the lower bounds that there will be."""
        if isinstance(self.design, OneRunDesign):
            free, family = ("steinke",), "mahloujifar"
        else:
            free, family = ("rank-test-epsilon-delta",), "rank-test"
        own = () if self.tested.mechanism is None else (f"{family}-mechanism",)
        fixed = () if self.request.threshold is None else ("clopper-pearson",)
        return (*free, f"{family}-gaussian", *own, *fixed)


def plan_epsilon(request: EpsilonRequest) -> EpsilonPlan:
    """Open the model, its canaries and its claim, and fix every model that will be trained.

    Raises:
        PrivauditError: a file, the claim, the canaries or a threshold cannot be used for a valid test.
    """
    thresholds = tuple(gate.parse_threshold(expression) for expression in request.fail_if)
    if (request.runs is None) == (request.canaries is None):
        raise UsageError(
            "Neither --canaries nor --runs was given"
            if request.runs is None
            else "--canaries and --runs were both given",
            "Give one of them: --canaries MANIFEST (planted with --include coin), or --runs N",
        )
    opened = open_model(request.inputs)
    tested = audited_claim(request.claim, opened.claim)
    design = _many_runs(request, opened) if request.canaries is None else _one_run(request, opened)
    plan = EpsilonPlan(request, opened, tested, design, thresholds)
    gate.check_attacks(thresholds, {"epsilon": plan.bounds}, "audit")
    return plan


def _one_run(request: EpsilonRequest, opened: OpenedModel) -> OneRunDesign:
    if request.canaries is None:
        raise ValueError("one run rests on a manifest")
    if request.control_runs is not None and request.control_runs not in (0, 1):
        raise UsageError(
            f"--control-runs {request.control_runs} is not 0 or 1, as one run needs",
            "Change it, or give --runs",
        )
    canaries = coin_canaries(request.canaries, opened.data, opened.classifier.labels)
    return OneRunDesign(canaries, _untrained(request, opened), _one_control(request, opened, canaries))


def _one_control(request: EpsilonRequest, opened: OpenedModel, canaries: CoinCanaries) -> Positive:
    if opened.data is None or opened.trained_by is None:
        if request.control_runs:
            raise _unknown_recipe(opened)
        return Positive(None, 0, "the model does not say how it was trained")
    recipe = opened.trained_by.recipe
    if request.control_runs == 0:
        return Positive(None, 0, "--control-runs 0")
    if recipe.architecture == "hf" and request.control_runs is None:
        return Positive(None, 0, "fine-tuning again is slow; ask for it with --control-runs 1")
    texts = Population(canaries.texts, canaries.labels, len(opened.classifier.labels))
    plan = planted_control(opened, opened.data, recipe, texts, request.inputs, request.run.seed)
    return Positive(plan, 1)


def _many_runs(request: EpsilonRequest, opened: OpenedModel) -> ManyRunDesign:
    runs, asked = request.runs or 0, request.control_runs
    if not FEWEST_RUNS <= runs <= MOST_RUNS:
        raise UsageError(f"--runs {runs:,} is not between {FEWEST_RUNS} and {MOST_RUNS:,}", "Change --runs")
    if opened.data is None or opened.trained_by is None:
        raise _unknown_recipe(opened)
    if asked is not None and 0 < asked < FEWEST_RUNS:
        raise UsageError(
            f"--control-runs {asked} is too few; the control needs {FEWEST_RUNS} or more, or 0 for none",
            "Change --control-runs",
        )
    recipe = opened.trained_by.recipe
    models = coin_models(opened, opened.data, recipe, request.canary_spec, request.inputs, request.run.seed)
    count = min(runs, MOST_CONTROL_RUNS) if asked is None else asked
    if count == 0:
        return ManyRunDesign(models, runs, Positive(None, 0, "--control-runs 0"))
    if recipe.architecture == "hf" and asked is None:
        reason = "fine-tuning so many models is slow; ask for it with --control-runs N"
        return ManyRunDesign(models, runs, Positive(None, 0, reason))
    return ManyRunDesign(models, runs, Positive(coin_control(models), count))


def _unknown_recipe(opened: OpenedModel) -> UsageError:
    mend = "Audit a bundle, or use canaries with coins and --control-runs 0"
    return unknown_recipe(opened.classifier.info, mend)


def _untrained(request: EpsilonRequest, opened: OpenedModel) -> TextClassifier | None:
    """The model that training began with; None if unknown, or if its pretrained encoder is gone."""
    if opened.trained_by is None:
        return None
    recipe, device = opened.trained_by.recipe, request.inputs.device
    if recipe.architecture == "hf":
        from privaudit.training.hf import before_training

        there = recipe.pretrained is not None and Path(recipe.pretrained).is_dir()
        return before_training(recipe, opened.classifier.labels, device=device) if there else None
    from privaudit.training.bundle import bundle_classifier, load_bundle
    from privaudit.training.untrained import untrained

    model = request.inputs.model
    return bundle_classifier(untrained(load_bundle(model)), model, device)
