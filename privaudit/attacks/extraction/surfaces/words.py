"""Word-level networks: every architecture, without anything that is special to one."""

from collections.abc import Sequence

import torch
from torch import Tensor

from privaudit.attacks.extraction.surfaces.base import BatchedSurface
from privaudit.attacks.extraction.surfaces.grid import TokenGrid
from privaudit.attacks.extraction.surfaces.readers import Token
from privaudit.attacks.extraction.surfaces.vectors import VectorGrid, texts_at_once
from privaudit.data.canaries.template import Template
from privaudit.targets.interface import Floats, Ints
from privaudit.training.architectures import WordNetwork
from privaudit.training.text import WordEncoder, spell

_WORDS_AT_ONCE = 2048


class WordSurface(BatchedSurface):
    """Vectors of words are computed once, texts in batches of one length.

    Args:
        network: with parameters that take no gradient, in evaluation mode.
        template: what is filled.
        grid: the vectors of its texts.
    """

    def __init__(self, network: WordNetwork, template: Template, grid: VectorGrid) -> None:
        batch = texts_at_once(len(grid.base), grid.base.device)
        super().__init__(template, network.head.out_features, batch)
        self._network, self._grid = network, grid

    def soft_logits(self, weights: Sequence[Tensor]) -> Tensor:
        """Logits ``[B, C]`` of mixtures of word vectors; see :class:`SoftSurface`."""
        # NOTE: cuDNN has no backward pass for recurrent layers in evaluation mode; torch's own kernels have.
        with torch.backends.cudnn.flags(enabled=False):
            return self._classify(self._grid.soft(weights))

    def _batch(self, fillings: Ints) -> Floats:
        with torch.inference_mode():
            return as_floats(self._classify(self._grid.hard(fillings)))

    def _classify(self, embedded: Tensor) -> Tensor:
        mask = torch.ones(embedded.shape[:2], dtype=torch.bool, device=embedded.device)
        return self._network.classify_embedded(embedded, mask)


def word_vectors(network: WordNetwork, encoder: WordEncoder, grid: TokenGrid) -> VectorGrid:
    """The vectors of ``grid``, words and characters as the network has them."""
    device = network.head.weight.device

    def embed(found: list[Token]) -> Tensor:
        words = [str(word) for word in found]
        numbers = torch.tensor([[encoder.vocabulary.number(word) for word in words]], device=device)
        if not encoder.characters:
            return network.embed(numbers)[0]
        spellings = torch.from_numpy(spell(words)).long().unsqueeze(0).to(device)
        parts = (slice(i, i + _WORDS_AT_ONCE) for i in range(0, len(words), _WORDS_AT_ONCE))
        return torch.cat([network.embed(numbers[:, part], spellings[:, part])[0] for part in parts])

    with torch.no_grad():
        return VectorGrid.of(grid, embed)


def as_floats(logits: Tensor) -> Floats:
    """On the CPU and in double precision, as the classifiers give them."""
    found: Floats = logits.double().cpu().numpy()
    return found
