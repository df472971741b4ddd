"""References from the user's own training code."""

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from privaudit.errors import UsageError
from privaudit.targets.batches import check_finite, check_shape
from privaudit.targets.digests import one_line
from privaudit.targets.interface import Floats, Ints
from privaudit.training.references.extras import extras_of
from privaudit.training.references.learners.halves import half_of, output_of
from privaudit.training.references.plan import ReferenceOutput, ReferencePlan

T = TypeVar("T")
Predict = Callable[[list[str]], NDArray[np.generic]]
"""Texts to logits (or log-probabilities) ``[n, C]``."""
Train = Callable[[list[str], Ints, int], Predict]
"""``(texts, labels, seed)`` to a trained model; labels are class indices, as the target numbers them."""

_TEXTS_PER_CALL = 4096
_RETURNS = "a function (texts, labels, seed) that returns a function from texts to logits [n, C]"


@dataclass(frozen=True)
class TrainerLearner:
    """Trains references with a function of the user's.

    The function must train as the target was trained, on the given texts alone, and draw all its random
    numbers from the seed: references are kept, and one that is trained again must be the same.

    Args:
        function: ``package.module:function``, importable from the current directory; see :data:`Train`.
    """

    function: str

    @property
    def block_size(self) -> int:
        """Each reference is trained by itself."""
        return 1

    @property
    def quick(self) -> bool:
        """Unknown, so no."""
        return False

    def describe(self) -> dict[str, object]:
        """The name of the function, and a digest of the file that defines it.

        Raises:
            UsageError: it cannot be imported.
        """
        module = sys.modules[_resolve(self.function).__module__]
        source = Path(module.__file__).read_bytes() if module.__file__ else b""
        return {"learner": "trainer", "function": self.function, "source": sha256(source).hexdigest()}

    def learn(self, plan: ReferencePlan, indices: Sequence[int]) -> Iterator[ReferenceOutput]:
        """See :class:`privaudit.training.references.plan.Learner`.

        Raises:
            DataError: a half has no record.
            UsageError: the function cannot be imported, fails, or gives other than logits.
            ModelError: the logits have another shape, or are not finite.
        """
        train = _resolve(self.function)
        labels = np.asarray(plan.scored.labels, dtype=np.int64)
        for index in indices:
            half = half_of(plan, index)
            texts = [plan.pool.texts[i] for i in half.train]
            own = np.asarray(plan.pool.labels, dtype=np.int64)[half.train]
            predict = self._call("training", train, texts, own, half.seed)
            logits = self._logits(predict, plan.scored.texts, plan.scored.n_classes)
            score = partial(self._logits, predict, n_classes=plan.scored.n_classes)
            extras = extras_of(plan.scored.texts, labels, logits, None, score) if plan.extras else None
            yield output_of(plan, half, logits.astype(np.float32), extras)

    def _logits(self, predict: Predict, texts: Sequence[str], n_classes: int) -> Floats:
        logits = np.empty((len(texts), n_classes))
        names = tuple(map(str, range(n_classes)))
        for start in range(0, len(texts), _TEXTS_PER_CALL):
            part = list(texts[start : start + _TEXTS_PER_CALL])
            rows = np.asarray(self._call("scoring", predict, part), dtype=np.float64)
            check_shape(rows.shape, len(part), names)
            logits[start : start + len(part)] = rows
        check_finite(logits)
        return logits

    def _call(self, task: str, function: Callable[..., T], *arguments: object) -> T:
        """Run the user's code, which may fail in any way."""
        try:
            answer = function(*arguments)
        except Exception as failure:
            raise UsageError(
                f"--trainer {self.function} failed while {task}: {one_line(failure)}",
                "Call the function yourself on a few texts to see the whole error",
            ) from failure
        if task == "training" and not callable(answer):
            raise UsageError(
                f"--trainer {self.function} returned a {type(answer).__name__} instead of a function",
                f"Give {_RETURNS}",
            )
        return answer


@lru_cache(maxsize=8)
def _resolve(name: str) -> Train:
    module_name, colon, function_name = name.partition(":")
    path = sys.path[:]
    try:
        # NOTE: the installed program does not search the current directory, where the user's code is.
        sys.path.insert(0, str(Path.cwd()))
        found = getattr(importlib.import_module(module_name), function_name) if colon else None
    except Exception as failure:
        # NOTE: importing runs the user's module, which may fail in any way.
        raise UsageError(
            f"Cannot import --trainer {name}: {one_line(failure)}", f"Give {_RETURNS}"
        ) from failure
    finally:
        sys.path[:] = path
    if not callable(found):
        raise UsageError(
            f"--trainer {name!r} is not a function named as package.module:function", f"Give {_RETURNS}"
        )
    return cast(Train, found)
