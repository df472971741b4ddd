"""Tiny models of every format, made on the spot: no network, no data files."""

import json
import os
import signal
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # NOTE: workers share the cores, where threads of their own would only get into each other's way.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

WORDS = ["a", "bird", "boat", "cat", "dog", "fast", "is", "river", "runs", "sails", "sleeps", "the", "train"]
TEXTS = [
    "the cat sleeps",
    "a dog runs",
    "the boat sails",
    "a train is fast",
    "a bird sleeps",
    "the train runs",
] * 4
LABELS = ["animal", "animal", "vehicle", "vehicle", "animal", "vehicle"] * 4
FACTORY = """
    import torch
    from torch import nn

    WORDS = {words}


    class Bag(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(len(WORDS) + 2, 8, padding_idx=0)
            self.head = nn.Linear(8, 2)

        def forward(self, tokens):
            mask = (tokens > 0).unsqueeze(-1)
            return self.head((self.embed(tokens) * mask).sum(1) / mask.sum(1).clamp(min=1))


    def encode(texts):
        rows = [[WORDS.index(w) + 2 if w in WORDS else 1 for w in t.split()] or [1] for t in texts]
        longest = max(map(len, rows))
        return torch.tensor([row + [0] * (longest - len(row)) for row in rows])


    def build():
        return Bag(), encode, ("animal", "vehicle")


    def unlabelled():
        return Bag(), encode


    def broken():
        raise KeyError("no such\\nvocabulary")


    def wrong_type():
        return Bag()


    def three_labels():
        return Bag(), encode, ("a", "b", "c")
"""


class Bomb:
    """Unpickling it creates a file: the proof that code ran."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.fixture
def bomb(tmp_path: Path) -> Bomb:
    return Bomb(tmp_path / "it-went-off")


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return list(TEXTS)


@pytest.fixture(scope="session")
def text_labels() -> list[str]:
    return list(LABELS)


@pytest.fixture
def factory_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module in the current directory with factories for a bag-of-words classifier."""
    name = f"factory_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(textwrap.dedent(FACTORY.format(words=WORDS)))
    monkeypatch.chdir(tmp_path)
    return name


@pytest.fixture
def save_state_dict(tmp_path: Path, factory_module: str) -> Callable[..., Path]:
    """Write the factory module's weights, wrapped as told, to a file."""

    def save(name: str = "weights.pt", wrap: Callable[[dict], object] = lambda state: state) -> Path:
        import importlib
        import sys

        import torch
        from safetensors.torch import save_file

        sys.path.insert(0, str(tmp_path))
        try:
            torch.manual_seed(0)
            state = importlib.import_module(factory_module).Bag().state_dict()
        finally:
            sys.path.remove(str(tmp_path))
        path = tmp_path / name
        if name.endswith(".safetensors"):
            save_file(wrap(state), path)
        else:
            torch.save(wrap(state), path)
        return path

    return save


@pytest.fixture(scope="session")
def tokenizer_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a word-piece tokenizer alone."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {token: i for i, token in enumerate([*special, *WORDS, "##s", "##er"])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    path = tmp_path_factory.mktemp("tokenizer")
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]", mask_token="[MASK]", model_max_length=40,
    ).save_pretrained(path)  # fmt: skip
    return path


@pytest.fixture
def bert_dir(tmp_path: Path, tokenizer_dir: Path) -> Path:
    """A one-layer BERT classifier of two classes, saved as Hugging Face does."""
    import shutil

    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=20, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=32, id2label={0: "animal", 1: "vehicle"},
        label2id={"animal": 0, "vehicle": 1},
    )  # fmt: skip
    path = tmp_path / "bert"
    BertForSequenceClassification(config).save_pretrained(path)
    shutil.copytree(tokenizer_dir, path, dirs_exist_ok=True)
    return path


@pytest.fixture
def onnx_file(tmp_path: Path, tokenizer_dir: Path) -> Path:
    """Masked sums of embeddings as an ONNX graph, with tokenizer and configuration beside it."""
    import shutil

    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    table = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["column"]),
        helper.make_node("Mul", ["rows", "column"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "middle"], ["logits"], keepdims=0),
    ]
    integers = [
        helper.make_tensor_value_info(n, TensorProto.INT64, ["B", "L"])
        for n in ("input_ids", "attention_mask")
    ]
    graph = helper.make_graph(
        nodes, "bag", integers, [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["B", 2])],
        [
            numpy_helper.from_array(table, "table"),
            numpy_helper.from_array(np.array([2]), "last"),
            numpy_helper.from_array(np.array([1]), "middle"),
        ],
    )  # fmt: skip
    folder = tmp_path / "onnx"
    shutil.copytree(tokenizer_dir, folder)
    (folder / "config.json").write_text(json.dumps({"id2label": {"0": "animal", "1": "vehicle"}}))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, folder / "model.onnx")
    return folder / "model.onnx"


@pytest.fixture(autouse=True, scope="session")
def interrupts_arrive():
    """A shell that puts a job into the background has it ignore Ctrl-C, and all that the job starts."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
