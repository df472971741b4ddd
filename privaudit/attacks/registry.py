"""Finds the attacks: every module in ``attacks/membership`` registers its own with the decorator."""

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache

from privaudit.attacks.interface import Attack, AttackSpec, Score
from privaudit.errors import UsageError

_REGISTERED: dict[str, Attack] = {}


def register(spec: AttackSpec) -> Callable[[Score], Score]:
    """Register the decorated score function under ``spec.id``.

    Raises:
        ValueError: another attack has the id already.
    """

    def wrap(score: Score) -> Score:
        if spec.id in _REGISTERED:
            raise ValueError(f"Attack id {spec.id!r} is registered twice.")
        _REGISTERED[spec.id] = Attack(spec, score)
        return score

    return wrap


@cache
def membership_attacks() -> dict[str, Attack]:
    """All membership attacks by id, sorted by id."""
    package = importlib.import_module("privaudit.attacks.membership")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(_REGISTERED.items()))


def find_attack(attack_id: str) -> Attack:
    """The attack with this id.

    Raises:
        UsageError: no attack has it.
    """
    attacks = membership_attacks()
    if attack_id not in attacks:
        raise UsageError(
            f"an attack id out of {', '.join(attacks)}",
            repr(attack_id),
            "See `privaudit attacks list`",
        )
    return attacks[attack_id]
