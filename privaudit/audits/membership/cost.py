"""What a planned audit will cost, from counts and a short probe of the model itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from privaudit.attacks.membership.perturbations import COPIES
from privaudit.attacks.membership.spec import Attack, AttackSpec, Signal
from privaudit.audits.inputs import OpenedInputs
from privaudit.stopwatch import Stopwatch
from privaudit.targets.interface import HasGradients, ScoreTable

_PROBED = 128
_SCORE_BYTES = 8


@dataclass(frozen=True)
class AuditCost:
    """What the model and the machine will have to do."""

    records: int
    inferences: int
    """Texts that the model must classify: records and their perturbed copies."""
    backward_passes: int
    memory_bytes: int
    """Of logits, features and scores; the model and one batch come on top."""
    seconds: float | None
    """Extrapolated from a probe of up to 128 records; None for a score table, which costs no inference."""


@dataclass(frozen=True)
class PerRecord:
    """What an attacker needs of the attacked model for one record; references cost the same each."""

    queries: int
    """Texts put to the model: the record and its perturbed copies."""
    backward_passes: int


def per_record(spec: AttackSpec) -> PerRecord:
    """The cost of one attack alone, whatever else shares its queries."""
    copied = {Signal.LABEL_ROBUSTNESS, Signal.NEIGHBOUR_LOSSES, Signal.REFERENCE_EXTRAS} & spec.needs
    backward = {Signal.GRADIENT_NORMS, Signal.REFERENCE_EXTRAS} & spec.needs
    return PerRecord(1 + COPIES * len(copied), int(bool(backward)))


def estimate(opened: OpenedInputs, attacks: Sequence[Attack]) -> AuditCost:
    """Count the work and time a probe.

    Args:
        opened: the opened model and records.
        attacks: what is planned.

    Raises:
        ModelError: the model fails on the records.
    """
    needs = frozenset[Signal]().union(*(attack.spec.needs for attack in attacks))
    n = len(opened.member)
    copied = sum(COPIES for signal in (Signal.LABEL_ROBUSTNESS, Signal.NEIGHBOUR_LOSSES) if signal in needs)
    inferences = 0 if isinstance(opened.source, ScoreTable) else n * (1 + copied)
    backward = n if Signal.GRADIENT_NORMS in needs else 0
    columns = len(opened.labels) + len(attacks)
    return AuditCost(
        n, inferences, backward, n * columns * _SCORE_BYTES, _probe(opened, inferences, backward)
    )


def _probe(opened: OpenedInputs, inferences: int, backward: int) -> float | None:
    if isinstance(opened.source, ScoreTable):
        return None
    step = max(1, len(opened.member) // _PROBED)
    texts, label = opened.audit_set.records.texts[::step], opened.label[::step]
    opened.source.outputs(texts[:1])  # The first call pays for lazy initialisation.
    watch = Stopwatch()
    opened.source.outputs(texts)
    seconds = watch.seconds / len(texts) * inferences
    if backward and isinstance(opened.source, HasGradients):
        watch = Stopwatch()
        opened.source.gradient_norms(texts[:16], label[:16])
        seconds += watch.seconds / len(texts[:16]) * backward
    return seconds
