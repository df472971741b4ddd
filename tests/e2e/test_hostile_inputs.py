"""Hostile and broken inputs: the designed exit code, one clear line, nothing executed, nothing lost.

Readers and loaders have their own tests; here the program as a whole meets one specimen of each kind.
"""

import csv
import io
import json
import os
import pickle
import stat
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch

WEIRD = 'zz\x1b[31m<b>&"\u202e\u2066\x07\x85\u2028\x7f\x08zz'
"""ANSI colours, HTML, bidirectional controls, bell, line separators, delete, backspace."""
RAW = ("\x1b", "\u202e", "\u2066", "\x07", "\x85", "\u2028", "\x7f", "\x08")


def assert_inert(text):
    for character in RAW:
        assert character not in text


def assert_refused(done, *words, code=2):
    assert done.code == code, done.err
    assert done.out == ""
    assert done.err.count("\n") == 1
    assert done.err.startswith("privaudit: ")
    assert ". " in done.err
    assert done.err.endswith(".\n")
    assert len(done.err) < 800
    assert_inert(done.err)
    for word in words:
        assert word in done.err


def snapshot(folder):
    return {
        path: (path.readlink() if path.is_symlink() else path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


@pytest.fixture
def attack(privaudit, tmp_path, bomb):
    """Run ``mia`` asking for every output; check that nothing ran, was changed, or was left behind."""

    def run(model, *arguments):
        before = snapshot(tmp_path)
        outputs = ("-o", tmp_path / "result.json", "--signals", tmp_path / "signals.npz")
        done = privaudit("mia", model, *arguments, *outputs)
        assert not bomb.path.exists()
        if done.code == 2:
            assert snapshot(tmp_path) == before
        return done

    return run


@pytest.fixture
def animals(tmp_path, texts, text_labels):
    """``--members`` and ``--nonmembers`` for the tiny models."""
    arguments = []
    for side in ("members", "nonmembers"):
        path = tmp_path / f"{side}.csv"
        rows = (f"{label},{side} {text}\n" for label, text in zip(text_labels, texts, strict=True))
        path.write_text("label,text\n" + "".join(rows))
        arguments += [f"--{side}", path]
    return arguments


def rewrite(bundle, change):
    """Change the content of a bundle as an attacker would."""
    content = torch.load(bundle, weights_only=True)
    change(content)
    torch.save(content, bundle)


# Models that would run code


def raw_pickle(path, bomb):
    path.write_bytes(pickle.dumps(bomb))


def torch_zip(path, bomb):
    torch.save({"weight": torch.ones(2), "x": bomb}, path)


def torch_legacy(path, bomb):
    torch.save({"weight": torch.ones(2), "x": bomb}, path, _use_new_zipfile_serialization=False)


def bundle_with_bomb(path, bomb):
    torch.save({"format": "privaudit.bundle", "version": 1, "recipe": bomb}, path)


def torchscript(path, bomb):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", pickle.dumps(bomb))
        archive.writestr("model/code/__torch__.py", "import os")
        archive.writestr("model/constants.pkl", pickle.dumps(()))


def object_arrays(path, bomb):
    np.savez(
        path, member=np.array([1, 0]), label=np.array([bomb, bomb], dtype=object), logits=np.ones((2, 2))
    )


def joblib_compressed(path, bomb):
    import gzip

    path.write_bytes(gzip.compress(pickle.dumps(bomb)))


def skops_unknown_type(path, bomb):
    del bomb  # the schema names os.mkdir itself
    schema = {
        "__class__": "mkdir",
        "__module__": "os",
        "__loader__": "ObjectNode",
        "__id__": 1,
        "protocol": 2,
        "_skops_version": "0.13",
        "content": {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": '"x"'},
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", json.dumps(schema))


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("model.pt", raw_pickle),
        ("model.pth", raw_pickle),
        ("model.bin", raw_pickle),
        ("model.pkl", raw_pickle),
        ("model.joblib", raw_pickle),
        ("model.joblib", joblib_compressed),
        ("model.csv", raw_pickle),
        ("model.onnx", raw_pickle),
        ("model.safetensors", raw_pickle),
        ("model.npz", raw_pickle),
        ("model", raw_pickle),
        ("model.pt", torch_zip),
        ("model.pkl", torch_zip),
        ("model.pth", torch_legacy),
        ("model.pt", bundle_with_bomb),
        ("model.pt", torchscript),
        ("scores.npz", object_arrays),
        ("model.skops", skops_unknown_type),
    ],
)
def test_files_that_would_run_code_are_refused(attack, animals, tmp_path, bomb, name, make):
    make(tmp_path / name, bomb)
    assert_refused(attack(tmp_path / name, *([] if make is object_arrays else animals)))


@pytest.mark.parametrize("make", [raw_pickle, torch_zip, torch_legacy])
def test_code_in_the_weights_of_a_directory_is_refused(attack, animals, bert_dir, bomb, make):
    (bert_dir / "model.safetensors").unlink()
    make(bert_dir / "pytorch_model.bin", bomb)
    assert_refused(attack(bert_dir, *animals))


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_code_of_a_directory_is_refused(attack, animals, bert_dir, bomb, file):
    settings = json.loads((bert_dir / file).read_text())
    settings["auto_map"] = {"AutoConfig": "evil.Evil", "AutoTokenizer": ["evil.Evil", None]}
    (bert_dir / file).write_text(json.dumps(settings))
    (bert_dir / "evil.py").write_text(f"import os\nos.mkdir({str(bomb.path)!r})\n")
    assert_refused(attack(bert_dir, *animals), "auto_map")


@pytest.mark.parametrize("location", ["../outside.bin", "/etc/passwd", "loop.bin", "link.bin"])
def test_onnx_data_outside_the_folder_is_refused(attack, animals, onnx_file, tmp_path, location):
    import onnx

    (tmp_path / "outside.bin").write_bytes(b"\0" * 160)
    (onnx_file.parent / "loop.bin").symlink_to("loop.bin")
    (onnx_file.parent / "link.bin").symlink_to("../outside.bin")
    model = onnx.load(onnx_file)
    table = model.graph.initializer[0]
    table.ClearField("raw_data")
    table.data_location = onnx.TensorProto.EXTERNAL
    entry = table.external_data.add()
    entry.key, entry.value = "location", location
    onnx.save(model, onnx_file)
    assert_refused(attack(onnx_file, *animals), location)


# Broken models


def broken_version(content):
    content["version"] = 2


def broken_label_count(content):
    content["labels"] = [*content["labels"], "one more"]


def broken_label_twice(content):
    content["labels"] = [content["labels"][0]] * len(content["labels"])


def broken_dtype(content):
    name, tensor = next(iter(content["state_dict"].items()))
    content["state_dict"][name] = tensor.to(torch.int64)


def broken_nan(content):
    tensor = next(iter(content["state_dict"].values()))
    tensor.view(-1)[0] = float("nan")


def broken_missing_layer(content):
    content["state_dict"].popitem()


def broken_width(content):
    content["recipe"]["width"] = 10**9


def broken_width_beyond_numbers(content):
    content["recipe"]["width"] = 10**30


def broken_recipe(content):
    content["recipe"] = ["bow"]


def broken_vocabulary(content):
    content["tokenizer"]["words"] = content["tokenizer"]["words"][:-1]


def broken_coins(content):
    content["data"]["split"][0] = 7


def broken_positions(content):
    content["data"]["kept"][-1] = 10**12


def broken_privacy(content):
    content["privacy"] = {"epsilon": "very private", "delta": [1]}


def broken_path(content):
    content["data"]["file"] = "../../../../../etc/passwd"


def broken_path_with_nul(content):
    content["data"]["file"] = "messages\0.tsv"


def broken_column(content):
    content["data"]["text_column"] = WEIRD


def broken_architecture(content):
    content["architecture"] = WEIRD


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (broken_version, "version 2"),
        (broken_label_count, "does not fit the recipe"),
        (broken_label_twice, "6 labels, 1 of them distinct"),
        (broken_dtype, "(torch.int64) does not hold finite float32 numbers"),
        (broken_nan, "(torch.float32) does not hold finite float32 numbers"),
        (broken_missing_layer, "nothing found"),
        (broken_width, "width"),
        (broken_width_beyond_numbers, "width"),
        (broken_recipe, "recipe"),
        (broken_vocabulary, "does not fit the recipe"),
        (broken_coins, "data.split"),
        (broken_positions, "data.kept"),
        (broken_privacy, "privacy"),
        (broken_path, "SHA-256"),
        (broken_path_with_nul, "--data"),
        (broken_column, "column"),
        (broken_architecture, "architecture"),
    ],
)
def test_a_bundle_that_contradicts_itself_is_refused(attack, bundle, change, words):
    rewrite(bundle, change)
    assert_refused(attack(bundle), words)


