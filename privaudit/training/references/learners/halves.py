"""What a reference is trained on: its half of the pool, less its validation part for early stopping."""

from dataclasses import dataclass

import numpy as np

from privaudit.errors import DataError
from privaudit.targets.interface import Ints
from privaudit.training.references.plan import Bools, ReferenceOutput, ReferencePlan, Singles
from privaudit.training.seeds import SeedStream, derive, validation_part


@dataclass(frozen=True, eq=False)
class Half:
    """The records of one reference."""

    index: int
    seed: int
    """Of the reference: initialisation, data order, dropout and validation part follow from it."""
    train: Ints
    """Ascending positions in the pool that it is trained on."""
    validation: Ints
    """Ascending positions in the pool of its validation part; empty without early stopping."""


def reference_seed(plan: ReferencePlan, index: int) -> int:
    """The seed of reference ``index``, from a stream that no target draws from."""
    return derive(plan.seed, SeedStream.REFERENCE, index)


def half_of(plan: ReferencePlan, index: int, *, validation: float | None = None) -> Half:
    """The half of reference ``index``.

    Args:
        plan: its coins decide.
        index: of the reference.
        validation: share of the half to set aside, as for the target; None without early stopping.

    Raises:
        DataError: the half, or a part of it, has no record.
    """
    seed = reference_seed(plan, index)
    inside = plan.inside(index)
    aside = np.zeros_like(inside)
    if validation is not None:
        units = plan.pool.groups if plan.pool.groups is not None else range(len(plan.pool))
        aside = inside & validation_part(units, validation, seed)
    half = Half(index, seed, np.flatnonzero(inside & ~aside), np.flatnonzero(aside))
    if not len(half.train) or (validation is not None and not len(half.validation)):
        parts = "records to train on" + (" or to validate on" if validation is not None else "")
        raise DataError(
            f"{len(plan.pool)} records in {_units(plan)} groups leave reference {index} without {parts}",
            "Audit more records, or drop the reference models with --references 0",
        )
    return half


def inside_scored(plan: ReferencePlan, half: Half) -> Bools:
    """Which scored records ``[n]`` the reference was trained on; its validation part counts as outside."""
    inside = np.zeros(len(plan.scored), dtype=np.bool_)
    if plan.online:
        inside[half.train] = True
    return inside


def output_of(
    plan: ReferencePlan, half: Half, logits: Singles, extras: Singles | None = None
) -> ReferenceOutput:
    """The output of the reference of ``half``, of logits ``[n, C]`` and further signals ``[n, s]``."""
    return ReferenceOutput(half.index, inside_scored(plan, half), logits, extras)


def _units(plan: ReferencePlan) -> int:
    return len(plan.pool if plan.pool.groups is None else set(plan.pool.groups))
