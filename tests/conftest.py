"""Tiny models of every format, made on the spot: no network, no data files."""

import json
import os
import shlex
import shutil
import signal
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from privaudit.attacks.membership.signals import Signals

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


@pytest.fixture(scope="session")
def make_audit():
    """Results of membership inference and extraction as an audit would give them, without running one."""
    from privaudit.results import (
        FPRS,
        BlindBaseline,
        Data,
        ExposedRecord,
        Extraction,
        File,
        Interval,
        Membership,
        Model,
        Provenance,
        Result,
        Roc,
        ThresholdResult,
        Tool,
        TprAtFpr,
        Verdict,
    )

    def around(value, width=0.05):
        return Interval(value=value, low=max(0.0, value - width), high=min(1.0, value + width))

    def membership(attack, auc, n_references, parameters):
        return Membership(
            attack=attack,
            access="score",
            n_members=1000,
            n_nonmembers=1000,
            n_references=n_references,
            auc=around(auc),
            auc_within_class=around(auc),
            tpr_at_fpr=tuple(
                TprAtFpr(fpr=f, tpr=0.1 * auc, low=0.05 * auc, high=0.2 * auc, measurable=True)
                if f >= 0.01
                else TprAtFpr(fpr=f, tpr=None, low=None, high=None, measurable=False)
                for f in FPRS
            ),
            advantage=around(auc - 0.5),
            seconds=0.1,
            roc=Roc(fpr=(0.0, 1.0), tpr=(0.0, 1.0)),
            parameters=parameters,
        )

    def extraction(canary, attack, bits, *, exact_match, included):
        return Extraction(
            canary=canary, attack=attack, objective="margin", label="pay", repetitions=10, included=included,
            secret_length=4, candidates=10_000, exact_match=exact_match, hamming=0 if exact_match else 2,
            rank=3, rank_exact=True, n_ranked=10_000, ceiling_bits=13.3, p_value=None, evaluations=9,
            exposure_bits=Interval(value=bits, low=bits, high=bits), seconds=1.0, secret="4711", found="4712",
        )  # fmt: skip

    def build(
        created="2026-01-01T10:00:00+00:00", *, auc=0.7, status="fail", model="model.pt", data="ab" * 32,
        n_references=0, parameters=None, comparable=True, **changes,
    ):  # fmt: skip
        limit = ThresholdResult(
            expression="loss:auc>0.6", attack="loss", bound="loss low", value=0.65, limit=0.6,
            result="exceeded", reason="loss: at least 0.65.",
        )  # fmt: skip
        parts = {
            "tool": Tool(version="1.2.3"),
            "created": created,
            "command": "audit",
            "model": Model(
                path=model, format="bundle", architecture="bow", loader="torch", files=(), digest="d" * 64,
                access="weights",
            ),
            "data": Data(
                source="files",
                files=(File(name="members.csv", sha256=data, size=9),),
                n_members=1000,
                n_nonmembers=1000,
                blind_baseline=BlindBaseline(auc=around(0.5), comparable=comparable),
            ),
            "membership": tuple(
                membership(attack, auc - less, n_references, parameters or {"seed": 0})
                for attack, less in (("loss", 0.0), ("gap", 0.1))
            ),
            "extraction": (
                extraction("c1", "enumerate", 12.0, exact_match=True, included=True),
                extraction("c2", "enumerate", 5.0, exact_match=False, included=True),
                extraction("c3", "enumerate", 13.0, exact_match=True, included=False),
            ),
            "records": (
                ExposedRecord(
                    id="record-17", attack="loss", score=1.0, fpr=0.01, odds=9.0, text="my private text"
                ),
            ),
            "verdict": Verdict(status=status, sentence="s", thresholds=(limit,)),
            "provenance": Provenance(argv=(), seed=3, python="3", platform="p", versions={}, seconds=1.0),
        }  # fmt: skip
        return Result(**{**parts, **changes})

    return build


@pytest.fixture(autouse=True, scope="session")
def no_summary_of_the_build():
    """Where a build runs these tests, they write nothing into its summary."""
    os.environ.pop("GITHUB_STEP_SUMMARY", None)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """``work`` with the fixtures, and ``bin`` with the programs that an installation puts on the path."""
    shutil.copytree(Path(__file__).parents[1] / "fixtures", tmp_path / "work" / "fixtures")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, arguments in (("privaudit", " -m privaudit"), ("python", "")):
        shim = programs / name
        shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)}{arguments} "$@"\n')
        shim.chmod(0o755)
    return tmp_path


@pytest.fixture
def make_signals() -> Callable[..., Signals]:
    """Signals around given logits and labels, with ids, alternating membership and whatever else is named."""

    def make(logits, label, **others) -> Signals:
        logits = np.asarray(logits, dtype=np.float64)
        n = len(logits)
        signals = Signals(
            ids=[f"r{i}" for i in range(n)],
            member=np.arange(n) % 2 == 0,
            label=np.asarray(label, dtype=np.int64),
            target_logits=logits,
        )
        return replace(signals, **others)

    return make
