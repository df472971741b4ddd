"""From a requested guarantee to its mechanism, and from the finished run to its claim."""

import math
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version

import torch

from privaudit import __version__
from privaudit.accounting.accountants import smallest_epsilon
from privaudit.accounting.mechanism import Mechanism
from privaudit.accounting.noise_for_epsilon import noise_for_epsilon
from privaudit.errors import UsageError
from privaudit.results.subject import Claim
from privaudit.training.loop import TrainingHistory
from privaudit.training.private.settings import Clipping, PrivateTraining
from privaudit.training.recipe import Recipe

_LARGEST_DELTA = 1e-5


@dataclass(frozen=True)
class PrivacyRequest:
    """What a private run must guarantee; either ``epsilon`` or ``noise_multiplier`` is given."""

    epsilon: float | None = None
    delta: float | None = None
    """:func:`default_delta` when None."""
    noise_multiplier: float | None = None
    sample_rate: float | None = None
    """When None the recipe's batch size over the number of records, at most 1; that number then counts as
    public."""
    clip_norm: float | None = None
    """None clips automatically, to a norm below 1."""


def default_delta(n: int) -> float:
    """The largest power of ten that is at most 1e-5 and a tenth of ``1 / n``."""
    # NOTE: logarithms of powers of ten are off by a last bit now and then.
    return float(f"1e{math.floor(math.log10(min(_LARGEST_DELTA, 0.1 / n)) + 1e-9)}")


def checked_delta(delta: float | None, n: int) -> float:
    """``delta``, or the default for n records.

    Raises:
        UsageError: it is not in (0, 1/n): at ``1/n`` publishing a whole record would be allowed.
    """
    if delta is None:
        return default_delta(n)
    if not 0 < delta < 1 / n:
        raise UsageError(
            f"Delta {delta:g} is not between 0 and 1/{n}, one over the number of records",
            f"Leave --delta out for {default_delta(n):g}",
        )
    return delta


def private_recipe(recipe: Recipe, request: PrivacyRequest, n: int) -> Recipe:
    """``recipe`` with the mechanism that meets the request on n records.

    The number of steps is that of the recipe's epochs on average; the noise is calibrated by PLD.

    Raises:
        UsageError: a value is impossible, or both or neither of epsilon and the noise multiplier are given.
    """
    if (request.epsilon is None) == (request.noise_multiplier is None):
        raise UsageError(
            "Private training needs either --epsilon or --noise-multiplier, not both or neither",
            "Give one of them",
        )
    rate = request.sample_rate if request.sample_rate is not None else min(1.0, recipe.batch_size / n)
    if not 0 < rate <= 1:
        raise UsageError(f"Sample rate {rate:g} is not above 0 and at most 1", "Change --sample-rate")
    steps = max(1, round(recipe.epochs / rate))
    delta = checked_delta(request.delta, n)
    noise = request.noise_multiplier
    if noise is None:
        noise = _calibrated(request.epsilon or 0.0, delta, rate, steps)
    if not 0 < noise < math.inf:
        raise UsageError(f"Noise multiplier {noise:g} is not a positive number", "Change --noise-multiplier")
    if request.clip_norm is not None and not 0 < request.clip_norm < math.inf:
        raise UsageError(
            f"Clip norm {request.clip_norm:g} is not a positive number",
            "Give --clip a positive number or auto",
        )
    clipping: Clipping = "automatic" if request.clip_norm is None else "fixed"
    privacy = PrivateTraining(
        noise_multiplier=noise,
        sample_rate=rate,
        steps=steps,
        clip_norm=1.0 if request.clip_norm is None else request.clip_norm,
        clipping=clipping,
    )
    return recipe.model_copy(update={"privacy": privacy})


def claim_of(
    recipe: Recipe,
    *,
    n: int,
    steps: int,
    delta: float,
    vocabulary: str,
    labels: str,
    notes: tuple[str, ...] = (),
) -> Claim:
    """What a finished run may claim.

    Args:
        recipe: with ``privacy``.
        n: records that were trained on.
        steps: that ran.
        delta: at which epsilon is computed.
        vocabulary: where the words come from.
        labels: where the class list comes from.
        notes: what else a reader must know.

    Raises:
        ValueError: the recipe is not private.
    """
    if recipe.privacy is None:
        raise ValueError("only a private run has a claim")
    privacy = recipe.privacy
    mechanism = Mechanism.uniform(privacy.noise_multiplier, privacy.sample_rate, steps)
    accountant = version("dp-accounting")
    return Claim(
        epsilon=smallest_epsilon(mechanism, delta),
        delta=delta,
        noise_multiplier=privacy.noise_multiplier,
        sample_rate=privacy.sample_rate,
        steps=steps,
        clip_norm=privacy.clip_norm,
        sampler="poisson",
        adjacency="add-or-remove-one",
        accountant=f"pld (dp-accounting {accountant})",
        unit="record",
        clipping=privacy.clipping,
        normaliser=f"{recipe.batch_size}, fixed",
        vocabulary=vocabulary,
        labels=labels,
        n_records=n,
        source="bundle",
        versions={"privaudit": __version__, "torch": torch.__version__, "dp-accounting": accountant},
        notes=notes,
    )


def vocabulary_source(recipe: Recipe) -> str:
    """Where the words of a private model come from, as its claim names it."""
    if recipe.architecture == "hf":
        return "pretrained"
    if recipe.embeddings == "characters":
        return "fixed alphabet"
    return recipe.vocabulary if recipe.vocabulary.startswith("hash:") else f"file {recipe.vocabulary}"


def claim_notes(history: TrainingHistory, noise_seed: int | None) -> tuple[str, ...]:
    """What a reader of the claim must know besides the numbers."""
    notes = []
    if noise_seed is not None:
        notes.append(f"the noise follows from seed {noise_seed}: anyone who knows it can subtract the noise")
    if history.stopped == "time":
        notes.append(f"the clock, which may depend on the data, ended the run after {history.steps:,} steps")
    return tuple(notes)


@lru_cache(maxsize=64)
def _calibrated(epsilon: float, delta: float, rate: float, steps: int) -> float:
    """The noise for ``epsilon``, rounded up: its last digits must not depend on a library's version."""
    return math.ceil(noise_for_epsilon(epsilon, delta, rate, steps) * 1e4) / 1e4
