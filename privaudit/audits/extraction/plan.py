"""What will be asked of the model: everything that can be refused is refused before anything is computed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from privaudit import gate
from privaudit.attacks.extraction.calibration import Calibration
from privaudit.attacks.extraction.enumeration import LARGEST
from privaudit.attacks.extraction.ranking import Pool
from privaudit.attacks.extraction.registry import extraction_attacks, find_extraction_attack
from privaudit.attacks.extraction.spec import ExtractionAttack, Objective, SearchSettings, Surface
from privaudit.attacks.extraction.surfaces import open_surface
from privaudit.audits.canary_questions import CanaryGroup, questions_of, trained_with
from privaudit.audits.extraction.controls import (
    MOST_FILLINGS,
    ControlRequest,
    PlannedControls,
    plan_controls,
)
from privaudit.audits.inputs import Inputs, OpenedModel, open_model
from privaudit.data.canaries.manifest import Manifest, read_manifest
from privaudit.errors import UsageError

ENUMERATE = "enumerate"
DEFAULT = (ENUMERATE, "contrast")
"""The optimum of the objective, and the strongest reader of it (``attacks/contrast.md``)."""
WITHOUT_ENUMERATION = ("coordinate", "contrast")
"""The default where there are too many fillings to try them all."""
_MOST_CALIBRATED = {
    Calibration.REFERENCES: MOST_FILLINGS,
    Calibration.PREFIXES: LARGEST,
    Calibration.CONTRAST: LARGEST,
    Calibration.LEVERAGE: 100_000,
}
"""Fillings up to which each is computed: what controls are asked, what is enumerated, what fits in memory."""


@dataclass(frozen=True)
class ExtractionRequest:
    """What the user asked ``privaudit extract`` for."""

    inputs: Inputs
    canaries: Path
    """The manifest."""
    attacks: tuple[str, ...] = ()
    """Ids; empty means the default, ``("all",)`` every attack that can run."""
    objective: Objective = Objective.MARGIN
    calibration: Calibration = Calibration.NONE
    settings: SearchSettings = field(default_factory=SearchSettings)
    controls: ControlRequest | None = None
    """None: no clean controls."""
    fail_if: tuple[str, ...] = ()
    on_inconclusive: gate.OnInconclusive = "4"
    show_secrets: bool = False
    seed: int = 0
    max_seconds: float | None = None
    argv: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    """Options that did not keep their default, with where each value came from."""


@dataclass(frozen=True, eq=False)
class PlannedQuestion:
    """One space of fillings with what searches it."""

    question: CanaryGroup
    surface: Surface
    pool: Pool
    """What the secrets are ranked among."""
    attacks: tuple[ExtractionAttack, ...]


@dataclass(frozen=True, eq=False)
class ExtractionPlan:
    """What will be asked, with what."""

    request: ExtractionRequest
    opened: OpenedModel
    manifest: Manifest
    trained_with: bool
    """False for a clean control: no canary is in its training data."""
    questions: tuple[PlannedQuestion, ...]
    controls: PlannedControls | None
    thresholds: tuple[gate.Threshold, ...]

    @property
    def attacks(self) -> tuple[str, ...]:
        """Ids of all attacks that will run, sorted."""
        return tuple(sorted({attack.spec.id for asked in self.questions for attack in asked.attacks}))


def plan_extraction(request: ExtractionRequest) -> ExtractionPlan:
    """Open the model and the manifest and fix attacks, rankings and controls.

    Raises:
        PrivauditError: a file, an attack, a canary or a threshold cannot be used.
    """
    thresholds = tuple(gate.parse_threshold(expression) for expression in request.fail_if)
    _check_settings(request.settings)
    for attack in request.attacks:
        if attack != "all":
            find_extraction_attack(attack)
    manifest = read_manifest(request.canaries)
    opened = open_model(request.inputs)
    planted = trained_with(manifest, request.canaries, opened.data)
    questions = questions_of(manifest, opened.classifier.labels, trained_with=planted)
    controls = None
    if request.controls is not None:
        controls = plan_controls(opened, questions, request.controls, request.inputs, seed=request.seed)
    if request.calibration is Calibration.REFERENCES and controls is None:
        raise UsageError("clean controls for --calibrate references", "none", "Give --controls or --control")
    asked = tuple(
        _planned(request, opened, question, number, controls) for number, question in enumerate(questions)
    )
    plan = ExtractionPlan(request, opened, manifest, planted, asked, controls, thresholds)
    gate.check_attacks(thresholds, {"extraction": plan.attacks}, "extract")
    return plan


def _check_settings(settings: SearchSettings) -> None:
    for option, value in (
        ("--lr", settings.learning_rate),
        ("--temperature", settings.temperature),
        ("--final-temperature", settings.final_temperature),
    ):
        if value is not None and not 0 < value < math.inf:
            raise UsageError(f"{option} above 0", f"{value}", f"Change {option}")


def _planned(
    request: ExtractionRequest,
    opened: OpenedModel,
    question: CanaryGroup,
    number: int,
    controls: PlannedControls | None,
) -> PlannedQuestion:
    surface = open_surface(opened.classifier, question.template, device=request.inputs.device)
    if request.calibration is Calibration.REFERENCES and controls is not None:
        # NOTE: what is calibrated must be there for the controls too.
        pool = controls.pools[number]
    else:
        rng = np.random.default_rng(np.random.SeedSequence([request.seed, 0xF1, number]))
        pool = Pool.of(question.template, question.secrets, rng)
    return PlannedQuestion(question, surface, pool, _chosen(request, surface, pool, question))


def _chosen(
    request: ExtractionRequest, surface: Surface, pool: Pool, question: CanaryGroup
) -> tuple[ExtractionAttack, ...]:
    """The attacks on one question.

    Raises:
        UsageError: one that was asked for cannot run.
    """
    if request.calibration is not Calibration.NONE:
        return _calibrated(request, pool, question)
    attacks = extraction_attacks()
    possible = {name: attack for name, attack in attacks.items() if attack.applies(surface) is None}
    if not request.attacks:
        names: Sequence[str] = DEFAULT if ENUMERATE in possible else WITHOUT_ENUMERATION
    elif "all" in request.attacks:
        names = list(possible)
    else:
        names = list(dict.fromkeys(request.attacks))
    for name in names:
        reason = attacks[name].applies(surface)
        if reason is not None:
            raise UsageError(
                f"attacks that can run on {question.canaries[0].id}",
                f"{name}: {reason}",
                f"Drop --attack {name}",
            )
    return tuple(attacks[name] for name in names)


def _calibrated(
    request: ExtractionRequest, pool: Pool, question: CanaryGroup
) -> tuple[ExtractionAttack, ...]:
    few = pool.exact and question.template.n_fillings <= _MOST_CALIBRATED[request.calibration]
    if any(name not in (ENUMERATE, "all") for name in request.attacks) or not few:
        most = _MOST_CALIBRATED[request.calibration]
        raise UsageError(
            f"{ENUMERATE} over at most {most:,} fillings for --calibrate {request.calibration.value}",
            f"{', '.join(request.attacks) or ENUMERATE} over {question.template.n_fillings:.3g}",
            "Drop --calibrate, or the other attacks",
        )
    return (extraction_attacks()[ENUMERATE],)
