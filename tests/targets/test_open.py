import pickle

import pytest
import torch

from privaudit.errors import ModelError, UnsafeModelError, UsageError
from privaudit.targets.open import open_target


def test_state_dict_needs_a_factory(save_state_dict, fails):
    assert "--factory" in fails(UsageError, open_target, save_state_dict())
    assert "--factory" in fails(UsageError, open_target, save_state_dict("w.safetensors"))


def test_hostile_state_dict_is_told_as_such_without_a_factory(tmp_path, fails, bomb):
    (tmp_path / "x.pt").write_bytes(pickle.dumps(bomb))
    fails(UnsafeModelError, open_target, tmp_path / "x.pt")
    (tmp_path / "y.pt").write_bytes(b"\x80\x02 damaged")
    fails(ModelError, open_target, tmp_path / "y.pt")


def test_tokenizer_of_onnx_may_lie_elsewhere(onnx_file, tmp_path):
    alone = tmp_path / "alone.onnx"
    alone.write_bytes(onnx_file.read_bytes())
    assert open_target(alone, tokenizer=onnx_file.parent).labels == ("animal", "vehicle")


def test_bundles_and_tables_have_readers_of_their_own(tmp_path):
    torch.save({"format": "privaudit.bundle"}, tmp_path / "x.pt")
    (tmp_path / "x.csv").write_text("member,label\n")
    for name in ("x.pt", "x.csv"):
        with pytest.raises(ValueError, match="does not open"):
            open_target(tmp_path / name)
