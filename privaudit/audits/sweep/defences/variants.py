"""Defences against memorisation that a recipe can switch on, each by itself and together.

Those that Parikh, Dupuy and Gupta tried against canary extraction (ACL 2022, arXiv 2203.13920): dropout,
early stopping, and character embeddings beside the word embeddings; and differential privacy, ``dp:EPSILON``.
A defence is a name for a change of the recipe; whatever else is to be compared takes the same form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from privaudit.errors import UsageError
from privaudit.training.private.claim import PrivacyRequest, checked_delta, private_recipe
from privaudit.training.recipe import Recipe


class Defence(StrEnum):
    """One defence, or a fixed set of them."""

    NONE = "none"
    """The recipe as given."""
    DROPOUT = "dropout"
    """Every second unit is dropped."""
    EARLY_STOPPING = "early-stopping"
    """A tenth of the records is set aside and watched; copies of a canary never are."""
    CHAR_EMBEDDINGS = "char-embeddings"
    """A word's vector is its row of the table joined with a vector of its spelling."""
    ALL = "all"
    """The three together."""


_CHANGES: Mapping[Defence, Mapping[str, object]] = {
    Defence.DROPOUT: {"dropout": 0.5},
    Defence.EARLY_STOPPING: {"early_stopping": True, "validation": 0.1},
    Defence.CHAR_EMBEDDINGS: {"embeddings": "both"},
}
_MEND = "Correct --defences"
_PRIVATE = "dp:"


@dataclass(frozen=True)
class Variant:
    """A recipe with defences."""

    name: str
    """As it was asked for."""
    changes: Mapping[str, object]
    """Fields of the recipe and their new values; none for the recipe as given."""
    recipe: Recipe
    """With the changes."""
    epsilon: float | None = None
    """That was asked for; None without differential privacy."""
    delta: float | None = None
    """At which it holds."""

    @property
    def combines_all(self) -> bool:
        """Whether every defence is on."""
        return all(change.items() <= self.changes.items() for change in _CHANGES.values())


def parse_defences(
    text: str, recipe: Recipe, *, n: int | None = None, delta: float | None = None
) -> tuple[Variant, ...]:
    """The recipe under each of the defences, in the order of ``text``.

    ``dp:EPSILON`` trains with differential privacy; fields of the recipe that still have their ordinary
    default take the one for private training.

    Args:
        text: names separated by commas; ``dropout+early-stopping`` combines.
        recipe: what the defences change.
        n: number of training records; without it there is no ``dp:EPSILON``.
        delta: of ``dp:EPSILON``; see :func:`privaudit.training.private.claim.checked_delta`.

    Raises:
        UsageError: no name, an unknown one, one twice, ``none`` or ``all`` inside a combination, spelled
            words for a pretrained encoder, which has its own embeddings, or an epsilon that cannot be had.
    """
    variants = [_variant(name.strip(), recipe, n, delta) for name in text.split(",")]
    seen: dict[str, str] = {}
    for variant in variants:
        key = repr(sorted(variant.changes.items()))
        if key in seen:
            raise UsageError(f"The defences {seen[key]!r} and {variant.name!r} are the same", _MEND)
        seen[key] = variant.name
    return tuple(variants)


def _variant(name: str, recipe: Recipe, n: int | None, delta: float | None) -> Variant:
    parts = [part.strip() for part in name.split("+")]
    epsilons = [_epsilon(part, n is not None) for part in parts if part.startswith(_PRIVATE)]
    others = [_known(part) for part in parts if not part.startswith(_PRIVATE)]
    alone = {Defence.NONE, Defence.ALL} & set(others)
    if len(parts) > 1 and (len(set(others)) < len(others) or len(epsilons) > 1 or alone):
        raise UsageError(f"{name[:60]!r} is no combination of different single defences", _MEND)
    changes = _merged(list(_CHANGES) if others == [Defence.ALL] else others)
    if recipe.architecture == "hf" and "embeddings" in changes:
        raise UsageError(
            f"A pretrained encoder (--arch hf:DIR) has its own embeddings, so it cannot take {name!r}",
            "Use none, dropout, early-stopping or dropout+early-stopping",
        )
    if not epsilons or n is None:
        return Variant(name, changes, recipe.model_copy(update=changes))
    return _private(name, recipe, changes, epsilons[0], n, checked_delta(delta, n))


def _private(
    name: str, recipe: Recipe, changes: Mapping[str, object], epsilon: float, n: int, delta: float
) -> Variant:
    """``recipe`` with ``changes``, and the noise that keeps ``epsilon`` on n records."""
    changes = {**recipe.private_defaults(), **changes}
    changed = recipe.model_copy(update=changes)
    if changed.early_stopping:
        raise UsageError(
            f"{name!r} combines early stopping with differential privacy, which needs a fixed number of "
            "steps",
            _MEND,
        )
    private = private_recipe(changed, PrivacyRequest(epsilon=epsilon, delta=delta), n)
    return Variant(name, {**changes, "privacy": private.to_plain()["privacy"]}, private, epsilon, delta)


def _epsilon(part: str, known_size: bool) -> float:
    try:
        epsilon = float(part.removeprefix(_PRIVATE))
    except ValueError:
        epsilon = 0.0
    if not 0 < epsilon < float("inf") or not known_size:
        raise UsageError(
            f"{part[:60]!r} is not dp:EPSILON with an epsilon above 0, for a known number of records", _MEND
        )
    return epsilon


def _known(name: str) -> Defence:
    try:
        return Defence(name)
    except ValueError:
        raise UsageError(
            f"Unknown defence {name[:60]!r}",
            f"Give --defences out of {', '.join(Defence)} and dp:EPSILON, separated by commas or combined "
            "with +",
        ) from None


def _merged(defences: Sequence[Defence]) -> dict[str, object]:
    merged: dict[str, object] = {}
    for defence in defences:
        merged |= _CHANGES.get(defence, {})
    return merged
