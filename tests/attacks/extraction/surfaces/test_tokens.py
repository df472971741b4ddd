"""Hugging Face classifiers: word pieces and byte pairs, made on the spot."""

import numpy as np
import pytest
import torch
from torch.nn.functional import one_hot

from privaudit.attacks.extraction.spec import SoftSurface
from privaudit.attacks.extraction.surfaces import open_surface
from privaudit.attacks.extraction.surfaces.texts import TextSurface
from privaudit.attacks.extraction.surfaces.tokens import TokenSurface
from privaudit.data.canaries.template import Slot, Template, numbered
from privaudit.errors import DataError
from privaudit.targets.huggingface import open_huggingface
from privaudit.targets.interface import ModelInfo
from privaudit.targets.onnx_model import open_onnx
from privaudit.targets.tokenizer import TokenEncoder
from privaudit.targets.torch_classifier import TorchClassifier

TEMPLATE = Template(
    "a fast ",
    (
        Slot(("cat", "dog", "bird"), " "),
        Slot(("sleeps", "sails", "runs", "river"), " the "),
        Slot(("boats", "trains")),
    ),
)


def everything(classifier, template):
    texts = [template.render(f) for f in numbered(template, np.arange(template.n_fillings))]
    return classifier.outputs(texts).logits


def check_all(surface, classifier, template):
    """Hard, soft and enumerated logits are those of the texts."""
    expected = everything(classifier, template)
    fillings = numbered(template, np.arange(template.n_fillings))
    weights = [one_hot(torch.from_numpy(fillings[:, s]), m).float() for s, m in enumerate(template.sizes)]
    assert expected.std(axis=0).min() > 1e-3
    np.testing.assert_allclose(surface.logits(fillings), expected, atol=1e-5)
    np.testing.assert_allclose(np.concatenate(list(surface.all_logits())), expected, atol=1e-5)
    np.testing.assert_allclose(np.concatenate(list(surface.all_logits(5, 9))), expected[5:9], atol=1e-5)
    np.testing.assert_allclose(surface.soft_logits(weights).detach().numpy(), expected, atol=1e-5)


@pytest.fixture
def bert(bert_dir) -> TorchClassifier:
    classifier = open_huggingface(bert_dir)
    louder(classifier.module)
    return classifier


def louder(module):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(5)


def test_word_pieces_of_two_tokens_are_a_grid(bert):
    surface = open_surface(bert, TEMPLATE)
    assert isinstance(surface, TokenSurface)
    assert isinstance(surface, SoftSurface)
    assert not surface.order_blind
    check_all(surface, bert, TEMPLATE)


def test_networks_that_number_positions_from_their_padding_agree(bert_dir):
    from transformers import AutoTokenizer, RobertaConfig, RobertaForSequenceClassification

    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=20, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=32, pad_token_id=0, type_vocab_size=1, num_labels=2,
    )  # fmt: skip
    module = RobertaForSequenceClassification(config)
    louder(module)
    encoder = TokenEncoder(AutoTokenizer.from_pretrained(bert_dir), 30, {"input_ids", "attention_mask"})
    classifier = TorchClassifier(module, encoder, None, ModelInfo("huggingface", "roberta", "", ()))
    surface = open_surface(classifier, TEMPLATE)
    assert isinstance(surface, TokenSurface)
    check_all(surface, classifier, TEMPLATE)


def test_a_network_without_a_way_in_for_embeddings_is_asked_about_texts(bert_dir):
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    class TokensOnly(BertForSequenceClassification):
        def forward(self, input_ids, attention_mask=None):
            return super().forward(input_ids=input_ids, attention_mask=attention_mask)

    config = BertConfig(
        vocab_size=20, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
    )
    encoder = TokenEncoder(AutoTokenizer.from_pretrained(bert_dir), 30, {"input_ids", "attention_mask"})
    classifier = TorchClassifier(TokensOnly(config), encoder, None, ModelInfo("huggingface", "bert", "", ()))
    assert type(open_surface(classifier, TEMPLATE)) is TextSurface


def test_gradients_are_those_of_finite_differences(bert):
    bert.module.double()
    surface = open_surface(bert, TEMPLATE)
    weights = [
        torch.rand(2, m, dtype=torch.float64, generator=torch.Generator().manual_seed(m))
        .softmax(1)
        .requires_grad_()
        for m in TEMPLATE.sizes
    ]
    assert torch.autograd.gradcheck(lambda *rows: surface.soft_logits(rows), weights, eps=1e-6, atol=1e-5)
    assert all(p.grad is None and p.requires_grad for p in bert.module.parameters())


def test_candidates_of_different_lengths_are_asked_as_texts(bert):
    template = Template("the ", (Slot(("boat", "trains"), " sails"),))
    surface = open_surface(bert, template)
    assert type(surface) is TextSurface
    np.testing.assert_allclose(np.concatenate(list(surface.all_logits())), everything(bert, template))


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (Template("the ", (Slot(("cat", "zebra")),)), "'zebra' of slot 1"),
        (Template("the ", (Slot(("cat", "CAT")),)), "'cat' and 'CAT' of slot 1"),
        (Template("the cat", (Slot(("s", "er")),)), None),
        (Template("the ca", (Slot(("t", "ts")),)), "'the ca'"),
        (Template("the " * 30, (Slot(("cat", "dog")),)), "Slot 1 lies beyond the 32 tokens"),
    ],
)
def test_templates_that_the_tokenizer_reads_otherwise(bert, fails, template, words):
    if words is None:
        assert isinstance(open_surface(bert, template), TokenSurface)  # a new piece, and the prefix stays
    else:
        assert words in fails(DataError, open_surface, bert, template)


def test_a_space_that_byte_pairs_give_to_the_next_word_is_no_other_prefix(fails):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<pad>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(["my pin code is 0 1 2 3 4 5 6 7 8 9"] * 5, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=300, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    module = BertForSequenceClassification(config)
    louder(module)
    encoder = TokenEncoder(fast, 40, {"input_ids", "attention_mask"})
    classifier = TorchClassifier(module, encoder, None, ModelInfo("huggingface", "bert", "", ()))
    digits = tuple("0123456789")
    template = Template("my pin code is ", (Slot(digits, " "), Slot(digits)))
    assert len(fast("my pin code is ")["input_ids"]) == 1 + len(fast("my pin code is")["input_ids"])
    surface = open_surface(classifier, template)
    assert isinstance(surface, TokenSurface)
    check_all(surface, classifier, template)
    split = Template("my pin co", (Slot(("de", "da")),))
    assert "'my pin co'" in fails(DataError, open_surface, classifier, split)


def test_an_onnx_model_is_asked_about_texts_that_its_tokenizer_reads(onnx_file, tokenizer_dir, fails):
    classifier = open_onnx(onnx_file, tokenizer_dir)
    surface = open_surface(classifier, TEMPLATE)
    assert type(surface) is TextSurface
    np.testing.assert_allclose(np.concatenate(list(surface.all_logits())), everything(classifier, TEMPLATE))
    unknown = Template("the ", (Slot(("cat", "zebra")),))
    assert "'zebra'" in fails(DataError, open_surface, classifier, unknown)
