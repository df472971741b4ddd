import pytest
import torch

from privaudit.training.architectures import build
from privaudit.training.architectures.transformer import positions
from privaudit.training.recipe import Recipe
from privaudit.training.text import PAD, Vocabulary, WordEncoder

NAMES = ["bow", "cnn", "bilstm", "transformer"]
TEXTS = ["play", "rain in the cold wind now", "", "book a table for dinner please , today !", "unheard words"]


def network(name, vocabulary, embeddings="words", **overrides):
    torch.manual_seed(0)
    recipe = Recipe.for_architecture(name, width=12, embeddings=embeddings, **overrides)
    return build(recipe, len(vocabulary), 3).eval()


def inputs(encoder, texts):
    batch = encoder(texts)
    return batch if isinstance(batch, tuple) else (batch,)


@pytest.mark.parametrize("embeddings", ["words", "characters", "both"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_logits_depend_on_the_text_alone(name, layers, embeddings, vocabulary):
    module = network(name, vocabulary, embeddings, layers=layers)
    encoder = WordEncoder(vocabulary, characters=embeddings != "words")
    together = module(*inputs(encoder, TEXTS))
    alone = torch.cat([module(*inputs(encoder, [text])) for text in TEXTS])
    padded = module(*inputs(encoder, [*TEXTS, "rain " * 50]))[: len(TEXTS)]
    assert together.shape == (len(TEXTS), 3)
    assert torch.isfinite(together).all()
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)
    torch.testing.assert_close(together, padded, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_padding_gets_no_gradient_and_every_parameter_gets_one(name, vocabulary):
    module = network(name, vocabulary, "both", layers=2)
    logits = module(*inputs(WordEncoder(vocabulary, characters=True), TEXTS))
    logits.square().sum().backward()
    for parameter_name, parameter in module.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert parameter.grad.abs().sum() > 0, parameter_name
    assert module.embedding.words.weight.grad[PAD].abs().sum() == 0
    assert module.embedding.characters.table.weight.grad[PAD].abs().sum() == 0


@pytest.mark.parametrize("name", NAMES)
def test_the_seam_ignores_what_stands_at_padding(name, vocabulary):
    module = network(name, vocabulary)
    (tokens,) = inputs(WordEncoder(vocabulary), TEXTS)
    mask = tokens != PAD
    embedded = module.embed(tokens)
    noisy = torch.where(mask.unsqueeze(-1), embedded, torch.full_like(embedded, 7.0))
    torch.testing.assert_close(module.classify_embedded(noisy, mask), module(tokens))


@pytest.mark.parametrize("name", NAMES)
def test_a_mixture_of_word_vectors_has_a_gradient(name, vocabulary):
    module = network(name, vocabulary)
    weights = torch.rand(2, 5, len(vocabulary), requires_grad=True)
    mixture = weights.softmax(-1) @ module.embedding.words.weight
    module.classify_embedded(mixture, torch.ones(2, 5, dtype=torch.bool)).sum().backward()
    assert weights.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("name", "sees_order"), [("bow", False), ("cnn", True), ("bilstm", True), ("transformer", True)]
)
def test_only_the_bag_of_words_is_blind_to_order(name, sees_order, vocabulary):
    module = network(name, vocabulary)
    encoder = WordEncoder(vocabulary)
    texts = ["rain in the cold wind", "wind cold the in rain"]
    first, second = module(*inputs(encoder, texts))
    assert torch.allclose(first, second, atol=1e-6) is not sees_order


@pytest.mark.parametrize("name", NAMES)
def test_dropout_acts_in_training_only(name, vocabulary):
    module = network(name, vocabulary, dropout=0.5)
    (tokens,) = inputs(WordEncoder(vocabulary), TEXTS)
    assert torch.equal(module(tokens), module(tokens))
    module.train()
    assert not torch.allclose(module(tokens), module(tokens))


def test_bag_of_words_is_the_mean_of_the_vectors(vocabulary):
    module = network("bow", vocabulary)
    rows = [vocabulary.number(word) for word in ("rain", "rain", "wind")]
    expected = module.head(module.embedding.words.weight[rows].mean(0))
    torch.testing.assert_close(
        module(*inputs(WordEncoder(vocabulary), ["rain rain wind", "a a a a a"]))[0], expected
    )


def test_cnn_equals_a_loop_over_windows(vocabulary):
    module = network("cnn", vocabulary)
    text = "rain in the cold wind now"
    (tokens,) = inputs(WordEncoder(vocabulary), [text, "a " * 30])
    vectors = module.embedding.words.weight[tokens[0, :6]]
    features = []
    for convolution in module.convolutions:
        size = convolution.kernel_size[0]
        extended = torch.cat((vectors, torch.zeros(size - 1, vectors.shape[1])))
        answers = [
            torch.einsum("wd,fdw->f", extended[i : i + size], convolution.weight) + convolution.bias
            for i in range(6)
        ]
        features.append(torch.stack(answers).relu().amax(0))
    torch.testing.assert_close(module(tokens)[0], module.head(torch.cat(features)))


def test_bilstm_equals_torchs_bidirectional_lstm_on_packed_sequences(vocabulary):
    module = network("bilstm", vocabulary)
    oracle = torch.nn.LSTM(12, 12, batch_first=True, bidirectional=True)
    for suffix, layer in (("", module.forwards[0]), ("_reverse", module.backwards[0])):
        for name, value in layer.named_parameters():
            getattr(oracle, name + suffix).data.copy_(value)
    (tokens,) = inputs(WordEncoder(vocabulary), TEXTS)
    mask = tokens != PAD
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        module.embed(tokens), mask.sum(1), batch_first=True, enforce_sorted=False
    )
    states, _ = torch.nn.utils.rnn.pad_packed_sequence(
        oracle(packed)[0], batch_first=True, padding_value=-torch.inf
    )
    torch.testing.assert_close(module(tokens), module.head(states.amax(1)))


def test_positions_differ_and_stay_in_range():
    table = positions(300, 13, torch.zeros(()))
    assert table.shape == (300, 13)
    assert table.abs().max() <= 1
    assert torch.cdist(table, table)[~torch.eye(300, dtype=torch.bool)].min() > 1e-3


@pytest.mark.parametrize("width", [1, 2, 3, 5, 6, 8])
def test_any_width_builds(width):
    for name in NAMES:
        recipe = Recipe.for_architecture(name, width=width, embeddings="both")
        module = build(recipe, 4, 2).eval()
        tokens, spellings = WordEncoder(Vocabulary(("a", "b")), characters=True)(["a b", "c"])
        assert module(tokens, spellings).shape == (2, 2)


def test_a_network_of_characters_needs_spellings(vocabulary):
    with pytest.raises(ValueError, match="spellings"):
        network("bow", vocabulary, "characters")(torch.tensor([[2]]))


def test_spelling_tells_apart_unknown_words(vocabulary):
    encoder = WordEncoder(vocabulary, characters=True)
    tokens, spellings = encoder(["qwertz", "yxcvbn"])
    assert torch.equal(tokens[0], tokens[1])
    first, second = network("bow", vocabulary, "characters")(tokens, spellings)
    assert not torch.allclose(first, second)


def test_a_pretrained_encoder_is_not_built():
    with pytest.raises(ValueError, match="loaded"):
        build(Recipe.for_architecture("hf:x"), 4, 2)
