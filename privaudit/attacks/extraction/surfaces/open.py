"""Picks the surface that shares most between the fillings of a template."""

import torch

from privaudit.attacks.extraction.spec import Surface
from privaudit.attacks.extraction.surfaces.bilstm import BilstmSurface
from privaudit.attacks.extraction.surfaces.bow import BowSurface
from privaudit.attacks.extraction.surfaces.checks import check_distinct, check_known, check_prefix
from privaudit.attacks.extraction.surfaces.cnn import CnnSurface
from privaudit.attacks.extraction.surfaces.grid import Probes, TokenGrid, align
from privaudit.attacks.extraction.surfaces.readers import Reader, reader_of
from privaudit.attacks.extraction.surfaces.texts import TextSurface
from privaudit.attacks.extraction.surfaces.tokens import TokenSurface
from privaudit.attacks.extraction.surfaces.vectors import frozen
from privaudit.attacks.extraction.surfaces.words import WordSurface, word_vectors
from privaudit.data.canaries.template import Template
from privaudit.targets.interface import HasVocabulary, TextClassifier
from privaudit.targets.tokenizer import TokenEncoder
from privaudit.targets.torch_classifier import TorchClassifier
from privaudit.training.architectures import WordNetwork
from privaudit.training.architectures.bilstm import BiLstm
from privaudit.training.architectures.bow import BagOfWords
from privaudit.training.architectures.cnn import KimCnn
from privaudit.training.text import WordEncoder


def open_surface(
    classifier: TextClassifier,
    template: Template,
    *,
    device: str | None = None,
    exact_texts: bool = False,
) -> Surface:
    """``classifier`` seen through ``template``.

    Word-level networks and Hugging Face encoders give a :class:`SoftSurface` where every token of the texts
    is fixed or decided by one slot. Any other model, and a template whose candidates join into one token,
    gives a surface that asks about texts.

    Args:
        classifier: the model.
        template: with the model's own kind of words in its slots.
        device: where a network computes; None is where it is now.
        exact_texts: ask about texts in any case.

    Raises:
        DataError: the model does not know candidates, reads two of them alike, does not read a slot, or its
            tokenizer splits the prefix otherwise in context.
        ModelError: the model fails on the texts.
    """
    reader, probes = reader_of(classifier), Probes(template)
    if reader is None and isinstance(classifier, HasVocabulary):
        check_known(probes, classifier.unknown_words)
    grid = None if reader is None else _grid(reader, probes)
    if grid is None or exact_texts or not isinstance(classifier, TorchClassifier):
        return TextSurface(classifier, template)
    place = classifier.device if device is None else torch.device(device)
    module, encoder = classifier.module, classifier.encoder
    if isinstance(module, WordNetwork) and isinstance(encoder, WordEncoder):
        return _words(frozen(module, place), encoder, template, grid)
    if isinstance(encoder, TokenEncoder):
        from transformers import PreTrainedModel

        if isinstance(module, PreTrainedModel):
            others = encoder([probes.alone[0][0]])
            del others["input_ids"]
            surface = TokenSurface(frozen(module, place), template, grid, others)
            if surface.accepts_mixtures():
                return surface
    return TextSurface(classifier, template)


def _grid(reader: Reader, probes: Probes) -> TokenGrid | None:
    """The template's grid, once it is clear that the model reads it as it is meant."""
    check_prefix(probes, reader)
    if reader.unknown is not None:
        check_known(probes, reader.unknown)
    alone = [reader.read(texts) for texts in probes.alone]
    check_distinct(probes, alone, reader)
    return align(alone, reader.read(probes.drawn_texts), probes.drawn)


def _words(network: WordNetwork, encoder: WordEncoder, template: Template, grid: TokenGrid) -> WordSurface:
    vectors = word_vectors(network, encoder, grid)
    if isinstance(network, BagOfWords):
        return BowSurface(network, template, vectors)
    if isinstance(network, KimCnn):
        return CnnSurface(network, template, vectors)
    if isinstance(network, BiLstm) and len(network.forwards) == 1:
        return BilstmSurface(network, template, vectors)
    return WordSurface(network, template, vectors)
