"""The canaries of a manifest as one experiment: m texts, each in or out of training by a fair coin."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from privaudit.audits.canary_groups import trained_with
from privaudit.data.canaries.draws import draw_coins
from privaudit.data.canaries.manifest import Manifest, read_manifest
from privaudit.errors import DataError
from privaudit.results import StaticCheck
from privaudit.targets.interface import Ints

if TYPE_CHECKING:
    from privaudit.training.bundle_data import BundleData

FEWEST = 16
"""With fewer canaries there are fewer than the ``4 sqrt(m)`` guesses that the test makes."""
_MEND = "Plant with `privaudit canary plant --include coin` and train again, or give --runs N"


@dataclass(frozen=True, eq=False)
class CoinCanaries:
    """m canaries with their coins."""

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    labels: Ints
    """``[m]`` class indices."""
    included: NDArray[np.bool_]
    """``[m]``."""
    repetitions: int
    """Copies of a canary that is in; the most of any, because the guarantee of a larger group is weaker."""
    coins: StaticCheck
    """Whether the coins are known to be independent and fair."""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def n_copies(self) -> int:
        """Copies in the training data, if all canaries have the same number."""
        return int(self.included.sum()) * self.repetitions


def coin_canaries(path: Path, data: "BundleData | None", labels: tuple[str, ...]) -> CoinCanaries:
    """Read the canaries of a model, and refuse those that no bound may rest on.

    Args:
        path: the manifest.
        data: what the model says of its training data; None if it says nothing.
        labels: class names of the model.

    Raises:
        DataError: the manifest is unusable, not of this model, without coins, with others than those of its
            seed, too small, or under classes that the model lacks; or the model never saw its canaries.
    """
    manifest = read_manifest(path)
    if manifest.include != "coin":
        raise DataError(
            f"The canaries of {path.name} are all in (--include {manifest.include}); a bound on epsilon "
            "needs a fair coin for each",
            _MEND,
        )
    if len(manifest.canaries) < FEWEST:
        raise DataError(
            f"{path.name} has only {len(manifest.canaries)} canaries; the test needs {FEWEST} or more, "
            "better a few hundred",
            _MEND,
        )
    if not trained_with(manifest, path, data):
        raise DataError(
            f"The model is a clean control, trained without the canaries of {path.name}",
            "Give the model that was trained on the planted file",
        )
    unknown = {canary.label for canary in manifest.canaries} - set(labels)
    if unknown:
        raise DataError(
            f"The model has no class {min(unknown)!r}, the label of a canary in {path.name}",
            "Train with --canaries",
        )
    return CoinCanaries(
        ids=tuple(canary.id for canary in manifest.canaries),
        texts=tuple(manifest.text(canary) for canary in manifest.canaries),
        labels=np.array([labels.index(canary.label) for canary in manifest.canaries], dtype=np.int64),
        included=np.array([canary.included for canary in manifest.canaries], dtype=np.bool_),
        repetitions=max(canary.repetitions for canary in manifest.canaries),
        coins=_coins(manifest, path),
    )


def _coins(manifest: Manifest, path: Path) -> StaticCheck:
    """What is known of the coins.

    Raises:
        DataError: the manifest was planted, and who is in does not follow from its seed.
    """
    if manifest.planted is None or manifest.seed is None:
        text = "The manifest was written by hand, so its fair coins are taken on trust."
        return StaticCheck(id="coins", status="unknown", text=text)
    if [canary.included for canary in manifest.canaries] != draw_coins(len(manifest.canaries), manifest.seed):
        raise DataError(
            f"The coins in {path.name} don't follow from its seed: it was changed after planting",
            "Give the manifest as `privaudit canary plant` wrote it",
        )
    return StaticCheck(id="coins", status="ok", text="Who is in follows from the seed of the planting.")
