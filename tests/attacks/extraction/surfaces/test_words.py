"""What holds for the surface of every word-level network."""

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import one_hot

from privaudit.attacks.extraction.spec import SoftSurface, Surface
from privaudit.attacks.extraction.surfaces import open_surface
from privaudit.attacks.extraction.surfaces.bilstm import BilstmSurface
from privaudit.attacks.extraction.surfaces.bow import BowSurface
from privaudit.attacks.extraction.surfaces.cnn import CnnSurface
from privaudit.attacks.extraction.surfaces.texts import TextSurface
from privaudit.attacks.extraction.surfaces.words import WordSurface
from privaudit.data.canaries.template import Slot, Template, draw_fillings, numbered

NETWORKS = [("bow", 1), ("cnn", 1), ("bilstm", 1), ("bilstm", 2), ("transformer", 2)]
EMBEDDINGS = ["words", "characters", "both"]
TEMPLATES = ["digits", "long", "one-slot", "mixed"]

every_network = pytest.mark.parametrize(("architecture", "layers"), NETWORKS)
every_template = pytest.mark.parametrize("name", TEMPLATES)


def all_fillings(template):
    return numbered(template, np.arange(template.n_fillings))


def asked(classifier, template, fillings):
    return classifier.outputs([template.render(filling) for filling in fillings]).logits


def one_hots(template, fillings):
    return [one_hot(torch.from_numpy(fillings[:, s]), size).float() for s, size in enumerate(template.sizes)]


@every_template
@pytest.mark.parametrize("embeddings", EMBEDDINGS)
@every_network
def test_logits_are_those_of_the_texts(classifier_of, templates, architecture, layers, embeddings, name):
    classifier, template = classifier_of(architecture, embeddings, layers=layers), templates[name]
    surface = open_surface(classifier, template)
    assert isinstance(surface, Surface)
    assert isinstance(surface, SoftSurface)
    assert isinstance(surface, WordSurface)
    fillings = draw_fillings(template, 40, np.random.default_rng(3))
    expected = asked(classifier, template, fillings)
    assert expected.std(axis=0).min() > 0.01
    np.testing.assert_allclose(surface.logits(fillings), expected, atol=1e-5, rtol=1e-5)
    soft = surface.soft_logits(one_hots(template, fillings)).numpy()
    np.testing.assert_allclose(soft, expected, atol=1e-5, rtol=1e-5)


