"""``bow``: logits are a sum over the slots."""

from privaudit.attacks.extraction.surfaces.boxes import Box
from privaudit.attacks.extraction.surfaces.vectors import VectorGrid
from privaudit.attacks.extraction.surfaces.words import WordSurface, as_floats
from privaudit.data.canaries.template import Template
from privaudit.targets.interface import Floats, Ints
from privaudit.training.architectures.bow import BagOfWords


class BowSurface(WordSurface):
    """The mean and the head are linear, so each candidate adds its own logits: one addition per filling.

    Args:
        network: see :class:`WordSurface`.
        template: what is filled.
        grid: the vectors of its texts.
    """

    def __init__(self, network: BagOfWords, template: Template, grid: VectorGrid) -> None:
        super().__init__(network, template, grid)
        self.batch = self.rows = 1 << 14
        self.order_blind = (
            len(template.slots) > 1 and len({frozenset(s.candidates) for s in template.slots}) == 1
        )
        weight, bias = network.head.weight.double(), network.head.bias.double()
        length = len(grid.base)
        # NOTE: in double precision the order of the additions does not show.
        changes = [
            (options - grid.base[list(columns)]).double().sum(1) @ weight.T / length
            for columns, options in zip(grid.columns, grid.options, strict=True)
        ]
        self._base = as_floats(grid.base.double().mean(0) @ weight.T + bias)
        self._changes = [as_floats(change) for change in changes]
        """Per slot ``[m, C]``: what each candidate adds to the first filling's logits."""

    def _batch(self, fillings: Ints) -> Floats:
        changes = zip(self._changes, fillings.T, strict=True)
        return sum((change[choices] for change, choices in changes), start=self._base)

    def _box(self, box: Box) -> Floats:
        found = self._base[None]
        for change, choices in zip(self._changes, box.ranges, strict=True):
            part = change[choices.start : choices.stop]
            found = (found[:, None] + part).reshape(-1, self.n_classes)
        return found
