"""Evidence of words: what it holds, what leaves it alone, and what it is worth."""

import numpy as np
import pytest
import torch

from privaudit.attacks.extraction.word_evidence import main_effects, word_evidence
from privaudit.data.canaries.template import Slot, Template
from privaudit.training.architectures import build
from privaudit.training.recipe import Recipe
from privaudit.training.text import Vocabulary, WordEncoder

LETTERS = ("a", "b", "c")
TEMPLATE = Template("the code is ", (Slot(LETTERS, " "), Slot(LETTERS)))
ENCODER = WordEncoder(Vocabulary(("the", "code", "is", *LETTERS)))


def network_of(architecture, **options):
    torch.manual_seed(0)
    recipe = Recipe.for_architecture(architecture, width=8, **options)
    return build(recipe, len(ENCODER.vocabulary), 3).eval()


def evidence_of(network, margins=None, label=1, template=TEMPLATE):
    return word_evidence(network, ENCODER, template, label, np.arange(9.0) if margins is None else margins)


@pytest.mark.parametrize(
    ("architecture", "layers", "columns"),
    [("bow", 1, 13), ("cnn", 1, 13), ("bilstm", 1, 37), ("bilstm", 2, 29), ("transformer", 1, 13)],
)
def test_shape(architecture, layers, columns):
    """7 sizes, 5 products with a prefix of 3 words, the margin; 12 of the gates of a direction, or 8."""
    evidence = evidence_of(network_of(architecture, layers=layers))
    assert evidence.shape == (2, 3, columns)
    assert np.isfinite(evidence).all()


def test_main_effects_of_an_additive_table_are_its_parts():
    first, second = np.array([1.0, 2.0, 6.0]), np.array([5.0, 4.0, 0.0])
    effects = main_effects((first[:, None] + second).ravel(), (3, 3))
    np.testing.assert_allclose(effects, [first - 3, second - 3])


def test_only_the_margin_differs_between_slots():
    evidence = evidence_of(network_of("bilstm"))
    np.testing.assert_array_equal(evidence[0, :, :-1], evidence[1, :, :-1])
    assert (evidence[0, :, -1] != evidence[1, :, -1]).any()


def test_the_order_of_hidden_units_does_not_matter():
    network = network_of("bilstm")
    before = evidence_of(network)
    order = torch.randperm(8, generator=torch.Generator().manual_seed(1))
    rows = torch.cat([order + 8 * gate for gate in range(4)])
    with torch.no_grad():
        for lstm in (network.forwards[0], network.backwards[0]):
            lstm.weight_ih_l0.copy_(lstm.weight_ih_l0[rows])
        network.head.weight.copy_(network.head.weight[:, torch.cat((order, order + 8))])
    np.testing.assert_allclose(evidence_of(network), before, rtol=1e-5, atol=1e-7)


def test_a_longer_vector_shows_in_the_sizes_of_its_word_alone():
    network = network_of("bow")
    before = evidence_of(network)
    with torch.no_grad():
        network.embedding.words.weight[ENCODER.vocabulary.number("b")] *= 2
    ratio = evidence_of(network)[0, :, :5] / before[0, :, :5]
    np.testing.assert_allclose(ratio, np.array([1.0, 2.0, 1.0])[:, None] * np.ones(5), rtol=1e-5)


@pytest.mark.parametrize(
    "template",
    [
        Template("the code is ", (Slot(LETTERS, " "), Slot(("a", "b")))),
        Template("", (Slot(LETTERS, " "), Slot(LETTERS))),
        Template("the code is ", (Slot(("a a", "b", "c"), " "), Slot(("a a", "b", "c")))),
    ],
)
def test_other_templates_are_refused(template):
    with pytest.raises(ValueError, match="needs"):
        evidence_of(network_of("bow"), np.zeros(template.n_fillings), template=template)


def test_margins_of_another_template_are_refused():
    with pytest.raises(ValueError, match="a margin for each filling"):
        evidence_of(network_of("bow"), np.zeros(8))
