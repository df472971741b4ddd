"""What will be asked of the model: everything that can be refused is refused before anything is computed."""

import math
from collections.abc import Sequence
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
from privaudit.audits.canary_groups import CanaryGroup, canary_groups_of, trained_with
from privaudit.audits.extraction.controls import (
    MOST_FILLINGS,
    ControlRequest,
    PlannedControls,
    plan_controls,
)
from privaudit.audits.inputs import Inputs, OpenedModel, open_model
from privaudit.audits.run_options import RunOptions
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
    run: RunOptions = field(default_factory=RunOptions)


@dataclass(frozen=True, eq=False)
class PlannedGroup:
    """One space of fillings with what searches it."""

    group: CanaryGroup
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
    groups: tuple[PlannedGroup, ...]
    controls: PlannedControls | None
    thresholds: tuple[gate.Threshold, ...]

    @property
    def attacks(self) -> tuple[str, ...]:
        """Ids of all attacks that will run, sorted."""
        return tuple(sorted({attack.spec.id for asked in self.groups for attack in asked.attacks}))


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
    groups = canary_groups_of(manifest, opened.classifier.labels, trained_with=planted)
    controls = None
    if request.controls is not None:
        controls = plan_controls(opened, groups, request.controls, request.inputs, seed=request.run.seed)
    if request.calibration is Calibration.REFERENCES and controls is None:
        raise UsageError("--calibrate references needs clean controls", "Give --controls or --control")
    asked = tuple(_planned(request, opened, group, number, controls) for number, group in enumerate(groups))
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
            raise UsageError(f"{option} {value} is not a finite number above 0", f"Change {option}")


def _planned(
    request: ExtractionRequest,
    opened: OpenedModel,
    group: CanaryGroup,
    number: int,
    controls: PlannedControls | None,
) -> PlannedGroup:
    surface = open_surface(opened.classifier, group.template, device=request.inputs.device)
    if request.calibration is Calibration.REFERENCES and controls is not None:
        # NOTE: what is calibrated must be there for the controls too.
        pool = controls.pools[number]
    else:
        rng = np.random.default_rng(np.random.SeedSequence([request.run.seed, 0xF1, number]))
        pool = Pool.of(group.template, group.secrets, rng)
    return PlannedGroup(group, surface, pool, _chosen(request, surface, pool, group))


def _chosen(
    request: ExtractionRequest, surface: Surface, pool: Pool, group: CanaryGroup
) -> tuple[ExtractionAttack, ...]:
    """The attacks on one group.

    Raises:
        UsageError: one that was asked for cannot run.
    """
    if request.calibration is not Calibration.NONE:
        return _calibrated(request, pool, group)
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
                f"Attack {name} cannot run on {group.canaries[0].id}: {reason}", f"Drop --attack {name}"
            )
    return tuple(attacks[name] for name in names)


def _calibrated(request: ExtractionRequest, pool: Pool, group: CanaryGroup) -> tuple[ExtractionAttack, ...]:
    kind, most = request.calibration, _MOST_CALIBRATED[request.calibration]
    few = pool.exact and group.template.n_fillings <= most
    if any(name not in (ENUMERATE, "all") for name in request.attacks) or not few:
        asked = ", ".join(request.attacks) or ENUMERATE
        raise UsageError(
            f"--calibrate {kind.value} needs {ENUMERATE} alone, over at most {most:,} fillings, not "
            f"{asked} over {group.template.n_fillings:.3g}",
            "Drop --calibrate, or the other attacks",
        )
    return (extraction_attacks()[ENUMERATE],)
