import pytest
import torch
from torch.nn import functional

from privaudit.training.architectures import build
from privaudit.training.private.gradients import RowGradient, clipped_sum, factors_of
from privaudit.training.private.settings import PrivateTraining
from privaudit.training.recipe import Recipe

WORDS, CLASSES = 1500, 4


def make_batch(n, length=11, seed=0, known=40, characters=False):
    """Texts with repeated words and padding."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, length + 1, (n,), generator=generator)
    lengths[:1] = length
    mask = torch.arange(length) < lengths[:, None]
    tokens = torch.randint(1, known, (n, length), generator=generator) * mask
    labels = torch.randint(0, CLASSES, (n,), generator=generator)
    if not characters:
        return (tokens,), labels
    spellings = torch.randint(1, 257, (n, length, 7), generator=generator)
    spelled = torch.arange(7) < torch.randint(1, 8, (n, length, 1), generator=generator)
    return (tokens, spellings * spelled * mask.unsqueeze(2)), labels


def make(architecture, **overrides):
    torch.manual_seed(1)
    return build(Recipe.for_architecture(architecture, **({"width": 12} | overrides)), WORDS, CLASSES)


def of(inputs):
    return lambda module, part: module(*(x[part] for x in inputs))


@pytest.mark.parametrize("embeddings", ["words", "characters", "both"])
@pytest.mark.parametrize(
    ("architecture", "layers"),
    [("bow", 1), ("cnn", 1), ("bilstm", 1), ("bilstm", 2), ("transformer", 1), ("transformer", 2)],
)
def test_norms_and_sums_are_those_of_a_loop(check, architecture, layers, embeddings):
    inputs, labels = make_batch(9, characters=embeddings != "words")
    module = make(architecture, layers=layers, embeddings=embeddings)
    got = check(module, of(inputs), labels)
    if embeddings == "words":
        rows = got.gradients["embedding.words.weight"].rows
        assert rows.tolist() == sorted(set(inputs[0].flatten().tolist()) - {0})


@pytest.mark.parametrize("architecture", ["bow", "cnn", "bilstm", "transformer"])
@pytest.mark.parametrize(("n", "length", "known"), [(1, 6, 40), (1, 1, 40), (7, 1, 40), (5, 40, 3)])
def test_single_texts_single_words_and_long_repetitive_texts(check, architecture, n, length, known):
    inputs, labels = make_batch(n, length=length, known=known)
    # NOTE: a loop and a batch of one differ in nothing but the precision.
    module = make(architecture, width=6)
    if n == 1:
        losses = lambda: functional.cross_entropy(module(*inputs), labels, reduction="none")  # noqa: E731
        got = clipped_sum(module, losses, torch.ones_like)
        expected = torch.autograd.grad(losses().sum(), list(module.parameters()))
        norm = torch.stack([g.square().sum() for g in expected]).sum().sqrt()
        torch.testing.assert_close(got.norms, norm[None], rtol=1e-5, atol=0)
    else:
        check(module, of(inputs), labels)


@pytest.mark.parametrize("architecture", ["bow", "cnn", "bilstm", "transformer"])
def test_an_empty_batch_has_a_gradient_of_zeros(architecture):
    module = make(architecture)
    got = clipped_sum(module, lambda: torch.zeros(0), torch.ones_like)
    assert got.norms.shape == (0,)
    for name, parameter in module.named_parameters():
        gradient = got.gradients[name]
        dense = gradient.dense(WORDS) if isinstance(gradient, RowGradient) else gradient
        assert torch.equal(dense, torch.zeros_like(parameter))


@pytest.mark.parametrize("architecture", ["bow", "bilstm", "transformer"])
def test_a_batch_is_the_sum_of_its_parts(architecture):
    """Also with as many examples as there are positions, and for numbers that no vector register divides."""
    inputs, labels = make_batch(11, length=11)
    module = make(architecture)

    def sums(part):
        return clipped_sum(
            module,
            lambda: functional.cross_entropy(module(inputs[0][part]), labels[part], reduction="none"),
            lambda norms: 1 / (norms + 0.01),
        )

    whole, parts = sums(slice(None)), [sums(slice(0, 4)), sums(slice(4, 11))]
    torch.testing.assert_close(whole.norms, torch.cat([p.norms for p in parts]), rtol=1e-5, atol=0)
    for name, gradient in whole.gradients.items():
        added = [p.gradients[name] for p in parts]
        if isinstance(gradient, RowGradient):
            gradient, added = gradient.dense(WORDS), [g.dense(WORDS) for g in added]
        torch.testing.assert_close(gradient, added[0] + added[1], rtol=1e-4, atol=1e-6)


def test_dropout_is_drawn_as_in_plain_training():
    inputs, labels = make_batch(8)
    module = make("transformer", dropout=0.3).train()

    def losses():
        return functional.cross_entropy(module(*inputs), labels, reduction="none")

    torch.manual_seed(5)
    got = clipped_sum(module, losses, torch.ones_like)
    torch.manual_seed(5)
    expected = torch.autograd.grad(losses().sum(), module.head.weight)[0]
    torch.testing.assert_close(got.gradients["head.weight"], expected)


def test_frozen_parameters_are_left_out_of_norms_and_sums(check):
    inputs, labels = make_batch(6)
    for frozen in ("embedding", "attention_in", "expand.bias", "contract.weight", "head.bias"):
        module = make("transformer")
        for name, parameter in module.named_parameters():
            parameter.requires_grad_(frozen not in name)
        got = check(module, of(inputs), labels)
        assert not [name for name in got.gradients if frozen in name]
    lstm = make("bilstm")
    lstm.forwards.requires_grad_(requires_grad=False)
    lstm.embedding.requires_grad_(requires_grad=False)
    check(lstm, of(inputs), labels)


def test_it_also_works_where_gradients_are_switched_off():
    inputs, labels = make_batch(4)
    module = make("bow")
    with torch.no_grad():
        got = clipped_sum(
            module,
            lambda: functional.cross_entropy(module(*inputs), labels, reduction="none"),
            torch.ones_like,
        )
    assert (got.norms > 0).all()


@pytest.mark.parametrize("clipping", ["fixed", "automatic"])
def test_no_clipped_gradient_is_longer_than_the_limit(clipping):
    settings = PrivateTraining(noise_multiplier=1, sample_rate=0.1, steps=1, clip_norm=0.3, clipping=clipping)
    norms = torch.tensor([0.0, 1e-6, 0.1, 0.3, 2.0, 1e6])
    factors = factors_of(settings)(norms)
    assert (norms * factors <= 0.3 * (1 + 1e-6)).all()
    if clipping == "fixed":
        assert factors[:4].tolist() == [1, 1, 1, 1]
    else:
        torch.testing.assert_close(factors, 0.3 / (norms + 0.01))
    assert torch.isfinite(factors).all()


def test_gradients_can_be_changed_in_place():
    inputs, labels = make_batch(5)
    module = make("bilstm")
    got = clipped_sum(
        module, lambda: functional.cross_entropy(module(*inputs), labels, reduction="none"), torch.ones_like
    )
    plain = {name: g.clone() for name, g in got.gradients.items() if isinstance(g, torch.Tensor)}
    for gradient in plain:
        got.gradients[gradient].add_(1)
    for name, before in plain.items():
        torch.testing.assert_close(got.gradients[name], before + 1)