@pytest.mark.parametrize("keep", [1, 30, 0.5, 0.9, 0.999])
def test_a_truncated_bundle_is_refused(attack, bundle, keep):
    content = bundle.read_bytes()
    bundle.write_bytes(content[: keep if isinstance(keep, int) else int(len(content) * keep)])
    assert_refused(attack(bundle))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_give_no_numbers_are_told(attack, animals, save_state_dict, factory_module, value):
    def poison(state):
        return {name: torch.full_like(tensor, value) for name, tensor in state.items()}

    path = save_state_dict(wrap=poison)
    assert_refused(
        attack(path, "--factory", f"{factory_module}:build", *animals), "NaN or infinity for 48 of 48"
    )


def test_weights_of_another_kind_of_number_are_refused(attack, animals, save_state_dict, factory_module):
    path = save_state_dict(wrap=lambda state: {k: v.to(torch.int32) for k, v in state.items()})
    assert_refused(attack(path, "--factory", f"{factory_module}:build", *animals), "int32")


@pytest.mark.parametrize("name", ["broken", "wrong_type", "three_labels", "absent", WEIRD])
def test_a_factory_that_does_not_fit_is_told(attack, animals, save_state_dict, factory_module, name):
    assert_refused(attack(save_state_dict(), "--factory", f"{factory_module}:{name}", *animals))


