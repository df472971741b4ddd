"""Attacks on several models of one plan: each in turn is the target, and the others are its references.

The models were trained on halves of the same records by independent coins, so each is as good a target as the
next one. What an attack reaches is averaged over them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from privaudit.attacks.membership.registry import find_attack
from privaudit.attacks.membership.selection import best_attack
from privaudit.attacks.membership.signals import PerReference, Signals
from privaudit.attacks.membership.spec import Attack, AttackContext, Signal
from privaudit.stats.auc import auc
from privaudit.stats.margins import logit_margins
from privaudit.stats.ranked import rank_scores
from privaudit.stats.rates import tpr_at_fpr
from privaudit.targets.interface import Access, Floats, Ints

Bools = NDArray[np.bool_]

BLOCKS = 20
"""Random blocks of records that are left out in turn, for the uncertainty that the models share."""


@dataclass(frozen=True, eq=False)
class ModelsOfOnePlan:
    """What K models say of the same n records."""

    logits: PerReference
    """K arrays ``[n, C]``."""
    inside: Bools
    """``[K, n]`` which model was trained on which record."""
    label: Ints
    """``[n]`` class indices."""
    extras: PerReference | None = None
    """K arrays ``[n, s]``; see :mod:`privaudit.training.references.extras`."""

    def __len__(self) -> int:
        return len(self.logits)


@dataclass(frozen=True, eq=False)
class Reached:
    """What one attack reached on each of K models."""

    attack: str
    n_references: int
    rates: Floats
    """``[K, 1 + F]`` the area, then the TPR at each FPR that was asked for; NaN below 10 expected false
    positives."""
    without_block: Floats
    """``[BLOCKS, 1 + F]`` their means over models when each of so many blocks of records is left out."""

    @property
    def auc(self) -> Floats:
        """``[K]``."""
        return self.rates[:, 0]


def attacks_for(n_models: int, *, extras: bool) -> tuple[Attack, ...]:
    """``loss``, with which a reader compares, and the best attack where there are references for it."""
    if n_models < 2:
        return (find_attack("loss"),)
    given = {Signal.REFERENCES, Signal.REFERENCES_IN} | ({Signal.REFERENCE_EXTRAS} if extras else set())
    return find_attack("loss"), find_attack(best_attack(Access.WEIGHTS, given, n_models - 1))


def leave_one_out(
    models: ModelsOfOnePlan, records: slice, attacks: Sequence[Attack], fprs: Sequence[float], seed: int
) -> tuple[Reached, ...]:
    """Mount every attack on every model, with the other models as its references.

    Args:
        models: K of them.
        records: the part of the n records that is attacked; other parts do not enter.
        attacks: those whose signals are there.
        fprs: false-positive rates at which to measure the TPR.
        seed: root seed.

    Returns:
        One per attack, in order. A model that an attack scores no member or no non-member of has NaN.
    """
    context = AttackContext(seed)
    found: list[list[Floats]] = [[] for _ in attacks]
    for signals in _targets(models, records):
        block = context.rng("blocks").permutation(len(signals)) % BLOCKS
        for rows, attack in zip(found, attacks, strict=True):
            score = attack.score(signals, context)
            kept = [block != b for b in range(-1, BLOCKS)]
            rows.append(np.array([_measure(score[k], signals.member[k], fprs) for k in kept]))
    return tuple(
        Reached(attack.spec.id, _n_references(attack, models), table[:, 0], table[:, 1:].mean(axis=0))
        for attack, table in zip(attacks, map(np.stack, found), strict=True)
    )


def margins_of(models: ModelsOfOnePlan, records: slice) -> Floats:
    """``[K, n']`` margins of some records under every model; one model at a time is in memory."""
    label = models.label[records]
    rows = [
        logit_margins(np.asarray(models.logits[k][records], dtype=np.float64), label)
        for k in range(len(models))
    ]
    return np.stack(rows)


def _targets(models: ModelsOfOnePlan, records: slice) -> Iterator[Signals]:
    """The signals of each model as the target."""
    margins, inside = margins_of(models, records), models.inside[:, records]
    n, extras = margins.shape[1], models.extras
    base = Signals(
        ids=[f"record:{i}" for i in range(n)],
        member=inside[0],
        label=models.label[records],
        target_logits=np.empty((0, 0)),
    )
    for k in range(len(models)):
        others = np.arange(len(models)) != k
        names = np.flatnonzero(others).tolist()
        yield replace(
            base,
            member=inside[k],
            target_logits=np.asarray(models.logits[k][records], dtype=np.float64),
            reference_logits=_Part(models.logits, names, records),
            reference_in=inside[others],
            reference_extras=None if extras is None else _Part(extras, names, records),
            target_extras=None if extras is None else extras[k][records],
            # NOTE: margins of K models once, in place of K - 1 models for each of K targets.
            cache={"margin": _frozen(margins[k]), "reference-margins": _frozen(margins[others])},
        )


@dataclass(frozen=True, eq=False)
class _Part:
    """The arrays of some models, cut to some records when one is asked for."""

    arrays: PerReference
    names: Sequence[int]
    records: slice

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> NDArray[np.floating]:
        return self.arrays[self.names[index]][self.records]


def _measure(score: Floats, member: Bools, fprs: Sequence[float]) -> tuple[float, ...]:
    scored = member[~np.isnan(score)]
    if not scored.any() or scored.all():
        return (np.nan,) * (1 + len(fprs))
    ranked = rank_scores(score, member)
    # NOTE: the interval of one model is not used, the spread over models is.
    rates = [tpr_at_fpr(ranked, fpr, 0.95).tpr for fpr in fprs]
    return (auc(ranked), *(np.nan if rate is None else rate for rate in rates))


def _n_references(attack: Attack, models: ModelsOfOnePlan) -> int:
    return len(models) - 1 if Signal.REFERENCES in attack.spec.needs else 0


def _frozen(values: Floats) -> Floats:
    copy = values.copy()
    copy.flags.writeable = False
    return copy
