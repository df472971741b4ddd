"""What is drawn for a planting.

Independent streams are derived from one seed: who is in says nothing about what was planted and where, and
another number of repetitions changes no secret. The seed gives away the secrets.
"""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from privaudit.data.canaries.template import Template, draw_fillings
from privaudit.data.columns import shown
from privaudit.data.duplicates import normalise
from privaudit.errors import DataError, UsageError

OWN_LABEL = "canary"
"""The class of canaries with a class of their own."""

_ATTEMPTS = 1000


class CanaryStream(IntEnum):
    """What random numbers are drawn for; the value is part of the seed and must not change."""

    SECRETS = 1
    COINS = 2
    PLACES = 3
    LABELS = 4

    def generator(self, seed: int) -> np.random.Generator:
        """Random numbers for this purpose alone."""
        return np.random.default_rng(np.random.SeedSequence([seed, self]))


def draw_secrets(
    templates: Sequence[Template], count: int, seed: int, texts: Sequence[str]
) -> list[tuple[str, ...]]:
    """The secrets of ``count`` canaries of each template, each as its chosen candidates.

    Uniform over the fillings, slots being independent, given that no two whole texts are equal after
    normalisation and none occurs in the data as a run of whole words.

    Args:
        templates: one per pattern.
        count: canaries per pattern.
        seed: not negative.
        texts: of the clean data.

    Raises:
        UsageError: a template has fewer fillings than canaries.
        DataError: the data hold so many of the possible texts that no new one is found.
    """
    for template in templates:
        if template.n_fillings < count:
            raise UsageError(
                f"A pattern with {template.n_fillings:,} fillings can't give {count:,} different canaries",
                "Lower --count, or add slots",
            )
    rng = CanaryStream.SECRETS.generator(seed)
    # NOTE: no normalised text has a line feed, so no match runs over the end of a record.
    data = "\n".join(f" {normalise(text)} " for text in texts)
    taken: set[str] = set()
    return [_new_secret(template, rng, taken, data) for template in templates for _ in range(count)]


def draw_labels(n: int, policy: str, seed: int, labels: Sequence[str]) -> list[str]:
    """The class of each of ``n`` canaries.

    Args:
        n: number of canaries.
        policy: ``own`` is a new class; ``random`` one of the data's per canary, each class equally likely;
            else the name of a class of the data.
        seed: not negative.
        labels: of the data's records.

    Raises:
        UsageError: the data have no such class.
        DataError: they have a class of the name that the new one would get.
    """
    known = sorted(set(labels))
    if policy == "random":
        return [known[draw] for draw in CanaryStream.LABELS.generator(seed).integers(len(known), size=n)]
    if policy == "own":
        if OWN_LABEL in {normalise(label) for label in known}:
            raise DataError(
                f"The data already has a class {OWN_LABEL!r}, which --label own would add",
                "Name a class with --label",
            )
        return [OWN_LABEL] * n
    if policy not in known:
        raise UsageError(
            f"--label {shown(policy)!r} is none of the {len(known)} classes of the data",
            "Give own, random or one of its classes",
        )
    return [policy] * n


def draw_coins(n: int, seed: int) -> list[bool]:
    """Whether each of ``n`` canaries is included: independent fair coins."""
    return [bool(draw < 0.5) for draw in CanaryStream.COINS.generator(seed).random(n)]


def _new_secret(template: Template, rng: np.random.Generator, taken: set[str], data: str) -> tuple[str, ...]:
    """One secret whose text is new; the text goes into ``taken``."""
    for _ in range(_ATTEMPTS):
        (filling,) = draw_fillings(template, 1, rng)
        text = normalise(template.render(filling))
        if text not in taken and f" {text} " not in data:
            taken.add(text)
            return template.words(filling)
    raise DataError(
        f"{_ATTEMPTS:,} draws for the prefix {shown(template.prefix, 60)!r} gave no new text",
        "Change the pattern, add slots, or lower --count",
    )
