"""From a model to signals: what it can give, which attacks that allows, and one shared pass to collect it."""

from collections.abc import Sequence

from privaudit.attacks.membership.registry import find_attack, membership_attacks
from privaudit.attacks.membership.selection import BEST_ATTACK, best_attack, default_with_references
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import Attack, Signal
from privaudit.audits.inputs import OpenedInputs
from privaudit.audits.membership.queries import Queries
from privaudit.errors import UsageError
from privaudit.progress import SILENT, Progress
from privaudit.stopwatch import NO_DEADLINE, Deadline
from privaudit.targets.interface import (
    Access,
    HasFeatures,
    HasGradients,
    HasVocabulary,
    Head,
    Ints,
    Outputs,
    ScoreTable,
    TextClassifier,
)

EVERY_ATTACK = "all"
"""Asks for every attack that can run, default or not."""

_IN_WORDS = {
    Signal.FEATURES: "the inputs of a linear last layer",
    Signal.GRADIENT_NORMS: "gradients",
    Signal.UNKNOWN_WORDS: "a list of known words",
    Signal.LABEL_ROBUSTNESS: "answers to further queries",
    Signal.NEIGHBOUR_LOSSES: "answers to further queries",
    Signal.REFERENCES: "reference models",
    Signal.REFERENCES_IN: "reference models that were trained on some of the records",
    Signal.REFERENCE_EXTRAS: "gradient norms and answers to damaged copies from the reference models",
}


def available(source: TextClassifier | ScoreTable) -> frozenset[Signal]:
    """The signals that can be had beside logits and labels."""
    if isinstance(source, ScoreTable):
        return _references_of(source)
    found = {Signal.LABEL_ROBUSTNESS, Signal.NEIGHBOUR_LOSSES}
    if isinstance(source, HasFeatures) and source.head() is not None:
        found.add(Signal.FEATURES)
    if isinstance(source, HasGradients):
        found.add(Signal.GRADIENT_NORMS)
    if isinstance(source, HasVocabulary):
        found.add(Signal.UNKNOWN_WORDS)
    return frozenset(found)


def n_references(source: TextClassifier | ScoreTable) -> int:
    """How many reference models the model comes with: those of a score table."""
    logits = source.reference_logits if isinstance(source, ScoreTable) else None
    return 0 if logits is None else len(logits)


def _references_of(table: ScoreTable) -> frozenset[Signal]:
    logits, inside = table.reference_logits, table.reference_in
    if logits is None or inside is None or not len(logits):
        return frozenset()
    return frozenset({Signal.REFERENCES, *({Signal.REFERENCES_IN} if inside.any() else ())})


def select_attacks(
    requested: Sequence[str] | None, access: Access, signals: frozenset[Signal], n_references: int = 0
) -> tuple[Attack, ...]:
    """The attacks to run.

    Args:
        requested: attack ids, in the order in which to run them; ``all`` stands for every attack that can
            run, ``best`` for the one that :func:`best_attack` names. None or nothing asks for the default
            set of :mod:`privaudit.attacks.membership.selection`, without what access and signals do not
            allow, or, where these allow no default attack (a model that gives labels alone), every attack
            that they do allow.
        access: the most that the model gives.
        signals: what can be collected (:func:`available`), with ``REFERENCES`` where reference models are
            planned, ``REFERENCES_IN`` where they are trained on some of the audited records, and
            ``REFERENCE_EXTRAS`` where those are kept.
        n_references: how many there are or will be.

    Raises:
        UsageError: an id is unknown, or an attack that was named cannot run on this model.
    """
    possible = tuple(a for a in membership_attacks().values() if _lacks(a, access, signals) is None)
    if not requested:
        return _default_set(possible, access, signals, n_references) or possible
    chosen: dict[str, Attack] = {}
    for name in requested:
        attack_id = best_attack(access, signals, n_references) if name == BEST_ATTACK else name
        named = possible if attack_id == EVERY_ATTACK else (_possible(attack_id, access, signals),)
        chosen |= {attack.spec.id: attack for attack in named}
    return tuple(chosen.values())


def _default_set(
    possible: Sequence[Attack], access: Access, signals: frozenset[Signal], n_references: int
) -> tuple[Attack, ...]:
    if not n_references or Signal.REFERENCES not in signals:
        return tuple(a for a in possible if a.spec.default and Signal.REFERENCES not in a.spec.needs)
    default = default_with_references(access, signals, n_references)
    return tuple(a for a in possible if a.spec.id in default)


