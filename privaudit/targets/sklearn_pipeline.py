"""A fitted scikit-learn estimator or pipeline that takes raw strings."""

import importlib
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from privaudit.errors import MissingExtraError, ModelError, UnsafeModelError
from privaudit.progress import SILENT, Progress
from privaudit.targets.batches import check_finite, check_shape
from privaudit.targets.digests import file_digest, one_line
from privaudit.targets.interface import Access, Floats, Ints, ModelInfo, Outputs
from privaudit.targets.pickle_scan import file_globals

_RECORDS_PER_CALL = 4096
_USUAL = ("sklearn.", "numpy.", "scipy.", "joblib.")
_TINY = float(np.finfo(np.float64).tiny)


@runtime_checkable
class _Classifier(Protocol):
    classes_: NDArray[np.generic]

    def predict(self, texts: list[str]) -> NDArray[np.generic]: ...


def open_sklearn(path: Path, *, trust_pickle: bool = False) -> "SklearnClassifier":
    """Open a ``.skops`` file, or with ``trust_pickle`` a ``.pkl`` or ``.joblib`` file.

    Args:
        path: holds a fitted classifier or Pipeline on raw strings.
        trust_pickle: consent to run whatever code a pickle asks for, with this user's rights.

    Raises:
        UnsafeModelError: a pickle without consent, or a ``.skops`` file with types not of scikit-learn.
        MissingExtraError: skops is needed and not installed.
        ModelError: the file is damaged, or holds no fitted classifier of texts.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if path.suffix.lower() == ".skops" or _is_zip(path):
            loader, estimator = "skops.io.load, scikit-learn types only", _load_skops(path)
        else:
            loader, estimator = "joblib.load with --trust-pickle", _load_pickle(path, trust_pickle)
    if not isinstance(estimator, _Classifier):
        fitted = "an unfitted " if hasattr(estimator, "fit") else "a "
        raise ModelError(
            f"{path.name} holds {fitted}{type(estimator).__name__}, not a fitted classifier with classes_",
            "Save the whole fitted pipeline, vectorizer and classifier",
        )
    info = ModelInfo(
        format="sklearn",
        architecture=_describe(estimator),
        loader="; ".join([loader, *_version_notes(caught)]),
        files=(file_digest(path, path.parent),),
    )
    vectorizer = _word_vectorizer(estimator)
    if vectorizer is None:
        return SklearnClassifier(estimator, info)
    return VocabularySklearnClassifier(estimator, info, vectorizer)


class SklearnClassifier:
    """Scores of a fitted scikit-learn classifier on raw strings.

    The access is what the estimator offers: ``predict_proba`` gives ``SCORE`` (logarithms of the
    probabilities, an exact zero as the smallest normal number), else ``decision_function`` gives ``LOGITS``
    (two classes: 0 and the decision value), else ``predict`` gives ``LABEL``: then the row is 1 at the
    predicted class and 0 elsewhere, of which nothing but the position of the maximum means anything.

    Raises:
        ModelError: fewer than two classes, or it does not accept raw strings.
    """

    def __init__(self, estimator: _Classifier, info: ModelInfo) -> None:
        self.info = info
        self.estimator = estimator
        classes = estimator.classes_
        if not isinstance(classes, np.ndarray) or classes.ndim != 1 or len(classes) < 2:
            raise ModelError(
                "The classifier has several outputs or a single class",
                "Audit a classifier that gives one of 2 or more labels per text",
            )
        self.labels: tuple[str, ...] = tuple(str(name) for name in classes)
        self.access = (
            Access.SCORE
            if hasattr(estimator, "predict_proba")
            else Access.LOGITS
            if hasattr(estimator, "decision_function")
            else Access.LABEL
        )
        self._rows(["one", "two words"])

    def outputs(
        self, texts: Sequence[str], *, features: bool = False, progress: Progress = SILENT
    ) -> Outputs:
        """One row per text; there are no features. See :class:`TextClassifier`."""
        del features
        logits = np.empty((len(texts), len(self.labels)), dtype=np.float64)
        progress.start("model outputs", len(texts))
        for start in range(0, len(texts), _RECORDS_PER_CALL):
            part = list(texts[start : start + _RECORDS_PER_CALL])
            logits[start : start + len(part)] = self._rows(part)
            progress.advance(len(part))
        check_finite(logits)
        return Outputs(logits)

    def _rows(self, texts: list[str]) -> Floats:
        """Call the estimator and bring its answer into the form ``[n, C]``."""
        method = {
            Access.SCORE: "predict_proba",
            Access.LOGITS: "decision_function",
            Access.LABEL: "predict",
        }[self.access]
        try:
            answer = getattr(self.estimator, method)(texts)
        except Exception as error:
            # NOTE: any step of a user's pipeline may fail in its own way.
            raise ModelError(
                f"{method} of {self.info.architecture} does not accept raw strings ({one_line(error)})",
                "Save the whole pipeline, vectorizer included",
            ) from None
        if self.access is Access.LABEL:
            hit = np.asarray(answer)[:, None] == self.estimator.classes_[None, :]
            return np.asarray(hit, dtype=np.float64)
        rows = np.asarray(answer, dtype=np.float64)
        if self.access is Access.LOGITS and rows.ndim == 1:
            rows = np.column_stack([np.zeros_like(rows), rows])
        check_shape(rows.shape, len(texts), self.labels)
        return _log(rows, self.info.architecture) if self.access is Access.SCORE else rows


class VocabularySklearnClassifier(SklearnClassifier):
    """A pipeline with a word-level ``CountVectorizer`` or ``TfidfVectorizer`` (``HasVocabulary``)."""

    def __init__(self, estimator: _Classifier, info: ModelInfo, vectorizer: "_Vectorizer") -> None:
        super().__init__(estimator, info)
        from sklearn.base import clone

        single = cast("_Vectorizer", clone(vectorizer)).set_params(ngram_range=(1, 1))
        self._words = single.build_analyzer()
        self._known = frozenset(vectorizer.vocabulary_)

    def unknown_words(self, texts: Sequence[str]) -> tuple[Ints, Ints]:
        """Words of each text that the vectorizer does not know ``[n]``, and all its words ``[n]``."""
        words = [self._words(text) for text in texts]
        unknown = [sum(word not in self._known for word in line) for line in words]
        return np.array(unknown, dtype=np.int64), np.array([len(line) for line in words], dtype=np.int64)


class _Analyzer(Protocol):
    def __call__(self, text: str) -> list[str]: ...


class _Vectorizer(Protocol):
    vocabulary_: dict[str, int]

    def set_params(self, **params: object) -> "_Vectorizer": ...

    def build_analyzer(self) -> _Analyzer: ...


def _log(probabilities: Floats, name: str) -> Floats:
    """Logarithms of rows of probabilities.

    Raises:
        ModelError: rows are no distributions.
    """
    check_finite(probabilities)
    bad = (probabilities < 0).any(axis=1) | (np.abs(probabilities.sum(axis=1) - 1) > 1e-3)
    if bad.any():
        raise ModelError(
            f"{name} gives no probabilities that sum to 1 for {int(bad.sum())} of {len(bad)} records",
            "Audit a classifier with one label per text",
        )
    return np.log(np.maximum(probabilities, _TINY))


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _load_skops(path: Path) -> object:
    """Open with skops; beyond its own trusted types only classes defined in scikit-learn are let in."""
    try:
        from skops import io
    except ImportError:
        raise MissingExtraError("skops", "skops", "reading .skops files") from None
    try:
        unknown = [str(name) for name in io.get_untrusted_types(file=path)]
        foreign = sorted(name for name in unknown if not _is_sklearn_class(name))
        if not foreign:
            return cast(object, io.load(path, trusted=unknown))
    except Exception as error:
        # NOTE: skops rebuilds objects from a foreign schema; damage surfaces as any built-in exception.
        raise ModelError(
            f"{path.name} is a damaged .skops file ({one_line(error)})", "Save it again with skops.io.dump"
        ) from None
    raise UnsafeModelError(
        f"{path.name} holds types of other packages: {', '.join(foreign[:6])}{', …' if foreign[6:] else ''}",
        "Save a pipeline without functions and classes of your own",
    )


def _is_sklearn_class(name: str) -> bool:
    """Whether ``name`` is a class defined in scikit-learn.

    Functions are not let in, wherever they live: a FunctionTransformer would call them on the texts.
    """
    module_name, _, class_name = name.rpartition(".")
    if not module_name.startswith("sklearn.") or module_name.startswith("sklearn.externals"):
        return False
    try:
        found = getattr(importlib.import_module(module_name), class_name, None)
    except ImportError:
        return False
    return isinstance(found, type) and found.__module__.startswith("sklearn.")


def _load_pickle(path: Path, trust_pickle: bool) -> object:
    if not trust_pickle:
        # NOTE: what is not of the usual libraries is what the reader must see.
        names = sorted(file_globals(path), key=lambda name: name.startswith(_USUAL))
        shown = ", ".join(name[:80] for name in names[:6]) + (
            f" and {len(names) - 6} more" if names[6:] else ""
        )
        raise UnsafeModelError(
            f"Loading {path.name} would run code: it {f'imports {shown}' if names else 'hides its imports'}",
            "Save it as .skops (skops.io.dump), or add --trust-pickle, which runs any code in the file with "
            "your rights: only for a file you made yourself",
        )
    import joblib

    try:
        return cast(object, joblib.load(path))
    except Exception as error:
        # NOTE: unpickling runs the file's own code, with consent; it may fail in any way.
        raise ModelError(
            f"Can't unpickle {path.name} ({one_line(error)})",
            "Load it with the library versions it was saved with",
        ) from None


def _version_notes(caught: list[warnings.WarningMessage]) -> list[str]:
    """What scikit-learn said of another version, once; other warnings are shown as they were raised."""
    from sklearn.exceptions import InconsistentVersionWarning

    notes: list[str] = []
    for warning in caught:
        if isinstance(warning.message, InconsistentVersionWarning):
            found = warning.message
            note = (
                f"saved with scikit-learn {found.original_sklearn_version}, "
                f"opened with {found.current_sklearn_version}"
            )
            if note not in notes:
                notes.append(note)
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return notes


def _steps(estimator: object) -> Iterator[object]:
    """The estimator and, for pipelines and unions, everything inside, in order."""
    yield estimator
    for attribute in ("steps", "transformer_list"):
        for step in getattr(estimator, attribute, None) or []:
            yield from _steps(step[1])


def _word_vectorizer(estimator: object) -> _Vectorizer | None:
    """The pipeline's word-level vectorizer, if it has one that keeps single words."""
    from sklearn.feature_extraction.text import CountVectorizer

    for step in _steps(estimator):
        if isinstance(step, CountVectorizer) and step.analyzer == "word" and step.ngram_range[0] == 1:
            return cast("_Vectorizer", step)
    return None


def _describe(estimator: object) -> str:
    """Class names from the first step to the last."""
    inner = [step for step in _steps(estimator) if not hasattr(step, "steps")]
    return " + ".join(type(step).__name__ for step in inner)
