"""Random streams: every draw of a training run is a function of the recipe's seed, its purpose and its step.

Nothing is drawn from a shared generator whose state depends on what ran before. A model is therefore the same
whether it is trained alone, after others or beside them, and wherever a run is resumed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from privaudit.targets.interface import Ints


class SeedStream(IntEnum):
    """What random numbers are drawn for; the value is part of the seed and must not change."""

    INITIALISATION = 1
    ORDER = 2
    DROPOUT = 3
    VALIDATION = 4
    REFERENCE = 5
    """The seed of a reference model, from the plan's seed and the reference's index."""
    SECRET = 6
    """The secret that a model of a sweep is trained on, from the plan's seed and the model's index."""
    CONTROL = 7
    """The seed of a plan of clean models beside a plan of planted ones."""
    SAMPLE = 8
    """The fillings that represent all of them where there are too many."""
    BATCH = 9
    """The coins of a private run's batches."""
    NOISE = 10
    """The noise of a private run."""
    CANARY_COIN = 11
    """Whether a model of many has its canary, from the plan's seed and the model's index."""


def derive(seed: int, stream: SeedStream, index: int = 0) -> int:
    """A 63-bit seed for draw ``index`` (step or epoch) of ``stream``, independent across its arguments."""
    state = np.random.SeedSequence([seed, stream, index]).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))


def epoch_order(seed: int, epoch: int, n: int) -> Ints:
    """The order ``[n]`` in which epoch ``epoch`` (from 0) visits the records."""
    return np.random.default_rng(derive(seed, SeedStream.ORDER, epoch)).permutation(n)


def validation_part(units: Sequence[str | int], share: float, seed: int) -> NDArray[np.bool_]:
    """Which records ``[n]`` are set aside for validation: one coin per distinct unit (record or group).

    Args:
        units: n units; equal ones share a coin.
        share: probability of being set aside.
        seed: of the model.
    """
    distinct = list(dict.fromkeys(units))
    draws = np.random.default_rng(derive(seed, SeedStream.VALIDATION)).random(len(distinct))
    aside = dict(zip(distinct, (draws < share).tolist(), strict=True))
    return np.array([aside[unit] for unit in units], dtype=np.bool_)


@contextmanager
def seeded_torch(seed: int, stream: SeedStream) -> Iterator[None]:
    """Draw torch's default random numbers from ``stream`` inside; put the caller's state back afterwards."""
    # NOTE: not at the top, because references of a scikit-learn pipeline need seeds and no torch.
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(derive(seed, stream))
        yield
