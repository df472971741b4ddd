"""What all surfaces do alike: fillings in batches, and all fillings in order."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np

from privaudit.attacks.extraction.surfaces.boxes import Box, boxes, checked_range
from privaudit.data.canaries.template import Template
from privaudit.targets.interface import Floats, Ints


class BatchedSurface(ABC):
    """A surface that answers some fillings at a time; see :class:`Surface` for the methods.

    Args:
        template: what is filled.
        n_classes: C.
        batch: texts that go through the model together: bounds the memory.
    """

    order_blind = False

    def __init__(self, template: Template, n_classes: int, batch: int) -> None:
        self.template = template
        self.n_classes = n_classes
        self.batch = batch
        self.rows = batch
        """Fillings of one box, where boxes are cheaper than texts."""

    def logits(self, fillings: Ints) -> Floats:
        """Logits ``[F, C]`` of fillings ``[F, S]``."""
        found = np.empty((len(fillings), self.n_classes), dtype=np.float64)
        for start in range(0, len(fillings), self.batch):
            found[start : start + self.batch] = self._batch(fillings[start : start + self.batch])
        return found

    def all_logits(self, start: int = 0, stop: int | None = None) -> Iterator[Floats]:
        """Logits of the fillings with the numbers ``start … stop - 1``, in order, at most ``rows`` at a time.

        Raises:
            ValueError: the range is not within the fillings.
        """
        return self._stream(*checked_range(self.template, start, stop))

    def _stream(self, start: int, stop: int) -> Iterator[Floats]:
        for box, part in boxes(self.template.sizes, start, stop, self.rows):
            yield self._box(box)[part]

    @abstractmethod
    def _batch(self, fillings: Ints) -> Floats:
        """Logits ``[F, C]`` of at most ``batch`` fillings."""

    def _box(self, box: Box) -> Floats:
        """Logits ``[F, C]`` of a box of at most ``rows`` fillings."""
        return self._batch(box.fillings())