@pytest.mark.parametrize(
    "name",
    [
        "m.pt",
        "m.pth",
        "m.bin",
        "m.safetensors",
        "m.onnx",
        "m.skops",
        "m.joblib",
        "m.csv",
        "m.npz",
        "m.parquet",
    ],
)
@pytest.mark.parametrize(
    "content",
    [b"", b"This is a text file.\n", b"\0" * 64, b"PK\x03\x04" + b"\xff" * 60, b"\x80\x04" + b"\xff" * 60],
)
def test_files_that_are_no_models(attack, animals, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert_refused(attack(tmp_path / name, *animals))


@pytest.mark.parametrize(
    "header",
    [
        struct.pack("<Q", 2**62) + b'{"a": 1}',
        struct.pack("<Q", 2**31) + b'{"a": 1}',
        struct.pack("<Q", 8) + b"not json",
        struct.pack("<Q", 80)
        + json.dumps({"w": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}})
        .ljust(80)
        .encode(),
    ],
)
def test_a_safetensors_header_that_lies_is_refused(attack, animals, tmp_path, factory_module, header):
    (tmp_path / "m.safetensors").write_bytes(header)
    assert_refused(attack(tmp_path / "m.safetensors", "--factory", f"{factory_module}:build", *animals))


@pytest.mark.parametrize("kind", ["missing", "directory", "loop", "fifo", "socket", "nothing", "device"])
@pytest.mark.parametrize("role", ["model", "data"])
def test_places_that_hold_no_file(attack, bundle, tmp_path, sides, kind, role):
    place = tmp_path / ("place.csv" if role == "data" else "place.pt")
    make = {
        "missing": lambda: None,
        "directory": place.mkdir,
        "loop": lambda: place.symlink_to(place.name),
        "fifo": lambda: os.mkfifo(place),
        "socket": lambda: os.mknod(place, stat.S_IFSOCK | 0o600),
        "nothing": lambda: place.symlink_to("nowhere"),
        "device": lambda: place.symlink_to("/dev/zero"),
    }
    make[kind]()
    arguments = (place, *("--members", sides[0], "--nonmembers", sides[1]))
    if role == "data":
        arguments = (bundle, "--members", sides[0], "--nonmembers", place)
    assert_refused(attack(*arguments), "place")


@pytest.mark.parametrize("option", ["--data", "--config", "--tokenizer"])
def test_other_places_that_hold_no_file(privaudit, bundle, onnx_file, animals, tmp_path, option):
    os.mkfifo(tmp_path / "pipe.tsv")
    subject = (onnx_file, *animals) if option == "--tokenizer" else (bundle,)
    assert_refused(privaudit("mia", *subject, option, tmp_path / "pipe.tsv"), "pipe.tsv")


