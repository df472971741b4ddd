"""Finds the extraction attacks: every module in ``attacks/extraction`` registers its own."""

from collections.abc import Callable

from privaudit.attacks.catalogue import Catalogue
from privaudit.attacks.extraction.spec import ExtractionAttack, ExtractionSpec, Search, SoftSurface, Surface

_ATTACKS: Catalogue[ExtractionAttack] = Catalogue("privaudit.attacks.extraction.attacks", "extraction attack")


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
        _ATTACKS.add(spec.id, ExtractionAttack(spec, search, applies))
        return search

    return wrap


def extraction_attacks() -> dict[str, ExtractionAttack]:
    """All extraction attacks by id, sorted by id."""
    return _ATTACKS.all()


def find_extraction_attack(attack_id: str) -> ExtractionAttack:
    """The extraction attack with this id.

    Raises:
        UsageError: no extraction attack has it.
    """
    return _ATTACKS.find(attack_id)
