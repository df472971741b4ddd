"""References of a scikit-learn pipeline: the same pipeline, unfitted, on half of the records."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from privaudit.errors import DataError, ModelError
from privaudit.targets.digests import one_line
from privaudit.targets.interface import Floats, ModelInfo
from privaudit.targets.sklearn_pipeline import SklearnClassifier
from privaudit.training.references.extras import extras_of
from privaudit.training.references.learners.halves import half_of, output_of
from privaudit.training.references.plan import ReferenceOutput, ReferencePlan

ABSENT = float(np.log(np.finfo(np.float64).tiny))
"""Logit of a class that a half has no record of: the logarithm of the smallest normal number, about -708."""


class Estimator(Protocol):
    """A fitted classifier of raw strings, as :mod:`privaudit.targets.sklearn_pipeline` opens it."""

    classes_: NDArray[np.generic]

    def fit(self, texts: list[str], labels: NDArray[np.generic]) -> object:
        """Train on ``texts``."""
        ...

    def predict(self, texts: list[str]) -> NDArray[np.generic]:
        """A class per text."""
        ...

    def get_params(self) -> dict[str, object]:
        """Its settings and those of its steps, by name."""
        ...

    def set_params(self, **params: object) -> object:
        """Change settings."""
        ...


@dataclass(frozen=True, eq=False)
class SklearnLearner:
    """Trains clones of a fitted estimator.

    Settings named ``random_state`` get the reference's seed, and a number of ``n_jobs`` becomes one. Texts
    come in the order of the pool. A class that the half lacks gets the logit :data:`ABSENT`.

    Args:
        estimator: fitted; its ``classes_`` are the classes of the plan, in their order.
    """

    estimator: Estimator

    @property
    def block_size(self) -> int:
        """Each reference is trained by itself."""
        return 1

    @property
    def quick(self) -> bool:
        """Usually; a slow pipeline moves to the pool after the first reference."""
        return True

    def describe(self) -> dict[str, object]:
        """Every setting of the pipeline, the class names and the version of scikit-learn."""
        import sklearn

        params = self.estimator.get_params()
        return {
            "learner": "sklearn",
            "class": _name(self.estimator),
            "params": {name: _text(value) for name, value in sorted(params.items())},
            "classes": [str(name) for name in self.estimator.classes_.tolist()],
            "sklearn": sklearn.__version__,
        }

    def learn(self, plan: ReferencePlan, indices: Sequence[int]) -> Iterator[ReferenceOutput]:
        """See :class:`privaudit.training.references.plan.Learner`.

        Raises:
            DataError: a half has no record, or too few of some class for the estimator.
            ModelError: the estimator has other classes than the plan, or fails on the texts.
        """
        classes = self.estimator.classes_
        if len(classes) != plan.scored.n_classes:
            raise ModelError(
                f"The estimator has {len(classes)} classes, but the audit has {plan.scored.n_classes}",
                "Audit it with its own labels",
            )
        scored, labels = list(plan.scored.texts), np.asarray(plan.scored.labels, dtype=np.int64)
        for index in indices:
            half = half_of(plan, index)
            texts = [plan.pool.texts[i] for i in half.train]
            fitted = self._fitted(texts, classes[plan.pool.labels[half.train]], half.index, half.seed)
            logits = _logits(fitted, scored, classes)
            score = partial(_logits, fitted, classes=classes)
            extras = extras_of(scored, labels, logits, None, score) if plan.extras else None
            yield output_of(plan, half, logits.astype(np.float32), extras)

    def _fitted(self, texts: list[str], labels: NDArray[np.generic], index: int, seed: int) -> Estimator:
        from sklearn.base import clone
        from sklearn.exceptions import ConvergenceWarning

        estimator = cast(Estimator, clone(self.estimator))
        for name, value in estimator.get_params().items():
            setting = name.rpartition("__")[2]
            if setting == "random_state":
                # NOTE: numpy's generator, which scikit-learn draws from, takes 32 bits.
                estimator.set_params(**{name: seed % (1 << 32)})
            elif setting == "n_jobs" and value is not None:
                estimator.set_params(**{name: 1})
        try:
            with warnings.catch_warnings():
                # NOTE: the target was trained with these settings, so its owner has seen the warnings.
                for category in (ConvergenceWarning, FutureWarning):
                    warnings.simplefilter("ignore", category)
                estimator.fit(texts, labels)
        except ValueError as failure:
            sizes = f"{len(texts)} records of {len(np.unique(labels))} classes"
            raise DataError(
                f"Cannot fit {_name(self.estimator)} for reference {index} on {sizes}: {one_line(failure)}",
                "Audit more records, or drop the reference models with --references 0",
            ) from failure
        return estimator


def _logits(fitted: Estimator, texts: list[str], classes: NDArray[np.generic]) -> Floats:
    """``[n, C]`` in the columns of ``classes``, as the target's own are computed."""
    info = ModelInfo(format="sklearn", architecture=_name(fitted), loader="trained here", files=())
    own = SklearnClassifier(fitted, info).outputs(texts).logits
    logits = np.full((len(texts), len(classes)), ABSENT)
    logits[:, np.searchsorted(classes, fitted.classes_)] = own
    return logits


def _name(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _text(value: object) -> str:
    """A setting as text that is the same in every process."""
    if hasattr(value, "get_params"):
        return _name(value)
    if callable(value):
        return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', _name(value))}"
    if isinstance(value, np.ndarray):
        return f"array {sha256(np.ascontiguousarray(value).tobytes()).hexdigest()}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_text, value))}]"
    return repr(value)
