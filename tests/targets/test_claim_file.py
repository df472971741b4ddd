"""Files of other programs that hold a claim: read without executing anything."""

import json

import pytest
import torch

from privaudit.errors import DataError, UnsafeModelError
from privaudit.targets.claim_file import claim_content

STATE = {"mechanism": "prv", "history": [[1.0, 0.01, 10]]}


def test_json(tmp_path):
    path = tmp_path / "accountant.json"
    path.write_text(json.dumps(STATE))
    assert claim_content(path) == (STATE, "accountant.json")


def test_a_checkpoint(tmp_path):
    path = tmp_path / "checkpoint.pt"
    torch.save({"module_state_dict": {"w": torch.zeros(2)}, "privacy_accountant_state_dict": STATE}, path)
    content, name = claim_content(path)
    assert content["privacy_accountant_state_dict"] == STATE
    assert name == "checkpoint.pt"


def test_a_checkpoint_of_opacus_itself(tmp_path):
    opacus = pytest.importorskip("opacus")
    from privaudit.accounting.claim import claim_in, mechanism_of
    from privaudit.accounting.mechanism import Mechanism

    # NOTE: it warns of a generator that no test needs.
    with pytest.warns(UserWarning, match="Secure RNG turned off"):
        engine = opacus.PrivacyEngine(accountant="rdp")
    for _ in range(3):
        engine.accountant.step(noise_multiplier=1.2, sample_rate=0.05)
    path = tmp_path / "checkpoint.pt"
    engine.save_checkpoint(path=path, module=torch.nn.Linear(2, 2))
    claim = claim_in(*claim_content(path))
    assert mechanism_of(claim) == Mechanism.uniform(1.2, 0.05, 3)


def test_a_training_directory(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (tmp_path / "trainer_state.json").write_text(json.dumps({"global_step": 30, "epoch": 3}))
    with pytest.raises(DataError, match=r"No JSON file in .* states a privacy claim"):
        claim_content(tmp_path)
    (tmp_path / "training_args.json").write_text(json.dumps({"noise_multiplier": 1.0}))
    content, name = claim_content(tmp_path)
    assert content == {"noise_multiplier": 1.0}
    assert name == f"{tmp_path.name}/training_args.json"


def test_code_is_refused(tmp_path):
    path = tmp_path / "checkpoint.pt"
    torch.save({"accountant": DataError("a", "b")}, path)
    with pytest.raises(UnsafeModelError):
        claim_content(path)


@pytest.mark.parametrize("content", [b"", b"no json", b"\xff\xfe", b"[" * 100_000])
def test_what_cannot_be_read_is_one_line(tmp_path, content):
    path = tmp_path / "claim.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"claim\.json is neither JSON nor a checkpoint") as error:
        claim_content(path)
    assert "\n" not in str(error.value)
    with pytest.raises(DataError, match=r"Can't read .*missing"):
        claim_content(tmp_path / "missing.json")
