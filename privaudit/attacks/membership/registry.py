"""Finds the attacks: every module in ``attacks/membership`` registers its own with the decorator."""

from collections.abc import Callable

from privaudit.attacks.catalogue import Catalogue
from privaudit.attacks.membership.spec import Attack, AttackSpec, Score

_ATTACKS: Catalogue[Attack] = Catalogue("privaudit.attacks.membership.attacks", "attack")


def register(spec: AttackSpec) -> Callable[[Score], Score]:
    """Register the decorated score function under ``spec.id``.

    Raises:
        ValueError: another attack has the id already.
    """

    def wrap(score: Score) -> Score:
        _ATTACKS.add(spec.id, Attack(spec, score))
        return score

    return wrap


def membership_attacks() -> dict[str, Attack]:
    """All membership attacks by id, sorted by id."""
    return _ATTACKS.all()


def find_attack(attack_id: str) -> Attack:
    """The attack with this id.

    Raises:
        UsageError: no attack has it.
    """
    return _ATTACKS.find(attack_id)
