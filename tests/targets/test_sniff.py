import pickle
import zipfile

import numpy as np
import pytest
import torch

from privaudit.errors import ModelError, UnsafeModelError
from privaudit.targets.sniff import sniff


def test_directory_with_a_configuration(bert_dir):
    assert sniff(bert_dir).id == "huggingface"


def test_onnx_by_content_and_by_suffix(onnx_file, tmp_path):
    assert sniff(onnx_file).id == "onnx"
    bare = tmp_path / "bare"
    bare.write_bytes(onnx_file.read_bytes())
    assert sniff(bare).id == "onnx"


@pytest.mark.parametrize("name", ["weights.pt", "weights.pth", "weights.safetensors", "weights"])
def test_state_dicts(save_state_dict, name):
    assert sniff(save_state_dict(name)).id == "state-dict"


def test_old_torch_files_are_state_dicts_whatever_the_suffix(tmp_path):
    torch.save({"w": torch.zeros(1)}, tmp_path / "old.model", _use_new_zipfile_serialization=False)
    assert sniff(tmp_path / "old.model").id == "state-dict"


@pytest.mark.parametrize("first", ["format", "version"])
def test_bundle_is_known_by_its_format_key(tmp_path, first):
    content = {"version": 1, "format": "privaudit.bundle", "state_dict": {"w": torch.zeros(2)}}
    ordered = {first: content[first], **content}
    torch.save(ordered, tmp_path / "model.pt")
    assert sniff(tmp_path / "model.pt").id == "bundle"


def test_other_format_key_is_no_bundle(tmp_path):
    torch.save({"format": "other.bundle", "w": torch.zeros(2)}, tmp_path / "model.pt")
    assert sniff(tmp_path / "model.pt").id == "state-dict"


@pytest.mark.parametrize("name", ["x.pkl", "x.joblib", "x.pickle", "x"])
def test_pickles(tmp_path, name):
    (tmp_path / name).write_bytes(pickle.dumps({"a": 1}))
    assert sniff(tmp_path / name).id == "sklearn"


def test_pickle_with_a_torch_suffix_goes_to_the_safe_loader(tmp_path, bomb):
    (tmp_path / "x.pt").write_bytes(pickle.dumps(bomb))
    assert sniff(tmp_path / "x.pt").id == "state-dict"
    assert not bomb.path.exists()


def test_score_tables(tmp_path):
    (tmp_path / "x.csv").write_text("member,label,logit_0,logit_1\n")
    np.savez(tmp_path / "x.npz", member=[1, 0])
    (tmp_path / "x.dat").write_bytes(b"PAR1....")
    assert {sniff(tmp_path / name).id for name in ("x.csv", "x.npz", "x.dat")} == {"scores"}


def test_skops_by_content(tmp_path):
    import skops.io

    skops.io.dump({"a": 1}, tmp_path / "x.zip")
    assert sniff(tmp_path / "x.zip").id == "sklearn"


@pytest.mark.parametrize("member", ["m/constants.pkl", "m/code/__torch__.py", "m/archive_format"])
def test_programs_are_refused(tmp_path, fails, member):
    with zipfile.ZipFile(tmp_path / "x.pt2", "w") as archive:
        archive.writestr("m/data.pkl", b"")
        archive.writestr(member, b"")
    fails(UnsafeModelError, sniff, tmp_path / "x.pt2")


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "empty"),
        (b"hello, no model at all", "text file"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "LFS"),
        (b"PK\x03\x04 truncated", "zip"),
        (bytes(range(200, 250)), "unknown bytes"),
    ],
)
@pytest.mark.parametrize("name", ["x", "x.zip"])
def test_what_cannot_be_known(tmp_path, fails, content, part, name):
    (tmp_path / name).write_bytes(content)
    assert part in fails(ModelError, sniff, tmp_path / name)


def test_text_with_a_torch_suffix_is_no_model(tmp_path, fails):
    (tmp_path / "x.pt").write_text("<html>404 not found</html>")
    assert "text file" in fails(ModelError, sniff, tmp_path / "x.pt")


def test_zip_of_another_kind(tmp_path, fails, bomb):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("model.pkl", pickle.dumps(bomb))
    assert "zip file of another kind" in fails(ModelError, sniff, tmp_path / "x.zip")


def test_missing_path_and_directories_without_configuration(tmp_path, fails, onnx_file):
    absent = tmp_path / "absent"
    assert fails(ModelError, sniff, absent) == f"No file at {absent}. Check the path."
    empty = tmp_path / "empty"
    empty.mkdir()
    assert f"The directory {empty} is empty." in fails(ModelError, sniff, empty)
    (onnx_file.parent / "config.json").unlink()
    assert "model.onnx" in fails(ModelError, sniff, onnx_file.parent)