@pytest.mark.parametrize("command", [("mia", "-o"), ("mia", "--signals"), ("train", "-o")])
def test_pipes_and_devices_are_never_replaced_by_files(privaudit, bundle, command):
    """Outputs are renamed into place: as root, ``-o /dev/null`` would otherwise delete the device."""
    name, option = command
    subject = bundle if name == "mia" else bundle.parent / "messages.tsv"
    pipe, device = bundle.parent / "pipe", bundle.parent / "null"
    os.mkfifo(pipe)
    device.symlink_to(os.devnull)
    for place in (pipe, device):
        assert_refused(privaudit(name, subject, option, place), str(place))
    assert pipe.is_fifo()
    assert device.is_symlink()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
@pytest.mark.parametrize("name", ["model.pt", "messages.tsv"])
def test_a_file_without_permission_is_told(privaudit, bundle, name):
    (bundle.parent / name).chmod(0)
    assert_refused(privaudit("mia", bundle), "ermission")


# Score tables


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("member,label,logit_0,logit_1\n1,0,nan,2\n0,1,1,2\n", "logits that are not finite"),
        ("member,label,logit_0,logit_1\n1,0,1,2\n0,1,inf,2\n", "record 2"),
        ("member,label,logit_0,logit_1\n1,0,1,\n0,1,1,2\n", "logits that are not finite"),
        ("member,label,logit_0,logit_1\n1,0,1,zwei\n0,1,1,2\n", "logits that are not finite"),
        ("member,label,logit_0,logit_1\n1,2,1,2\n0,1,1,2\n", "unknown label"),
        ("member,label,logit_0,logit_1\n1,-1,1,2\n0,1,1,2\n", "unknown label"),
        ("member,label,prob_0,prob_1\n1,0,0.5,0.6\n0,1,0.5,0.5\n", "sum to 1"),
        ("member,label,prob_0,prob_1\n1,0,-0.5,1.5\n0,1,0.5,0.5\n", "outside 0 to 1"),
        ("member,label,logit_0,logit_1\n1,0,1,2\n1,1,1,2\n", "non-members"),
        ("member,label,logit_0,logit_1\n0,0,1,2\n0,1,1,2\n", "no members"),
        ("member,label,logit_0,logit_1\n2,0,1,2\n0,1,1,2\n", "membership"),
        ("member,label,logit_0,logit_1\n", "a header but no records"),
        ("member,label,logit_0\n1,0,1\n0,0,1\n", "only one score column"),
        ("label,logit_0,logit_1\n0,1,2\n", "'member'"),
        ("member,logit_0,logit_1\n0,1,2\n", "'label'"),
        ("member,label\n1,0\n0,1\n", "logit_<class>"),
        ("member,label,logit_0,prob_1\n1,0,1,2\n0,1,1,2\n", "both logit_<class> and prob_<class>"),
        ("member,label,logit_0,logit_0\n1,0,1,2\n0,1,1,2\n", "Two columns are called"),
        ("member,label,logit_0,logit_1\n1,0,1,2,3\n0,1,1,2\n", "equally many"),
        ("member,label,logit_0,logit_1\n1,0,1,2\n0,1,1,\xff\n", ""),
        ("member,label,logit_0,logit_1\n1,0,1,2\n0,\0,1,2\n", ""),
        (f"member,label,logit_{WEIRD},logit_1\n1,5,1,2\n0,1,1,2\n", ""),
        (f"mem,{WEIRD},logit_0,logit_1\n1,5,1,2\n0,1,1,2\n", "'member'"),
        (f"member,label,logit_0,logit_1\n1,{WEIRD.strip()},1,2\n0,1,1,2\n", ""),
    ],
)
def test_score_tables_that_cannot_be_judged(attack, tmp_path, content, words):
    path = tmp_path / "scores.csv"
    path.write_bytes(content.encode("latin-1" if "\xff" in content else "utf-8"))
    assert_refused(attack(path), words)


def test_data_beside_a_score_table_is_refused(attack, tmp_path, sides):
    (tmp_path / "s.csv").write_text("member,label,logit_0,logit_1\n1,0,1,2\n0,1,1,2\n")
    assert_refused(attack(tmp_path / "s.csv", "--data", sides[0]), "Drop")


