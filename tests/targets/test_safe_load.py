import json
import pickle
import random
import zipfile

import pytest
import torch
from safetensors.torch import save_file

from privaudit.errors import ModelError, UnsafeModelError
from privaudit.targets.digests import file_digest, one_line
from privaudit.targets.safe_load import load_safetensors, safe_torch_load

STATE = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.zeros(2)}


@pytest.mark.parametrize("zipped", [True, False])
def test_plain_containers_come_back(tmp_path, zipped):
    path = tmp_path / "x.pt"
    torch.save({"state": STATE, "epoch": 3, "name": "x"}, path, _use_new_zipfile_serialization=zipped)
    loaded = safe_torch_load(path)
    assert loaded["epoch"] == 3
    assert torch.equal(loaded["state"]["weight"], STATE["weight"])


@pytest.mark.parametrize("name", ["x.pt", "x.bin", "x.safetensors.pt", "x"])
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_raw_pickle_is_refused_and_does_not_run(tmp_path, fails, bomb, name, protocol):
    path = tmp_path / name
    path.write_bytes(pickle.dumps({"a": bomb}, protocol=protocol))
    assert "posix.mkdir" in fails(UnsafeModelError, safe_torch_load, path)


@pytest.mark.parametrize("zipped", [True, False])
def test_pickle_in_torch_container_is_refused_and_does_not_run(tmp_path, fails, bomb, zipped):
    path = tmp_path / "x.pt"
    torch.save({**STATE, "extra": bomb}, path, _use_new_zipfile_serialization=zipped)
    message = fails(UnsafeModelError, safe_torch_load, path)
    assert "posix.mkdir" in message
    assert "state_dict" in message


def test_environment_cannot_force_the_unsafe_load(tmp_path, fails, bomb, monkeypatch):
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    path = tmp_path / "x.pt"
    torch.save(bomb, path)
    fails(UnsafeModelError, safe_torch_load, path)


def test_whole_module_is_refused_by_name(tmp_path, fails):
    path = tmp_path / "x.pt"
    torch.save(torch.nn.Linear(2, 2), path)
    assert "torch.nn.modules.linear.Linear" in fails(UnsafeModelError, safe_torch_load, path)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning", "ignore:`torch.jit:FutureWarning")
def test_torchscript_is_refused(tmp_path, fails):
    path = tmp_path / "x.pt"
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), path)
    assert "TorchScript" in fails(UnsafeModelError, safe_torch_load, path)


@pytest.mark.parametrize("keep", [0, 1, 3, 30, 200, 0.5, 0.99])
def test_truncated_file_is_damaged(tmp_path, fails, keep):
    path = tmp_path / "x.pt"
    torch.save(STATE, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: keep if isinstance(keep, int) else int(len(whole) * keep)])
    fails(ModelError, safe_torch_load, path)


@pytest.mark.parametrize(
    "content", [b"hello world, no model", b"\x00" * 64, b"PK\x03\x04" + b"\xff" * 64, b"\x80\x05."]
)
def test_other_bytes_are_damaged(tmp_path, fails, content):
    path = tmp_path / "x.pt"
    path.write_bytes(content)
    fails(ModelError, safe_torch_load, path)


def test_random_damage_never_escapes_as_another_exception(tmp_path):
    path = tmp_path / "x.pt"
    for zipped in (True, False):
        torch.save(STATE, path, _use_new_zipfile_serialization=zipped)
        whole = path.read_bytes()
        rng = random.Random(0)
        refused = 0
        for _ in range(150):
            damaged = bytearray(whole)
            for _ in range(rng.randint(1, 8)):
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
            path.write_bytes(damaged)
            try:
                safe_torch_load(path)
            except ModelError:
                refused += 1
        assert refused > 10


def test_zip_with_a_pickle_of_another_name_is_damaged(tmp_path, fails, bomb):
    path = tmp_path / "x.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.pkl", pickle.dumps(bomb))
    fails(ModelError, safe_torch_load, path)


def test_missing_file_is_damaged(tmp_path, fails):
    fails(ModelError, safe_torch_load, tmp_path / "nothing.pt")


def test_safetensors_round_trip(tmp_path):
    save_file(STATE, tmp_path / "x.safetensors")
    loaded = load_safetensors(tmp_path / "x.safetensors")
    assert torch.equal(loaded["weight"], STATE["weight"])


def header(content: object, size: int | None = None) -> bytes:
    text = json.dumps(content).encode()
    return (len(text) if size is None else size).to_bytes(8, "little") + text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        header({}, size=1 << 40),
        header({}, size=(1 << 63) + 5),
        header({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}),
        header({"w": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 8]}}) + b"\x00" * 8,
        header({"w": {"dtype": "X9", "shape": [2], "data_offsets": [0, 8]}}) + b"\x00" * 8,
        header([1, 2]),
    ],
    ids=["empty", "oversized-header", "overflowing-header", "no-data", "wrong-shape", "wrong-dtype", "list"],
)
def test_hostile_safetensors_header_is_damaged(tmp_path, fails, content):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    fails(ModelError, load_safetensors, path)


def test_file_digest_is_the_sha256(tmp_path):
    (tmp_path / "sub").mkdir()
    path = tmp_path / "sub" / "x"
    path.write_bytes(b"abc")
    digest = file_digest(path, tmp_path)
    assert (digest.name, digest.size) == ("sub/x", 3)
    assert digest.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_one_line_of_a_long_message():
    assert one_line(ValueError("a\n b")) == "ValueError: a b"
    assert one_line(KeyError()) == "KeyError"
    assert len(one_line(ValueError("x" * 999))) == 160
