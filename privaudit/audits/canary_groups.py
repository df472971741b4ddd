"""What is asked of a model: the manifest's canaries, those with one template and label together."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from privaudit.data.canaries.manifest import Canary, Manifest
from privaudit.data.canaries.template import Template
from privaudit.data.readers import file_sha256
from privaudit.errors import DataError
from privaudit.targets.interface import Ints

if TYPE_CHECKING:
    from privaudit.training.bundle_data import BundleData


@dataclass(frozen=True, eq=False)
class CanaryGroup:
    """Canaries with one template and one label: one space of fillings, searched and ranked once."""

    template: Template
    label: int
    """Class index."""
    canaries: tuple[Canary, ...]
    secrets: Ints
    """``[M, S]`` the filling of each canary."""
    included: NDArray[np.bool_]
    """``[M]`` whether the model was trained on it."""

    def others(self, index: int) -> Ints:
        """The fillings ``[m, S]`` of the other canaries that were planted: they can't serve as controls."""
        planted = self.included.copy()
        planted[index] = False
        rest: Ints = self.secrets[planted & (self.secrets != self.secrets[index]).any(axis=1)]
        return rest


def canary_groups_of(
    manifest: Manifest, labels: Sequence[str], *, trained_with: bool = True
) -> list[CanaryGroup]:
    """The canaries of ``manifest``, grouped, in the order of their first appearance.

    Args:
        manifest: what was planted.
        labels: class names of the model, by index.
        trained_with: False for a clean control, in which no canary is included.

    Raises:
        DataError: the model lacks the label of a canary.
    """
    groups: dict[tuple[Template, int], list[Canary]] = {}
    for canary in manifest.canaries:
        if canary.label not in labels:
            known = ", ".join(labels[:8]) + (", …" if len(labels) > 8 else "")
            raise DataError(
                f"Canary {canary.id} has the label {canary.label!r}, which the model lacks; its classes "
                f"are {known}",
                "Train with --canaries, or correct the manifest",
            )
        groups.setdefault((manifest.template(canary), labels.index(canary.label)), []).append(canary)
    return [
        CanaryGroup(
            template,
            label,
            tuple(canaries),
            np.array([template.filling(canary.secret) for canary in canaries], dtype=np.int64),
            np.array([trained_with and canary.included for canary in canaries]),
        )
        for (template, label), canaries in groups.items()
    ]


def trained_with(manifest: Manifest, manifest_file: Path, data: "BundleData | None") -> bool:
    """Whether the model was trained on the planted data, as far as its file says.

    Args:
        manifest: what was planted.
        manifest_file: where it was read from.
        data: what the model's file says of its training data; None if it says nothing: the manifest is
            trusted.

    Raises:
        DataError: the model was trained with another manifest, or without naming one.
    """
    if data is None:
        return True
    if data.canaries is None:
        raise DataError(
            "The model was not trained with --canaries, so copies of a canary were removed as duplicates "
            "or held out",
            f"Train it again with --canaries {manifest_file.name}",
        )
    if data.canaries.sha256 != file_sha256(manifest_file):
        raise DataError(
            f"The model was trained with the manifest {data.canaries.file}, and {manifest_file.name} is "
            "another one",
            "Give the manifest it was trained with",
        )
    return manifest.planted is None or data.sha256 == manifest.planted.sha256