# Data


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("n.csv", b"", "is empty"),
        ("n.csv", b"label,text\n", "a header but no records"),
        ("n.csv", b"label,text\nloan,i need a loan\n", "non-members"),
        ("n.csv", b"label,text\nweather,will it rain\nweather,is it cold\n", "'weather'"),
        ("n.csv", f"label,text\n{WEIRD},will it rain\nweather,is it cold\n".encode(), "labels"),
        ("n.csv", b"label,text\nloan,\xff\xfe\nloan,two\n", "Line 2"),
        ("n.csv", b"label,text\nloan,a\0b\nloan,two\n", "NUL"),
        ("n.csv", b"label,text\nloan,\nloan,two\n", "empty text"),
        ("n.csv", b'label,text\nloan,"never closed\nloan,two\n', "quot"),
        ("n.csv", b"label,text\nloan,one,two\nloan,two\n", "Line 2"),
        ("n.csv", b"a,b\nloan,one\nloan,two\n", "text column"),
        ("n.csv", "label,text\nloan,one\nloan,two\n".encode("utf-16"), "UTF-"),
        ("n.tsv", b"loan\ti need a loan\n", "non-members"),
        ("n.tsv", b"loan\tone\tmore\tcells\n", ""),
        ("n.jsonl", b'[{"text": "a", "label": "loan"}]', "array"),
        ("n.jsonl", b'{"text": "a", "label": "loan"}\n{"text": ', "Line 2"),
        ("n.jsonl", b'{"text": ["a"], "label": "loan"}\n', "list"),
        ("n.jsonl", b'{"text": "a", "label": 1e999}\n', "label"),
        ("n.jsonl", b'{"text": "a", "label": ' + b"9" * 5000 + b"}\n", ""),
        ("n.jsonl", b"[" * 100_000, ""),
        ("n.jsonl", b'{"a":' * 100_000, "JSON"),
        ("n.jsonl", b'{"text": "\\ud800", "label": "loan"}\n', "surrogate"),
        ("n.parquet", b"PAR1" + b"\xff" * 40 + b"PAR1", "Parquet"),
        ("n.xlsx", b"PK", "ends in"),
    ],
)
def test_data_that_cannot_be_used(attack, bundle, sides, tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    assert_refused(attack(bundle, "--members", sides[0], "--nonmembers", tmp_path / name), words)


def test_no_member_left_after_removing_shared_texts(attack, bundle, sides):
    assert_refused(attack(bundle, "--members", sides[0], "--nonmembers", sides[0]), "shared texts")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"loan\tone\nloan\ttwo\nloan\tthree\n", "at least two classes, but the data have 1"),
        (b"", "empty"),
        (b"loan\tone\nbalance\ttwo\n", ""),
        (b"loan\t\xff\n", "0xff"),
        (b"label\ttext\tmember\nloan\tone\t1\nbalance\ttwo\t0\n", "has a membership column"),
    ],
)
def test_training_data_that_cannot_be_used(privaudit, tmp_path, content, words):
    (tmp_path / "d.tsv").write_bytes(content)
    before = snapshot(tmp_path)
    assert_refused(privaudit("train", tmp_path / "d.tsv", "-o", tmp_path / "m.pt"), words)
    assert snapshot(tmp_path) == before


# What is strange but usable


def test_one_class_only_is_audited(attack, bundle, sides):
    for path in sides:
        rows = [row for row in path.read_text().splitlines() if row.startswith(("label", "loan"))]
        path.write_text("\n".join(rows) + "\n")
    assert attack(bundle, "--members", sides[0], "--nonmembers", sides[1]).code == 0


@pytest.mark.parametrize("threshold", ["auc>0.6", "tpr@0.01>0.05", "advantage>0.2"])
def test_a_handful_of_records_supports_no_verdict(attack, bundle, sides, threshold):
    for path in sides:
        path.write_text("\n".join(path.read_text().splitlines()[:6]) + "\n")
    arguments = ("--members", sides[0], "--nonmembers", sides[1], "--fail-if", threshold)
    done = attack(bundle, *arguments)
    assert done.code == 4
    assert done.out.startswith("INCONCLUSIVE")


@pytest.mark.parametrize(
    ("word", "attacks"),
    [
        ("x", ()),
        ("x", ("--attack", "all")),
        ("loan ", ()),
        # NOTE: dozens of damaged copies of two million words, which takes 40 s and not minutes.
        pytest.param("loan ", ("--attack", "all"), marks=pytest.mark.slow),
    ],
)
def test_ten_megabytes_in_one_line(attack, bundle, sides, word, attacks):
    with sides[1].open("a") as file:
        file.write(f"loan,{word * (10_000_000 // len(word))}\n")
    done = attack(bundle, "--members", sides[0], "--nonmembers", sides[1], *attacks)
    assert done.code == 0
    assert len(done.out) < 10_000


