"""The canaries of a manifest as one experiment: m texts, each in or out of training by a fair coin."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from privaudit.audits.canary_questions import trained_with
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
    """Copies of a canary that is in; the most of any, because a group of more is allowed to tell more."""
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
        data: what the model says of its training data; None where it says nothing.
        labels: class names of the model.

    Raises:
        DataError: the manifest is unusable, not of this model, without coins, with others than those of its
            seed, too small, or under classes that the model lacks; or the model never saw its canaries.
    """
    manifest = read_manifest(path)
    if manifest.include != "coin":
        raise DataError(
            "canaries that an independent fair coin each put in or left out, for a bound on epsilon",
            f"{path.name}, whose canaries are all in (--include {manifest.include})",
            _MEND,
        )
    if len(manifest.canaries) < FEWEST:
        raise DataError(
            f"{FEWEST} canaries or more, better some hundred",
            f"{len(manifest.canaries)} in {path.name}",
            _MEND,
        )
    if not trained_with(manifest, path, data):
        raise DataError(
            f"a model that was trained on the planted data of {path.name}",
            "a clean control, in which no canary is",
            "Give the model of the planted file",
        )
    unknown = {canary.label for canary in manifest.canaries} - set(labels)
    if unknown:
        raise DataError(
            "canaries under classes of the model", f"{min(unknown)!r} in {path.name}", "Train with --canaries"
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
        text = "The manifest was written by hand; that a fair coin per canary decided is believed."
        return StaticCheck(id="coins", status="unknown", text=text)
    if [canary.included for canary in manifest.canaries] != draw_coins(len(manifest.canaries), manifest.seed):
        raise DataError(
            "coins that follow from the manifest's seed",
            f"others in {path.name}: it was altered after planting",
            "Give the manifest as `privaudit canary plant` wrote it",
        )
    return StaticCheck(id="coins", status="ok", text="Who is in follows from the seed of the planting.")
