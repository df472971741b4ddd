"""Whether luck explains what extraction found: of many random secrets, some look exposed on any model."""

from collections.abc import Sequence

from privaudit.gate.guessing import Guessing, best_of, hits_by_chance
from privaudit.results import Extraction

LEVEL = 0.025
"""Chance, on a model that kept nothing, of exceeding one limit: that of one end of a 95 % interval."""


def exposures_by_chance(planted: Sequence[Extraction]) -> list[float]:
    """p-value of each row's rank on a model that kept nothing; 1 where its rank is unknown.

    The smaller of two, times two: the rank as the best of all planted canaries, and how many of them rank
    first. One secret that leaks shows in the first, several that leak a little in the second.

    Args:
        planted: every row that the limit covers, of all attacks: they rank a canary once.
    """
    canaries, first = n_canaries(planted), _first_by_chance(planted)
    ranks = [_rank_by_chance(row) for row in planted]
    return [1.0 if p is None else best_of(min(best_of(p, canaries), first), 2) for p in ranks]


def _rank_by_chance(row: Extraction) -> float | None:
    """p-value of one rank by itself; older results do not state it."""
    if row.p_value is None and row.rank is not None and row.n_ranked:
        return row.rank / row.n_ranked
    return row.p_value


def _first_by_chance(planted: Sequence[Extraction]) -> float:
    """p-value of as many canaries that rank first among all fillings; 1 where only samples were ranked."""
    rows = [row for row in planted if row.attack == planted[0].attack]
    if not all(row.rank_exact and row.group is not None for row in rows):
        return 1.0
    return hits_by_chance(_groups(rows, exhaustive=True), sum(row.rank == 1 for row in rows))


def n_canaries(planted: Sequence[Extraction]) -> int:
    """How many canaries the rows are about."""
    return len({row.canary for row in planted})


def hits_by_guessing(planted: Sequence[Extraction], hits: int) -> float:
    """p-value of ``hits`` canaries recovered exactly, by any attack that the limit covers.

    Attacks that evaluated every filling give the same answers, which counts as one guess per canary;
    otherwise every attack is one.

    Args:
        planted: every row that the limit covers.
        hits: canaries that any of them recovered.
    """
    exhaustive = all(row.complete and row.group is not None for row in planted)
    attacks = [planted[0].attack] if exhaustive else dict.fromkeys(row.attack for row in planted)
    groups = [
        guessing
        for attack in attacks
        for guessing in _groups([row for row in planted if row.attack == attack], exhaustive)
    ]
    return hits_by_chance(groups, hits)


def _groups(rows: Sequence[Extraction], exhaustive: bool) -> list[Guessing]:
    """Canaries that share their candidates; older results do not say, so each stands alone."""
    sizes: dict[object, list[int]] = {}
    for row in rows:
        sizes.setdefault(row.canary if row.group is None else row.group, []).append(_answers(row))
    return [Guessing(len(left), min(left) + len(left) - 1, exhaustive) for left in sizes.values()]


def _answers(row: Extraction) -> int:
    """Fillings that could be the attack's answer: all but the other planted secrets."""
    if row.answers is not None:
        return row.answers
    return row.n_ranked if row.rank_exact and row.n_ranked else row.candidates