def weird_rows(path, word):
    """A copy of a file of messages with hostile ids, classes and texts."""
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["id", "label", "text"])
    for number, row in enumerate(rows):
        label = WEIRD if row["label"] == "loan" else row["label"]
        writer.writerow([f"{word}{number}{WEIRD}", label, f"{row['text']} {WEIRD}"])
    path.write_text(buffer.getvalue(), newline="")


def test_hostile_strings_come_out_inert(privaudit, bundle, sides):
    for path, word in zip(sides, "ab", strict=True):
        weird_rows(path, word)
    rewrite(
        bundle,
        lambda content: content.update(labels=[WEIRD if x == "loan" else x for x in content["labels"]]),
    )
    folder = bundle.parent / f"f{WEIRD.replace('/', '')}"
    folder.mkdir()
    model, members, nonmembers = (p.rename(folder / f"{WEIRD}{p.name}") for p in (bundle, *sides))
    result = folder / "result.json"
    arguments = ("--members", members, "--nonmembers", nonmembers, "--show-texts")
    for extra in (("-v",), ("--json",), ("-o", result), ("--dry-run",), ("--signals", folder / "s.npz")):
        done = privaudit("mia", model, *arguments, *extra)
        assert done.code == 0
        assert_inert(done.out + done.err)
    content = result.read_text()
    assert_inert(content)
    assert any(WEIRD in (record["text"] or "") for record in json.loads(content)["records"])


def test_training_on_hostile_strings_comes_out_inert(privaudit, sides, tmp_path):
    weird_rows(sides[0], "a")
    data, model = sides[0].rename(tmp_path / f"{WEIRD}.csv"), tmp_path / f"{WEIRD}.pt"
    done = privaudit("train", data, "-o", model, "--epochs", 2, "-v")
    assert done.code == 0
    assert_inert(done.out + done.err)
    assert privaudit("mia", model).code == 0


def test_hostile_arguments_come_out_inert(privaudit, bundle, tmp_path):
    (tmp_path / "privaudit.toml").write_text(f"[mia]\n{json.dumps(WEIRD)} = 1\n", encoding="utf-8")
    for arguments in (
        ("mia", tmp_path / WEIRD),
        ("mia", bundle, "--fail-if", WEIRD),
        ("mia", bundle, "--attack", WEIRD),
        ("mia", bundle, "--device", WEIRD),
        ("mia", bundle, f"--{WEIRD}"),
        ("mia", bundle, "--config", tmp_path / "privaudit.toml"),
        ("mia", bundle, "--text-column", WEIRD, "--data", bundle.parent / "messages.tsv"),
        ("train", tmp_path / WEIRD),
        ("attacks", "show", WEIRD),
        (WEIRD,),
    ):
        done = privaudit(*arguments)
        assert_inert(done.out + done.err)
        assert done.err.count("\n") == (1 if done.code else 0)


def test_file_names_that_are_not_unicode(privaudit, bundle, tmp_path):
    def odd(name):
        return tmp_path / os.fsdecode(b"\xff\x1b" + name)

    rows = "".join(f"{i % 2},{i % 3},{0.1 * (i % 7)},{0.2 * (i % 5)},{0.3 * (i % 4)}\n" for i in range(100))
    odd(b"s.csv").write_text("member,label,logit_0,logit_1,logit_2\n" + rows)
    done = privaudit("mia", odd(b"s.csv"), "-o", odd(b"r.json"))
    assert done.code == 0, done.err
    assert_inert(done.out + done.err)
    assert json.loads(odd(b"r.json").read_text())["model"]["path"].endswith("s.csv")
    # NOTE: torch maps files by name and takes UTF-8 names only.
    assert_refused(privaudit("mia", bundle.rename(odd(b"m.pt"))))
    assert_refused(privaudit("mia", odd(b"missing.pt")))


@pytest.mark.slow
def test_a_recipe_that_asks_for_terabytes_gets_none(bundle):
    resource = pytest.importorskip("resource")
    rewrite(bundle, broken_width)
    limit = 24 << 30  # of address space, of which torch alone maps several GiB
    done = subprocess.run(
        [sys.executable, "-m", "privaudit", "mia", str(bundle)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert done.returncode == 2, done.stderr
    assert "width" in done.stderr
