from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from privaudit.errors import ModelError
from privaudit.targets.interface import HasFeatures, HasGradients, HasVocabulary, ModelInfo, TextClassifier
from privaudit.targets.torch_classifier import TorchClassifier, VocabularyTorchClassifier

INFO = ModelInfo("state-dict", "test", "test", ())
SIZE = 30


def encode(texts):
    rows = [[sum(map(ord, word)) % (SIZE - 2) + 2 for word in text.split()] or [1] for text in texts]
    longest = max(map(len, rows))
    return torch.tensor([row + [0] * (longest - len(row)) for row in rows])


class Bag(nn.Module):
    """Two embedding tables, one read by an EmbeddingBag; tied and frozen parameters on request."""

    def __init__(self, *, tied=False, bag_mode="mean", padding_idx=0, frozen=False):
        super().__init__()
        self.words = nn.Embedding(SIZE, 6, padding_idx=padding_idx)
        self.bag = nn.EmbeddingBag(SIZE, 6, mode=bag_mode, padding_idx=padding_idx)
        self.inner = nn.Linear(6, SIZE, bias=False)
        self.down = nn.Linear(SIZE, 6)
        self.head = nn.Linear(6, 3)
        if tied:
            self.inner.weight = self.words.weight
        if frozen:
            self.words.requires_grad_(False)

    def forward(self, tokens):
        mask = (tokens > 0).unsqueeze(-1).float()
        mean = (self.words(tokens) * mask).sum(1) / mask.sum(1)
        return self.head(torch.tanh(self.down(torch.tanh(self.inner(mean + self.bag(tokens))))))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(SIZE, 5)
        self.lstm = nn.LSTM(5, 4, batch_first=True)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(4, 3)

    def forward(self, tokens):
        return self.head(self.drop(self.lstm(self.words(tokens))[0][:, 0]))


def classifier(module, encoder=encode, labels=("a", "b", "c"), **options):
    return TorchClassifier(module, encoder, labels, INFO, **options)


TEXTS = ["one two two", "three", "four four four four five", "", "six seven eight nine ten eleven"]


def naive_norms(module, texts, labels):
    """Double precision, dense gradients, one record at a time."""
    module = module.double()
    norms = []
    for text, label in zip(texts, labels, strict=True):
        module.zero_grad()
        nn.functional.cross_entropy(module(encode([text])), torch.tensor([label])).backward()
        norms.append(float(sum((p.grad**2).sum() for p in module.parameters() if p.grad is not None)) ** 0.5)
    return np.array(norms)


@pytest.mark.parametrize(
    "build",
    [
        Bag,
        lambda: Bag(tied=True),
        lambda: Bag(bag_mode="sum"),
        lambda: Bag(bag_mode="max"),
        lambda: Bag(padding_idx=3),
        lambda: Bag(padding_idx=None),
        lambda: Bag(frozen=True),
        Recurrent,
    ],
    ids=["two-tables", "tied", "sum", "max", "padding-inside", "no-padding", "frozen", "recurrent"],
)
def test_gradient_norms_equal_the_naive_loop(build):
    torch.manual_seed(1)
    module = build()
    labels = np.array([0, 1, 2, 0, 1])
    fast = classifier(module).gradient_norms(TEXTS, labels)
    np.testing.assert_allclose(fast, naive_norms(module, TEXTS, labels), rtol=1e-4)
    assert not any(getattr(layer, "sparse", False) for layer in module.modules())
    assert all(p.grad is None or p.dtype == torch.float64 for p in module.parameters())


def test_scaled_embeddings_keep_dense_gradients():
    torch.manual_seed(0)
    module = Bag()
    module.words.scale_grad_by_freq = True
    labels = np.array([0, 1, 2, 0, 1])
    fast = classifier(module).gradient_norms(TEXTS, labels)
    np.testing.assert_allclose(fast, naive_norms(module, TEXTS, labels), rtol=1e-4)


def test_gradient_norms_of_sure_records_do_not_tie_at_zero():
    torch.manual_seed(0)
    module = Bag()
    with torch.no_grad():
        module.head.bias += torch.tensor([60.0, 0.0, 0.0])
    norms = classifier(module).gradient_norms(TEXTS, np.zeros(5, dtype=np.int64))
    assert (norms > 0).all()
    assert (norms < 1e-20).all()
    assert len(set(norms)) == 5


def test_no_trainable_parameter_is_an_error(fails):
    module = Bag().requires_grad_(False)
    fails(ModelError, classifier(module).gradient_norms, TEXTS, np.zeros(5, dtype=np.int64))


