"""Hugging Face encoders: subwords, in batches of one length and without padding."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from privaudit.attacks.extraction.surfaces.base import BatchedSurface
from privaudit.attacks.extraction.surfaces.grid import TokenGrid
from privaudit.attacks.extraction.surfaces.readers import Token
from privaudit.attacks.extraction.surfaces.vectors import VectorGrid, texts_at_once
from privaudit.attacks.extraction.surfaces.words import as_floats
from privaudit.data.canaries.template import Template
from privaudit.targets.interface import Floats, Ints
from privaudit.targets.tokenizer import quiet_and_offline

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_SAME = 1e-4
"""How far the two ways into a network may differ."""


class TokenSurface(BatchedSurface):
    """Token numbers for fillings, mixtures of the input embeddings for weights.

    The network adds positions and token types to the mixtures itself.

    Args:
        model: a sequence classifier whose parameters take no gradient, in evaluation mode.
        template: what is filled.
        grid: the token numbers of its texts.
        others: the network's other inputs, one row ``[1, L]`` each; the same for every filling.
    """

    def __init__(
        self, model: "PreTrainedModel", template: Template, grid: TokenGrid, others: Mapping[str, Tensor]
    ) -> None:
        n_classes = len(model.config.id2label or ())
        super().__init__(template, n_classes, texts_at_once(len(grid.base), model.device))
        self._model = model
        self._others = {name: row.to(model.device) for name, row in others.items()}
        self._base = np.array(grid.base, dtype=np.int64)
        self._columns = [list(columns) for columns in grid.columns]
        self._options = [np.array(options, dtype=np.int64) for options in grid.options]

        def embed(tokens: list[Token]) -> Tensor:
            vectors: Tensor = model.get_input_embeddings()(torch.tensor(tokens, device=model.device))
            return vectors

        with torch.no_grad():
            self._vectors = VectorGrid.of(grid, embed)

    def soft_logits(self, weights: Sequence[Tensor]) -> Tensor:
        """Logits ``[B, C]`` of mixtures of input embeddings; see :class:`SoftSurface`."""
        # NOTE: some networks warn about padding that they cannot see in embeddings; there is none.
        with quiet_and_offline():
            return self._run("inputs_embeds", self._vectors.soft(weights))

    def accepts_mixtures(self) -> bool:
        """Whether the network answers to embeddings as it does to the tokens that they belong to."""
        fillings = np.array([[(i * 7) % size for size in self.template.sizes] for i in range(4)])
        chosen = [
            torch.nn.functional.one_hot(torch.from_numpy(fillings[:, s]), size).float()
            for s, size in enumerate(self.template.sizes)
        ]
        try:
            with torch.inference_mode():
                soft = as_floats(self.soft_logits([row.to(self._model.device) for row in chosen]))
        except (TypeError, ValueError, NotImplementedError):
            return False
        return bool(np.allclose(soft, self.logits(fillings), atol=_SAME, rtol=_SAME))

    def _batch(self, fillings: Ints) -> Floats:
        numbers = np.repeat(self._base[None], len(fillings), axis=0)
        for s, (columns, options) in enumerate(zip(self._columns, self._options, strict=True)):
            numbers[:, columns] = options[fillings[:, s]]
        with torch.inference_mode():
            return as_floats(self._run("input_ids", torch.from_numpy(numbers).to(self._model.device)))

    def _run(self, name: str, inputs: Tensor) -> Tensor:
        others = {key: row.expand(len(inputs), -1) for key, row in self._others.items()}
        logits: Tensor = self._model(**{name: inputs}, **others).logits
        return logits