def collect(
    opened: OpenedInputs,
    attacks: Sequence[Attack],
    *,
    seed: int,
    progress: Progress = SILENT,
    deadline: Deadline = NO_DEADLINE,
) -> Signals:
    """What ``attacks`` read: one pass over the texts, and further queries for the attacks that need them.

    Args:
        opened: the model, which must give the attacks' signals (:func:`available`), and the records. With the
            seed their ids fix every perturbation. A score table's signals are all that it will ever give.
        attacks: what will be scored.
        seed: root seed of the audit.
        progress: told of each task and of every record.
        deadline: ends the further queries, between two chunks. A signal that was not complete by then stays
            None: the records that it had reached are no fair sample. :func:`scorable` says which attacks
            remain.

    Raises:
        ModelError: the model fails on the texts.
    """
    target, records = opened.source, opened.audit_set.records
    if isinstance(target, ScoreTable):
        return signals_from_table(target)
    needs = frozenset[Signal]().union(*(attack.spec.needs for attack in attacks))
    outputs = target.outputs(records.texts, features=Signal.FEATURES in needs, progress=progress)
    unknown, words = _unknown_words(target, records.texts) if Signal.UNKNOWN_WORDS in needs else (None, None)
    queries = Queries(target, records.ids, records.texts, opened.label, seed, progress, deadline)
    return Signals(
        ids=records.ids,
        member=opened.member,
        label=opened.label,
        target_logits=outputs.logits,
        groups=records.groups,
        features=outputs.features,
        head=_head(target, outputs) if Signal.FEATURES in needs else None,
        gradient_norms=queries.gradient_norms() if Signal.GRADIENT_NORMS in needs else None,
        unknown_words=unknown,
        word_counts=words,
        label_robustness=queries.label_robustness() if Signal.LABEL_ROBUSTNESS in needs else None,
        neighbour_losses=queries.neighbour_losses() if Signal.NEIGHBOUR_LOSSES in needs else None,
    )


def signals_from_table(table: ScoreTable) -> Signals:
    """The signals of a score table, which are all that it will ever give."""
    with_references = bool(_references_of(table))
    return Signals(
        ids=table.ids,
        member=table.member,
        label=table.label,
        target_logits=table.logits,
        groups=table.groups,
        reference_logits=table.reference_logits if with_references else None,
        reference_in=table.reference_in if with_references else None,
    )


def scorable(attacks: Sequence[Attack], signals: Signals) -> tuple[tuple[Attack, ...], tuple[Attack, ...]]:
    """The attacks whose signals are there, and those whose signals the deadline cut off."""
    values = {
        Signal.FEATURES: signals.features,
        Signal.GRADIENT_NORMS: signals.gradient_norms,
        Signal.UNKNOWN_WORDS: signals.unknown_words,
        Signal.LABEL_ROBUSTNESS: signals.label_robustness,
        Signal.NEIGHBOUR_LOSSES: signals.neighbour_losses,
        Signal.REFERENCES: signals.reference_logits,
        Signal.REFERENCES_IN: signals.reference_in,
        Signal.REFERENCE_EXTRAS: signals.reference_extras,
    }
    present = {signal for signal, value in values.items() if value is not None}
    ready = tuple(attack for attack in attacks if attack.spec.needs <= present)
    return ready, tuple(attack for attack in attacks if attack not in ready)


def _possible(attack_id: str, access: Access, signals: frozenset[Signal]) -> Attack:
    attack = find_attack(attack_id)
    if (lacking := _lacks(attack, access, signals)) is not None:
        raise UsageError(
            f"Attack {attack_id} needs {lacking}, which this model ({access} access) does not give",
            f"Leave --attack {attack_id} out, or give the model in a format that has it",
        )
    return attack


def _lacks(attack: Attack, access: Access, signals: frozenset[Signal]) -> str | None:
    """What the attack needs and the model does not give, in words; None if nothing."""
    missing = sorted({_IN_WORDS[signal] for signal in attack.spec.needs - signals})
    if not access.allows(attack.spec.access):
        missing.insert(0, f"{attack.spec.access} access")
    return " and ".join(missing) or None


def _head(target: TextClassifier, outputs: Outputs) -> Head:
    head = target.head() if isinstance(target, HasFeatures) else None
    if head is None or outputs.features is None:
        raise ValueError("This target gives no features; available() says so.")
    return head


def _unknown_words(target: TextClassifier, texts: Sequence[str]) -> tuple[Ints, Ints]:
    if not isinstance(target, HasVocabulary):
        raise ValueError("This target gives no list of known words; available() says so.")
    return target.unknown_words(texts)
