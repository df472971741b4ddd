"""What a word-level network shows about every choice of every slot, besides the outputs.

A text that is trained on moves the vectors of its words. Which ones moved, and towards what, stays in the
weights although the outputs hardly show it. All numbers here are the same for a network whose hidden units
are in another order. They differ between words for many reasons: :mod:`.learned_ranking` learns the usual.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from privaudit.data.canaries.template import Template
from privaudit.targets.interface import Floats
from privaudit.training.architectures import WordNetwork
from privaudit.training.architectures.bilstm import BiLstm
from privaudit.training.text import WordEncoder
from privaudit.training.text import words as split

_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class _Words:
    """Vectors of a template's words."""

    prefix: Floats
    """``[P, d]``."""
    candidates: Floats
    """``[m, d]``."""


def word_evidence(
    network: WordNetwork, encoder: WordEncoder, template: Template, label: int, margins: Floats
) -> Floats:
    """Evidence ``[S, m, k]`` for each candidate in each slot.

    The last column is the margin's main effect: the mean over all fillings with the candidate in the slot.
    The others are of the candidate alone and equal in all slots: the size of its vector in several norms,
    its inner products with the prefix's words and with the mean of the candidates, and for ``bilstm`` how it
    drives each gate of both directions (norm, sum, and the product with what the head gives the label).

    Args:
        network: in evaluation mode.
        encoder: of that network.
        template: a prefix of one word or more, and slots that share their candidates, of one word each.
        label: class index of the canary.
        margins: ``[m^S]``, the margin of every filling by number.

    Raises:
        ValueError: the template is of another kind, or ``margins`` do not fit it.
    """
    slots = template.slots
    if any(slot.candidates != slots[0].candidates for slot in slots) or len(margins) != template.n_fillings:
        raise ValueError("needs slots with the same candidates, and a margin for each filling")
    found = _vectors(network, encoder, template)
    columns = _sizes(found.candidates) + _products(found)
    if isinstance(network, BiLstm):
        columns += _gates(network, found.candidates, label)
    of_words = np.stack(columns, axis=1)
    effects = main_effects(margins, template.sizes)
    return np.concatenate((np.repeat(of_words[None], len(slots), axis=0), effects[:, :, None]), axis=2)


def main_effects(values: Floats, sizes: tuple[int, ...]) -> Floats:
    """``[S, m]``: mean of ``values`` over the fillings with a candidate in a slot, minus that of the slot."""
    table = values.reshape(sizes)
    axes = range(len(sizes))
    means = np.stack([table.mean(tuple(a for a in axes if a != s)) for s in axes])
    effects: Floats = means - means.mean(1, keepdims=True)
    return effects


def _vectors(network: WordNetwork, encoder: WordEncoder, template: Template) -> _Words:
    prefix, candidates = list(split(template.prefix)), template.slots[0].candidates
    if not prefix or any(len(list(split(word))) != 1 for word in candidates):
        raise ValueError("needs a prefix, and candidates of one word")
    inputs = encoder([*prefix, *candidates])
    with torch.inference_mode():
        embedded = network.embed(*inputs) if isinstance(inputs, tuple) else network.embed(inputs)
        vectors = embedded[:, 0].double().cpu().numpy()
    return _Words(vectors[: len(prefix)], vectors[len(prefix) :])


def _sizes(vectors: Floats) -> list[Floats]:
    absolute = np.abs(vectors)
    centre = vectors.mean(0)
    direction = centre / (np.linalg.norm(centre) + _TINY)
    across = vectors - np.outer(vectors @ direction, direction)
    largest = np.sort(absolute, axis=1)[:, -max(1, vectors.shape[1] // 8) :]
    return [
        np.sqrt(absolute).mean(1) ** 2,
        absolute.mean(1),
        np.linalg.norm(vectors, axis=1),
        np.cbrt((absolute**3).mean(1)),
        largest.mean(1),
        np.linalg.norm(vectors - centre, axis=1),
        np.linalg.norm(across, axis=1),
    ]


def _products(found: _Words) -> list[Floats]:
    vectors = found.candidates
    towards = vectors @ found.prefix.mean(0)
    return [
        *(vectors @ word for word in found.prefix),
        vectors @ vectors.mean(0),
        towards / (np.linalg.norm(vectors, axis=1) + _TINY),
    ]


def _gates(network: BiLstm, vectors: Floats, label: int) -> list[Floats]:
    """Of the first layer: the input part of in, forget, new and out, per direction."""
    head = network.head.weight.detach().double().cpu().numpy()
    contrast = head[label] - np.delete(head, label, axis=0).mean(0)
    columns = []
    for lstms, pull in zip((network.forwards, network.backwards), np.split(contrast, 2), strict=True):
        lstm, *deeper = lstms.children()
        if not isinstance(lstm, nn.LSTM):
            raise TypeError("an LSTM was expected")
        weight = lstm.get_parameter("weight_ih_l0").detach().double().cpu().numpy()
        for gate in np.split(vectors @ weight.T, 4, axis=1):
            columns += [np.linalg.norm(gate, axis=1), gate.sum(1)]
            # NOTE: with several layers the head reads the units of the last one, not these.
            columns += [] if deeper else [gate @ pull]
    return columns
