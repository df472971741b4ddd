"""Where in the data the canaries are."""

import numpy as np
from numpy.typing import NDArray

from privaudit.data.canaries.manifest import Manifest
from privaudit.data.duplicates import normalise
from privaudit.data.records import Records
from privaudit.errors import DataError

Ints = NDArray[np.int64]


def copies(records: Records, manifest: Manifest) -> dict[str, Ints]:
    """Increasing positions of the records that are a canary's text, by the canary's id.

    Texts are compared after normalisation, as duplicates are. Every canary of the manifest has an entry; it
    is empty where the text does not occur.

    Raises:
        DataError: two canaries have the same text, and a copy would be of both.
    """
    owner: dict[str, str] = {}
    for canary in manifest.canaries:
        other = owner.setdefault(normalise(manifest.text(canary)), canary.id)
        if other != canary.id:
            raise DataError(
                f"The canaries {other!r} and {canary.id!r} have the same text",
                "Remove one of them from the manifest",
            )
    found: dict[str, list[int]] = {canary.id: [] for canary in manifest.canaries}
    for position, text in enumerate(records.texts):
        canary_id = owner.get(normalise(text))
        if canary_id is not None:
            found[canary_id].append(position)
    return {canary_id: np.array(positions, dtype=np.int64) for canary_id, positions in found.items()}
