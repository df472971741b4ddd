import json
import pickle
import shutil

import numpy as np
import pytest
import torch

from privaudit.errors import ModelError, UnsafeModelError
from privaudit.targets.huggingface import open_huggingface
from privaudit.targets.interface import HasFeatures, HasGradients, HasVocabulary

EXAMPLES = {"bert": lambda request: (request.getfixturevalue("bert_dir"), {})}
"""What the contract tests open."""


def edit(path, **changes):
    content = json.loads(path.read_text())
    for key, value in changes.items():
        content.pop(key, None) if value is None else content.update({key: value})
    path.write_text(json.dumps(content))


def to_bin(folder, state=None):
    from safetensors.torch import load_file

    state = state or load_file(folder / "model.safetensors")
    torch.save(state, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def test_outputs_equal_transformers(bert_dir, texts):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    target = open_huggingface(bert_dir)
    model = AutoModelForSequenceClassification.from_pretrained(bert_dir).eval()
    tokenizer = AutoTokenizer.from_pretrained(bert_dir)
    with torch.no_grad():
        batch = tokenizer(texts, padding=True, return_tensors="pt")
        expected = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    np.testing.assert_allclose(target.outputs(texts).logits, expected.numpy(), atol=1e-5)
    assert isinstance(target, (HasFeatures, HasGradients))
    assert not isinstance(target, HasVocabulary)
    assert target.info.architecture == "BertForSequenceClassification"
    assert "32 tokens" in target.info.loader
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {file.name for file in target.info.files}


def test_every_file_that_the_tokenizer_reads_counts(bert_dir):
    before = open_huggingface(bert_dir).info
    (bert_dir / "special_tokens_map.json").write_text('{"unk_token": "[UNK]"}')
    after = open_huggingface(bert_dir).info
    assert {f.name for f in after.files} - {f.name for f in before.files} == {"special_tokens_map.json"}


def test_gradient_norms_equal_a_naive_loop(bert_dir):
    target = open_huggingface(bert_dir)
    texts, labels = ["the cat cat sleeps", "dog", ""], np.array([1, 0, 1])
    fast = target.gradient_norms(texts, labels)
    module = target.module
    for text, label, norm in zip(texts, labels, fast, strict=True):
        module.zero_grad()
        logits = module(**target.encoder([text])).logits
        torch.nn.functional.cross_entropy(logits, torch.tensor([label])).backward()
        naive = float(sum((p.grad**2).sum() for p in module.parameters() if p.grad is not None)) ** 0.5
        assert norm == pytest.approx(naive, rel=1e-4)


def test_safe_bin_opens_and_equals_safetensors(bert_dir, texts):
    before = open_huggingface(bert_dir).outputs(texts).logits
    to_bin(bert_dir)
    np.testing.assert_array_equal(open_huggingface(bert_dir).outputs(texts).logits, before)


@pytest.mark.parametrize("raw", [True, False])
def test_bin_with_code_is_refused_before_it_runs(bert_dir, fails, bomb, raw):
    to_bin(bert_dir, {"a": bomb})
    if raw:
        (bert_dir / "pytorch_model.bin").write_bytes(pickle.dumps(bomb))
    assert "posix.mkdir" in fails(UnsafeModelError, open_huggingface, bert_dir)


def test_sharded_weights_open(bert_dir, texts):
    from transformers import AutoModelForSequenceClassification

    before = open_huggingface(bert_dir).outputs(texts).logits
    model = AutoModelForSequenceClassification.from_pretrained(bert_dir)
    (bert_dir / "model.safetensors").unlink()
    model.save_pretrained(bert_dir, max_shard_size="4KB")
    shards = sorted(bert_dir.glob("model-*.safetensors"))
    assert len(shards) > 1
    target = open_huggingface(bert_dir)
    np.testing.assert_array_equal(target.outputs(texts).logits, before)
    assert {path.name for path in shards} <= {file.name for file in target.info.files}


def test_shard_outside_the_folder_or_missing_is_refused(bert_dir, fails):
    (bert_dir / "model.safetensors").rename(bert_dir.parent / "elsewhere.safetensors")
    index = bert_dir / "model.safetensors.index.json"
    for name in ("../elsewhere.safetensors", "absent.safetensors"):
        index.write_text(json.dumps({"weight_map": {"classifier.weight": name}}))
        assert name in fails(ModelError, open_huggingface, bert_dir)
    index.write_text("{}")
    fails(ModelError, open_huggingface, bert_dir)


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_code_of_its_own_is_refused(bert_dir, fails, file):
    edit(bert_dir / file, auto_map={"AutoConfig": "code.Config"})
    (bert_dir / "code.py").write_text("raise SystemExit")
    assert "auto_map" in fails(UnsafeModelError, open_huggingface, bert_dir)


def test_kernel_from_a_hub_is_refused(bert_dir, fails):
    edit(bert_dir / "config.json", _attn_implementation="someone/kernels")
    assert "kernel" in fails(UnsafeModelError, open_huggingface, bert_dir)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"architectures": ["GPT2LMHeadModel"]}, "GPT2LMHeadModel"),
        ({"architectures": ["BertModel"]}, "BertModel"),
        ({"problem_type": "multi_label_classification"}, "multi_label"),
        ({"problem_type": "regression"}, "regression"),
        ({"id2label": {"0": "score"}}, "at least 2"),
        ({"id2label": {"0": "a", "2": "b"}}, "2 usable class names"),
        ({"id2label": ["a", "b"]}, "a list"),
        ({"id2label": {"0": "a", "1": "a"}}, "the same name"),
        ({"id2label": {"0": "a", "1": "b", "2": "c"}, "label2id": None}, "lack classifier.bias"),
        ({"model_type": "unheard-of"}, "Can't load a sequence classifier"),
        ({"vocab_size": 7}, "lack bert.embeddings"),
        ({"num_hidden_layers": 2}, "layer.1."),
    ],
)
def test_configurations_that_are_no_single_label_classifier(bert_dir, fails, changes, part):
    edit(bert_dir / "config.json", **changes)
    assert part in fails(ModelError, open_huggingface, bert_dir)


