"""Finds the extraction attacks: every module in ``attacks/extraction`` registers its own."""

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache

from privaudit.attacks.inversion.interface import (
    ExtractionAttack,
    ExtractionSpec,
    Search,
    SoftSurface,
    Surface,
)
from privaudit.errors import UsageError

_REGISTERED: dict[str, ExtractionAttack] = {}


def always(surface: Surface) -> str | None:
    """For attacks that only need the logits of texts."""
    del surface
    return None


def needs_mixtures(surface: Surface) -> str | None:
    """For attacks that differentiate through mixtures of candidates."""
    if isinstance(surface, SoftSurface):
        return None
    return "it needs the word vectors of the model, and its format or the template's tokens do not give them"


def register(
    spec: ExtractionSpec, applies: Callable[[Surface], str | None] = always
) -> Callable[[Search], Search]:
    """Register the decorated search under ``spec.id``.

    Raises:
        ValueError: another attack has the id already.
    """

    def wrap(search: Search) -> Search:
        if spec.id in _REGISTERED:
            raise ValueError(f"Extraction attack id {spec.id!r} is registered twice.")
        _REGISTERED[spec.id] = ExtractionAttack(spec, search, applies)
        return search

    return wrap


@cache
def extraction_attacks() -> dict[str, ExtractionAttack]:
    """All extraction attacks by id, sorted by id."""
    package = importlib.import_module("privaudit.attacks.extraction")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(_REGISTERED.items()))


def find_extraction_attack(attack_id: str) -> ExtractionAttack:
    """The extraction attack with this id.

    Raises:
        UsageError: no extraction attack has it.
    """
    attacks = extraction_attacks()
    if attack_id not in attacks:
        raise UsageError(
            f"an extraction attack out of {', '.join(attacks)}",
            repr(attack_id),
            "See `privaudit attacks list`",
        )
    return attacks[attack_id]