@every_template
@pytest.mark.parametrize("embeddings", EMBEDDINGS)
@every_network
def test_all_logits_are_logits(classifier_of, templates, architecture, layers, embeddings, name):
    template = templates[name]
    surface = open_surface(classifier_of(architecture, embeddings, layers=layers), template)
    expected = surface.logits(all_fillings(template))
    found = np.concatenate(list(surface.all_logits()))
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.parametrize(
    ("rows", "name"), [(1, "mixed"), (7, "mixed"), (30, "mixed"), (30, "digits"), (1, "one-slot")]
)
@every_network
def test_small_boxes_and_ranges_give_the_same(classifier_of, templates, architecture, layers, rows, name):
    template = templates[name]
    surface = open_surface(classifier_of(architecture, layers=layers), template)
    n = template.n_fillings
    expected = surface.logits(all_fillings(template))
    surface.rows = rows
    for start, stop in [(0, n), (n // 3, n // 3 + min(20, n // 2)), (n - 1, None), (1, 1)]:
        parts = list(surface.all_logits(start, stop))
        assert all(0 < len(part) <= rows for part in parts)
        found = np.concatenate([np.empty((0, 3)), *parts])
        np.testing.assert_allclose(found, expected[start:stop], atol=2e-5)


@every_network
def test_a_range_at_the_end_of_ten_digits_is_quick(classifier_of, architecture, layers):
    digits = tuple("0123456789")
    template = Template("my pin code is ", tuple(Slot(digits, " ") for _ in range(10)))
    surface = open_surface(classifier_of(architecture, layers=layers), template)
    start = template.n_fillings - 12_345
    found = np.concatenate(list(surface.all_logits(start, start + 300)))
    expected = surface.logits(numbered(template, np.arange(start, start + 300)))
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_ranges_outside_the_fillings_are_refused_at_once(classifier_of, templates):
    surface = open_surface(classifier_of("bilstm"), templates["digits"])
    with pytest.raises(ValueError, match="not within"):
        surface.all_logits(0, 1001)


@every_network
def test_gradients_are_those_of_finite_differences(classifier_of, templates, architecture, layers):
    template = templates["mixed"]
    classifier = classifier_of(architecture, "both", layers=layers, width=6, double=True)
    surface = open_surface(classifier, template)
    generator = torch.Generator().manual_seed(0)
    weights = [
        torch.rand(2, size, generator=generator, dtype=torch.float64).softmax(1).requires_grad_()
        for size in template.sizes
    ]
    assert torch.autograd.gradcheck(lambda *rows: surface.soft_logits(rows), weights, eps=1e-6, atol=1e-5)


@every_network
def test_a_gradient_by_the_mixtures_leaves_the_classifier_alone(
    classifier_of, templates, architecture, layers
):
    classifier, template = classifier_of(architecture, layers=layers), templates["digits"]
    surface = open_surface(classifier, template)
    weights = [torch.full((4, size), 0.1, requires_grad=True) for size in template.sizes]
    surface.soft_logits(weights).square().sum().backward()
    assert all(weight.grad.abs().sum() > 0 for weight in weights)
    assert all(p.grad is None and p.requires_grad for p in classifier.module.parameters())


def test_a_mixture_is_a_mixture_of_vectors(classifier_of, templates):
    """For a bag of words, whose logits are linear in the vectors, that is a mixture of logits."""
    template = templates["one-slot"]
    surface = open_surface(classifier_of("bow", "both"), template)
    weights = torch.tensor([[0.2, 0.3, 0.5]])
    hard = surface.logits(all_fillings(template))
    np.testing.assert_allclose(surface.soft_logits([weights]).numpy(), weights.numpy() @ hard, atol=1e-5)


@pytest.mark.parametrize(
    ("architecture", "layers", "kind"),
    [
        ("bow", 1, BowSurface),
        ("cnn", 1, CnnSurface),
        ("bilstm", 1, BilstmSurface),
        ("bilstm", 2, WordSurface),
        ("transformer", 1, WordSurface),
    ],
)
def test_each_architecture_has_its_surface(classifier_of, templates, architecture, layers, kind):
    classifier = classifier_of(architecture, layers=layers)
    assert type(open_surface(classifier, templates["digits"])) is kind
    assert type(open_surface(classifier, templates["digits"], exact_texts=True)) is TextSurface


def test_only_a_bag_of_words_with_equal_slots_is_blind_to_order(classifier_of, templates):
    blind = {
        (architecture, name): open_surface(classifier_of(architecture), templates[name]).order_blind
        for architecture in ("bow", "cnn", "bilstm", "transformer")
        for name in TEMPLATES
    }
    assert [key for key, value in blind.items() if value] == [("bow", "digits")]
    surface = open_surface(classifier_of("bow"), templates["digits"])
    first, second = surface.logits(np.array([[1, 2, 3], [3, 1, 2]]))
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_no_fillings_have_no_logits(classifier_of, templates):
    surface = open_surface(classifier_of("cnn"), templates["digits"])
    assert surface.logits(np.zeros((0, 3), dtype=np.int64)).shape == (0, 3)
    assert list(surface.all_logits(5, 5)) == []


def lstm_states(vectors, weight_ih, weight_hh, bias):
    """An LSTM as the textbook has it, one text, in double precision (Hochreiter and Schmidhuber 1997)."""
    size = weight_hh.shape[1]
    hidden, cell, states = np.zeros(size), np.zeros(size), []
    for vector in vectors:
        let_in, kept, new, shown = np.split(weight_ih @ vector + weight_hh @ hidden + bias, 4)
        cell = cell / (1 + np.exp(-kept)) + np.tanh(new) / (1 + np.exp(-let_in))
        hidden = np.tanh(cell) / (1 + np.exp(-shown))
        states.append(hidden)
    return np.array(states)


@every_template
def test_the_tree_of_a_bilstm_is_a_textbook_lstm(classifier_of, templates, name):
    template = templates[name]
    classifier = classifier_of("bilstm", width=5)
    surface = open_surface(classifier, template)
    module, encoder = classifier.module, classifier.encoder
    found = np.concatenate(list(surface.all_logits()))
    for number in np.random.default_rng(0).choice(template.n_fillings, min(20, template.n_fillings), False):
        (filling,) = numbered(template, np.array([number]))
        vectors = module.embed(encoder([template.render(filling)]))[0].detach().double().numpy()
        tops = []
        for lstm, order in ((module.forwards[0], 1), (module.backwards[0], -1)):
            weight_ih, weight_hh, bias_ih, bias_hh = (p.detach().double().numpy() for p in lstm.parameters())
            tops.append(lstm_states(vectors[::order], weight_ih, weight_hh, bias_ih + bias_hh).max(0))
        weight, bias = (p.detach().double().numpy() for p in module.head.parameters())
        np.testing.assert_allclose(found[number], weight @ np.concatenate(tops) + bias, atol=2e-5)


def test_the_tree_of_a_bilstm_takes_the_steps_that_fillings_share(classifier_of, monkeypatch):
    """10 + 100 + 1,000 + 10,000 forwards and backwards in the slots, 10,000 per prefix word backwards."""
    digits = tuple("0123456789")
    template = Template("my pin code is ", (*(Slot(digits, " ") for _ in range(3)), Slot(digits)))
    surface = open_surface(classifier_of("bilstm", width=2), template)
    steps = 0
    advance = type(surface._ahead)._advance

    def counted(self, state, gates):
        nonlocal steps
        steps += gates.shape[1]
        advance(self, state, gates)

    monkeypatch.setattr(type(surface._ahead), "_advance", counted)
    parts = list(surface.all_logits())
    assert sum(map(len, parts)) == 10_000
    # NOTE: each box takes the first digits' states again, one per box and level.
    assert 62_220 <= steps <= 62_220 + 3 * len(parts)


def test_states_that_a_bilstm_keeps_are_bounded(classifier_of, templates, monkeypatch):
    from privaudit.attacks.extraction.surfaces import bilstm

    template = templates["digits"]
    surface = open_surface(classifier_of("bilstm"), template)
    expected = surface.logits(all_fillings(template))
    for kept in (1, 10, 100):
        monkeypatch.setattr(bilstm, "CACHE_BYTES", kept * 3 * 4 * 12)
        slot, ends = surface._ends(1000)
        assert ends.hidden.shape == (12, kept)
        assert math.prod(template.sizes[slot:]) == kept
        found = np.concatenate(list(surface.all_logits()))
        np.testing.assert_allclose(found, expected, atol=2e-5)