@pytest.mark.parametrize("architectures", [["BertForSequenceClassification"], None])
def test_random_head_is_never_audited(bert_dir, fails, architectures):
    from safetensors.torch import load_file, save_file

    state = load_file(bert_dir / "model.safetensors")
    save_file(
        {k: v for k, v in state.items() if "classifier" not in k},
        bert_dir / "model.safetensors",
        {"format": "pt"},
    )
    edit(bert_dir / "config.json", architectures=architectures)
    assert "classifier.weight" in fails(ModelError, open_huggingface, bert_dir)


@pytest.mark.parametrize("content", ["", "[]", "{", "null", "\x00"])
def test_damaged_configuration(bert_dir, fails, content):
    (bert_dir / "config.json").write_text(content)
    fails(ModelError, open_huggingface, bert_dir)


def test_missing_weights_and_adapters(bert_dir, fails):
    (bert_dir / "adapter_config.json").write_text("{}")
    assert "adapter" in fails(ModelError, open_huggingface, bert_dir)
    (bert_dir / "adapter_config.json").unlink()
    (bert_dir / "model.safetensors").unlink()
    assert "neither" in fails(ModelError, open_huggingface, bert_dir)


def test_damaged_weights(bert_dir, fails):
    path = bert_dir / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    fails(ModelError, open_huggingface, bert_dir)


def test_missing_tokenizer_is_no_silent_empty_one(bert_dir, fails):
    (bert_dir / "tokenizer.json").unlink()
    assert "tokenizer" in fails(ModelError, open_huggingface, bert_dir)
    (bert_dir / "tokenizer_config.json").unlink()
    assert "tokenizer" in fails(ModelError, open_huggingface, bert_dir)


def test_tokenizer_larger_than_the_table(bert_dir, fails):
    content = json.loads((bert_dir / "tokenizer.json").read_text())
    content["model"]["vocab"]["##zz"] = len(content["model"]["vocab"])
    (bert_dir / "tokenizer.json").write_text(json.dumps(content))
    assert "only 20 rows" in fails(ModelError, open_huggingface, bert_dir)


def test_tokenizer_without_padding(bert_dir, fails):
    edit(bert_dir / "tokenizer_config.json", pad_token=None)
    assert "padding" in fails(ModelError, open_huggingface, bert_dir)


def test_position_offset_of_roberta_is_left_free(tmp_path, tokenizer_dir):
    from transformers import RobertaConfig, RobertaForSequenceClassification

    config = RobertaConfig(
        vocab_size=20, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=16, pad_token_id=0, type_vocab_size=1,
    )  # fmt: skip
    path = tmp_path / "roberta"
    RobertaForSequenceClassification(config).save_pretrained(path)
    shutil.copytree(tokenizer_dir, path, dirs_exist_ok=True)
    target = open_huggingface(path)
    assert "15 tokens" in target.info.loader
    assert np.isfinite(target.outputs(["cat " * 99, "dog"]).logits).all()
    assert target.head() is not None


def test_half_precision_checkpoints_are_computed_in_single(bert_dir):
    from safetensors.torch import load_file, save_file

    state = {k: v.half() for k, v in load_file(bert_dir / "model.safetensors").items()}
    save_file(state, bert_dir / "model.safetensors", {"format": "pt"})
    edit(bert_dir / "config.json", dtype="float16")
    assert {p.dtype for p in open_huggingface(bert_dir).module.parameters()} == {torch.float32}


def test_logging_and_network_settings_are_put_back(bert_dir):
    from huggingface_hub import constants
    from transformers.utils import logging

    before = (logging.get_verbosity(), logging.is_progress_bar_enabled(), constants.HF_HUB_OFFLINE)
    open_huggingface(bert_dir)
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled(), constants.HF_HUB_OFFLINE) == before


def test_nothing_is_printed(bert_dir, capfd):
    open_huggingface(bert_dir).outputs(["the cat"])
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""
