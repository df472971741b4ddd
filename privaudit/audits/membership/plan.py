"""The plan of a membership audit: frozen, and refused here if anything about it can be."""

from dataclasses import dataclass, field

from privaudit import gate
from privaudit.attacks.membership.selection import BEST_ATTACK, best_attack
from privaudit.attacks.membership.spec import Attack
from privaudit.audits.inputs import Inputs, OpenedInputs, open_inputs
from privaudit.audits.membership.collect import available, n_references, select_attacks
from privaudit.audits.reference_models import PlannedReferences, ReferenceRequest, plan_references
from privaudit.audits.run_options import RunOptions
from privaudit.results import Claim


@dataclass(frozen=True)
class MembershipRequest:
    """What the user asked ``privaudit mia`` for."""

    inputs: Inputs
    attacks: tuple[str, ...] = ()
    """Ids; empty means the default set, ``("all",)`` every attack that can run."""
    fail_if: tuple[str, ...] = ()
    on_inconclusive: gate.OnInconclusive = "4"
    accept_shift: bool = False
    show_texts: bool = False
    claim: Claim | None = None
    references: ReferenceRequest | None = None
    """None: no reference models."""
    run: RunOptions = field(default_factory=RunOptions)


@dataclass(frozen=True, eq=False)
class MembershipPlan:
    """What will be attacked, with what: everything that can be refused has been refused."""

    request: MembershipRequest
    opened: OpenedInputs
    attacks: tuple[Attack, ...]
    thresholds: tuple[gate.Threshold, ...]
    references: PlannedReferences | None = None


def plan_membership(request: MembershipRequest) -> MembershipPlan:
    """Open the model and the records and fix the attacks, before anything is computed.

    Raises:
        PrivauditError: a file, an attack or a threshold cannot be used.
    """
    thresholds = tuple(gate.parse_threshold(expression) for expression in request.fail_if)
    opened = open_inputs(request.inputs)
    planned = _planned_references(opened, request)
    signals = available(opened.source) | (planned.signals if planned else frozenset())
    count = planned.count if planned else n_references(opened.source)
    attacks = select_attacks(request.attacks, opened.access, signals, count)
    best = best_attack(opened.access, signals, count)
    thresholds = tuple(gate.with_alias(threshold, BEST_ATTACK, best) for threshold in thresholds)
    gate.check_attacks(thresholds, {"membership": [a.spec.id for a in attacks]}, "mia")
    references = planned.for_attacks(attacks) if planned else None
    return MembershipPlan(request, opened, attacks, thresholds, references)


def _planned_references(opened: OpenedInputs, request: MembershipRequest) -> PlannedReferences | None:
    if request.references is None:
        return None
    inputs = request.inputs
    return plan_references(opened, request.references, inputs.columns, inputs.device, request.run.seed)
