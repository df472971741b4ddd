"""Which reference models to train, as a frozen plan. Each model depends on the plan and its index alone.

Reference k of a plan is trained on the records whose own fair coin for k says so, and scored on all of them.
Neither how many references there are, nor which process or machine trains one, nor where a run was resumed
changes it. References can therefore be stored, extended and spread over machines.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from privaudit import __version__
from privaudit.targets.interface import Ints

Bools = NDArray[np.bool_]
Singles = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Population:
    """n labelled records that references are trained or scored on."""

    texts: Sequence[str]
    labels: Ints
    """``[n]`` class indices in ``0 … C-1``."""
    n_classes: int
    groups: Sequence[str] | None = None
    """The unit of privacy of each record; its records share a coin. None: every record has its own."""

    def __len__(self) -> int:
        return len(self.texts)

    def digest(self) -> str:
        """SHA-256 over texts, labels and groups in their order."""
        content = hashlib.sha256(str(self.n_classes).encode())
        columns = (self.texts, [str(label) for label in self.labels.tolist()], self.groups or ())
        for column in columns:
            content.update(len(column).to_bytes(8, "little"))
            for value in column:
                encoded = value.encode("utf-8", "surrogatepass")
                content.update(len(encoded).to_bytes(8, "little"))
                content.update(encoded)
        return content.hexdigest()


@dataclass(frozen=True, eq=False)
class ReferenceOutput:
    """What is kept of one reference model."""

    index: int
    inside: Bools
    """``[n]`` which of the scored records it was trained on; none when the pool is another population."""
    logits: Singles
    """``[n, C]`` of the scored records; log-probabilities where the model gives only probabilities."""
    extras: Singles | None = None
    """``[n, s]`` further signals, when the plan asks for them; see :class:`ReferencePlan`."""


class Learner(Protocol):
    """Trains references in a way that is fixed by the target's recipe. Picklable."""

    @property
    def block_size(self) -> int:
        """References that are trained together.

        A block is ``range(b * block_size, (b + 1) * block_size)``.
        """
        ...

    @property
    def quick(self) -> bool:
        """Whether a block usually takes less time than starting a process for it."""
        ...

    def describe(self) -> dict[str, object]:
        """Everything that determines a reference, as JSON: it goes into the plan's key."""
        ...

    def learn(self, plan: "ReferencePlan", indices: Sequence[int]) -> Iterator[ReferenceOutput]:
        """Train and score references ``indices`` (of one block), in order.

        Reference i is the same whichever others are trained in the same call.
        """
        ...


@dataclass(frozen=True, eq=False)
class ReferencePlan:
    """Which references are trained on what, and scored on what."""

    learner: Learner
    pool: Population
    """What the coins are flipped over."""
    scored: Population
    """The audited records; the pool itself for online attacks."""
    online: bool
    """Whether ``scored`` is ``pool``: references are then IN for some of the scored records."""
    seed: int
    extras: bool = False
    """Also keep what ``lira-multi`` reads: per record the last layer's gradient norm and the margins of a few
    copies with words dropped."""

    def key(self) -> str:
        """Content key: anything that could change a reference changes it, so a stale one is never used."""
        content = {
            "version": __version__,
            "learner": self.learner.describe(),
            "pool": self.pool.digest(),
            "scored": "pool" if self.online else self.scored.digest(),
            "seed": self.seed,
            "extras": self.extras,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def inside(self, index: int) -> Bools:
        """The coins of reference ``index`` over the pool ``[n]``: independent, fair, per record or group."""
        groups = self.pool.groups
        if groups is None:
            return _coins(self.seed, index, len(self.pool))
        names = list(dict.fromkeys(groups))
        coins = dict(zip(names, _coins(self.seed, index, len(names)).tolist(), strict=True))
        return np.array([coins[group] for group in groups], dtype=np.bool_)


def _coins(seed: int, index: int, n: int) -> Bools:
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0x5EF, index]))
    return rng.random(n) < 0.5
