"""Small networks of transformers, drawn at random from their configuration."""

import pytest
import torch

pytest.importorskip("transformers")

WORDS, CLASSES = 40, 3


def make_batch(n=5, length=9):
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(2, length + 1, (n,), generator=generator)
    lengths[0] = length
    mask = torch.arange(length) < lengths[:, None]
    tokens = torch.randint(2, 12, (n, length), generator=generator) * mask
    return tokens, mask.long(), torch.randint(0, CLASSES, (n,), generator=generator)


def logits_of(tokens, mask):
    return lambda module, part: module(input_ids=tokens[part], attention_mask=mask[part]).logits


SMALL = {"vocab_size": WORDS, "num_labels": CLASSES}


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(2)


@pytest.fixture
def bert():
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        **SMALL,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=16,
        type_vocab_size=2,
    )
    return BertForSequenceClassification(config).eval()


def test_bert_with_its_tables_of_positions_and_types_padding_and_pooler(check, bert):
    tokens, mask, labels = make_batch()
    got = check(bert, logits_of(tokens, mask), labels)
    assert got.gradients["bert.embeddings.position_embeddings.weight"].abs().sum(1)[:9].all()
    assert got.gradients["bert.embeddings.token_type_embeddings.weight"][0].any()
    # NOTE: one text, where what all share and what one has are the same.
    check_single(bert, tokens[:1], mask[:1], labels[:1])


def check_single(module, tokens, mask, labels):
    from torch.nn import functional

    from privaudit.training.private.gradients import clipped_sum

    def losses():
        return functional.cross_entropy(
            logits_of(tokens, mask)(module, slice(None)), labels, reduction="none"
        )

    got = clipped_sum(module, losses, torch.ones_like)
    expected = torch.autograd.grad(losses().sum(), list(module.parameters()))
    norm = torch.stack([g.square().sum() for g in expected]).sum().sqrt()
    torch.testing.assert_close(got.norms, norm[None], rtol=1e-5, atol=0)


def test_bert_of_which_only_a_part_is_trained(check, bert):
    tokens, mask, labels = make_batch()
    for name, parameter in bert.named_parameters():
        parameter.requires_grad_("layer.0" not in name and "word_embeddings" not in name)
    check(bert, logits_of(tokens, mask), labels)


def test_gpt2_whose_linear_layers_are_transposed(check):
    from transformers import GPT2Config, GPT2ForSequenceClassification

    config = GPT2Config(**SMALL, n_embd=16, n_layer=2, n_head=2, n_positions=16, pad_token_id=0)
    module = GPT2ForSequenceClassification(config).eval()
    tokens, mask, labels = make_batch()
    check(module, logits_of(tokens, mask), labels)


def test_albert_which_uses_one_layer_many_times(check):
    from transformers import AlbertConfig, AlbertForSequenceClassification

    config = AlbertConfig(
        **SMALL,
        embedding_size=8,
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=16,
        classifier_dropout_prob=0.0,
    )
    module = AlbertForSequenceClassification(config).eval()
    tokens, mask, labels = make_batch()
    check(module, logits_of(tokens, mask), labels)


def test_roberta_and_distilbert(check):
    from transformers import (
        DistilBertConfig,
        DistilBertForSequenceClassification,
        RobertaConfig,
        RobertaForSequenceClassification,
    )

    tokens, mask, labels = make_batch()
    roberta = RobertaConfig(
        **SMALL,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=20,
        pad_token_id=0,
    )
    check(RobertaForSequenceClassification(roberta).eval(), logits_of(tokens, mask), labels)
    distilbert = DistilBertConfig(
        **SMALL, dim=16, n_layers=1, n_heads=2, hidden_dim=24, max_position_embeddings=16
    )
    check(
        DistilBertForSequenceClassification(distilbert).eval(), logits_of(tokens, mask), labels, relative=1e-5
    )
