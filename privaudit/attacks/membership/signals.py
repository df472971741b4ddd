"""The evidence: everything that the attacks read, for the same n records in the same order."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from privaudit.targets.interface import Floats, Head, Ints


class PerReference(Protocol):
    """One array for each of k reference models, all at once in memory or each read when asked for."""

    def __len__(self) -> int:
        """How many."""
        ...

    def __getitem__(self, index: int, /) -> NDArray[np.floating]:
        """The array of reference ``index``, float32 or float64."""
        ...


@dataclass(frozen=True, eq=False)
class Signals:
    """Signals of n audited records. Optional ones are None until an attack needs them."""

    ids: Sequence[str]
    member: NDArray[np.bool_]
    """``[n]``. Truth for scoring attacks; no attack but ``class-threshold``'s calibration half reads it."""
    label: Ints
    """``[n]`` class indices in ``0 … C-1``."""
    target_logits: Floats
    """``[n, C]`` finite; log-probabilities where the model gives only probabilities."""
    groups: Sequence[str] | None = None
    """n names of the unit of privacy (a user, say); None where every record stands for itself."""
    features: NDArray[np.float32] | None = None
    """``[n, d]`` inputs of the last linear layer."""
    head: Head | None = None
    """The last linear layer itself."""
    gradient_norms: Floats | None = None
    """``[n]``."""
    unknown_words: Ints | None = None
    """``[n]`` words of the text that the model's vocabulary lacks."""
    word_counts: Ints | None = None
    """``[n]`` words of the text."""
    label_robustness: Floats | None = None
    """``[n]`` share of perturbed copies whose predicted class is the record's label, in [0, 1]."""
    neighbour_losses: Floats | None = None
    """``[n, r]`` losses of r word-replacement neighbours."""
    reference_logits: PerReference | None = None
    """k arrays ``[n, C]``: one array ``[k, n, C]``, or read one by one."""
    reference_in: NDArray[np.bool_] | None = None
    """``[k, n]`` whether reference k was trained on record n."""
    reference_extras: PerReference | None = None
    """k arrays ``[n, s]`` of further signals of the references, the same as ``target_extras``."""
    target_extras: NDArray[np.floating] | None = None
    """``[n, s]``: log of the last layer's gradient norm, then the margins of copies with words dropped."""
    cache: dict[str, Floats] = field(default_factory=dict)
    """What several attacks share, such as the losses; filled by
    :mod:`privaudit.attacks.membership.transforms`."""

    def __len__(self) -> int:
        return len(self.label)
