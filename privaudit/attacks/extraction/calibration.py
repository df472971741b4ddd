"""Objectives beyond the model's own margin: what is left of it when something else is taken off.

They are computed for every filling of a pool at once, so they rank and extract by enumeration only. Only the
contrast was seen to beat the plain margin where the canary has a class of its own (``benchmarks/README.md``);
docs/design/0009 has the measurements for the hard case.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

import numpy as np

from privaudit.attacks.extraction.contrast import contrasted
from privaudit.attacks.extraction.ranking import Margins, Pool, calibrated
from privaudit.attacks.extraction.spec import Surface
from privaudit.attacks.extraction.surfaces import open_surface
from privaudit.data.canaries.template import Template
from privaudit.errors import UsageError
from privaudit.targets.interface import HasFeatures, TextClassifier

_RIDGE = 1e-3


class Calibration(StrEnum):
    """What the margin of a filling is compared with."""

    NONE = "none"
    """Nothing: the model's own margin."""
    REFERENCES = "references"
    """The mean margin of the same filling over clean controls."""
    PREFIXES = "prefixes"
    """The mean margin of the same filling behind other prefixes: the canary's own less one word each."""
    CONTRAST = "contrast"
    """The margins of the same filling with one word exchanged: is each of its words needed?"""
    LEVERAGE = "leverage"
    """Not the margin but how far the last-layer features of the filling lie from those of all fillings."""


def calibrated_margins(
    kind: Calibration,
    classifier: TextClassifier,
    surface: Surface,
    label: int,
    pool: Pool,
    controls: Sequence[Margins] = (),
) -> Margins:
    """What the fillings of ``pool`` are ranked by.

    Args:
        kind: how.
        classifier: the audited model.
        surface: of the model, for the pool's template.
        label: class index of the canaries.
        pool: of the template.
        controls: margins of clean controls over the same pool, for :attr:`Calibration.REFERENCES`.

    Raises:
        UsageError: the calibration is not possible for this model or template.
    """
    if kind is Calibration.LEVERAGE:
        return _leverage(classifier, pool)
    margins = pool.margins(surface, label)
    if kind is Calibration.REFERENCES:
        if not controls:
            raise UsageError("--calibrate references needs clean controls", "Give --controls or --control")
        return calibrated(margins, controls)
    if kind is Calibration.CONTRAST:
        return contrasted(pool, margins)
    if kind is Calibration.PREFIXES:
        others = [
            replace(pool, template=template).margins(open_surface(classifier, template), label)
            for template in other_prefixes(pool.template)
        ]
        return calibrated(margins, others)
    return margins


def other_prefixes(template: Template) -> list[Template]:
    """The template behind its prefix less one word, once per word.

    Raises:
        UsageError: the prefix has fewer than two words.
    """
    words = re.findall(r"\S+\s*", template.prefix)
    if len(words) < 2:
        raise UsageError(
            f"--calibrate prefixes needs a prefix of at least 2 words, not {template.prefix!r}",
            "Use another calibration",
        )
    return [replace(template, prefix="".join(words[:i] + words[i + 1 :])) for i in range(len(words))]


def _leverage(classifier: TextClassifier, pool: Pool) -> Margins:
    """Squared Mahalanobis distance of each filling's features from the mean over the pool."""
    if not isinstance(classifier, HasFeatures) or classifier.head() is None:
        raise UsageError(
            f"--calibrate leverage needs a linear last layer; this {classifier.info.format} model has none",
            "Use another calibration",
        )
    everything = _features(classifier, pool)
    features = everything if pool.sample is None else everything[: len(pool.sample)]
    centre = features.mean(axis=0)
    spread = np.cov(features.T)
    ridge = _RIDGE * np.trace(spread) / len(spread)
    inverse = np.linalg.inv(spread + ridge * np.eye(len(spread)))
    own = everything[pool.secret_rows] - centre
    rest = features - centre
    return Margins(((rest @ inverse) * rest).sum(1), ((own @ inverse) * own).sum(1))


def _features(classifier: TextClassifier, pool: Pool) -> np.ndarray:
    texts = [pool.template.render(filling) for filling in pool.asked]
    features = classifier.outputs(texts, features=True).features
    if features is None:
        raise UsageError(
            f"This {classifier.info.format} model does not give its last layer's inputs",
            "Use another calibration",
        )
    return features.astype(np.float64)