def test_dropout_is_off_and_training_mode_is_left():
    target = classifier(Recurrent().train())
    np.testing.assert_array_equal(target.outputs(TEXTS).logits, target.outputs(TEXTS).logits)


def test_outputs_equal_the_module_in_input_order():
    torch.manual_seed(0)
    module = Bag()
    texts = [" ".join(["word"] * (1 + 7 * i % 40)) + f" w{i}" for i in range(600)]
    expected = torch.cat([module(encode([text])) for text in texts]).detach().numpy()
    outputs = classifier(module).outputs(texts, features=True)
    np.testing.assert_allclose(outputs.logits, expected, atol=1e-6)
    assert outputs.features.shape == (600, 6)
    assert outputs.features.dtype == np.float32


@pytest.mark.parametrize(
    "wrap",
    [
        lambda x: x,
        lambda x: SimpleNamespace(logits=x),
        lambda x: {"logits": x},
        lambda x: (x, None),
        lambda x: [x, None],
    ],
)
def test_forms_of_output(wrap):
    class Wrapped(Bag):
        def forward(self, tokens):
            return wrap(super().forward(tokens))

    torch.manual_seed(0)
    assert classifier(Wrapped()).outputs(TEXTS).logits.shape == (5, 3)


@pytest.mark.parametrize("form", [lambda x: x, lambda x: {"tokens": x}, lambda x: (x,), lambda x: [x]])
def test_forms_of_input(form):
    target = classifier(Bag(), lambda texts: form(encode(texts)))
    assert target.outputs(TEXTS).logits.shape == (5, 3)


def test_head_is_found_among_several_linear_layers():
    module = Bag()
    head = classifier(module).head()
    np.testing.assert_allclose(head.weight, module.head.weight.detach().numpy())
    np.testing.assert_allclose(head.bias, module.head.bias.detach().numpy())


class Scaled(Bag):
    def forward(self, tokens):
        return super().forward(tokens).mul_(2)


class Normalised(Bag):
    def forward(self, tokens):
        return torch.log_softmax(super().forward(tokens), -1)


@pytest.mark.parametrize("build", [Scaled, Normalised])
def test_no_head_where_something_follows_the_last_layer(build):
    target = classifier(build())
    assert target.head() is None
    assert target.outputs(TEXTS, features=True).features is None


def test_capabilities_are_honest():
    plain = classifier(Bag())
    worded = VocabularyTorchClassifier(
        Bag(), encode, None, INFO,
        vocabulary=lambda texts: (np.zeros(len(texts), dtype=np.int64), np.ones(len(texts), dtype=np.int64)),
    )  # fmt: skip
    assert isinstance(plain, (TextClassifier, HasFeatures, HasGradients))
    assert not isinstance(plain, HasVocabulary)
    assert isinstance(worded, HasVocabulary)
    assert worded.labels == ("0", "1", "2")
    assert worded.unknown_words(TEXTS)[1].tolist() == [1] * 5


def test_parameters_are_counted_once():
    module = Bag(tied=True)
    assert classifier(module).info.parameters == sum(p.numel() for p in module.parameters())


class Returns(nn.Module):
    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, tokens):
        return self.answer(tokens)


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (lambda t: torch.zeros(len(t), 4), "4 logits for 3 labels"),
        (lambda t: torch.zeros(len(t), 1), "[2, 1]"),
        (lambda t: torch.zeros(len(t)), "shape [2]"),
        (lambda t: torch.zeros(len(t), 5, 3), "shape [2, 5, 3]"),
        (lambda _: torch.zeros(1, 3), "shape [1, 3]"),
        (lambda t: torch.zeros(len(t), 3, dtype=torch.long), "torch.int64"),
        (lambda _: None, "NoneType"),
        (lambda t: {"scores": t}, "NoneType"),
        (lambda t: t["missing"], "IndexError"),
        (lambda _: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_wrong_outputs_are_told(fails, answer, part):
    assert part in fails(ModelError, classifier, Returns(answer))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_non_finite_logits_are_counted(fails, value):
    target = classifier(
        Returns(lambda t: torch.where(t[:, :3] == 0, value, 1.0) if t.shape[1] > 2 else torch.ones(2, 3))
    )
    message = fails(ModelError, target.outputs, ["a b c", "a b", "a", "c c c"])
    assert "2 of 4" in message
    assert "first for record 2" in message


def test_failing_encoder_is_told(fails):
    def encoder(_):
        raise ValueError("bad\ntext")

    assert "ValueError: bad text" in fails(ModelError, classifier, Bag(), encoder)
