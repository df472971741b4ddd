"""Claims that no canary could test are refused; claims in files of others are read and nothing is run."""

import json
import pickle

import pytest
import torch

from privaudit.accounting.mechanism import Mechanism
from privaudit.audits.epsilon.claim import DELTA, audited_claim, read_claim
from privaudit.errors import DataError, UnsafeModelError, UsageError
from privaudit.results import Claim

WHOLE = Claim(epsilon=2.0, delta=1e-6, noise_multiplier=1.0, sample_rate=0.01, steps=1000)


def test_what_the_user_gives_goes_before_what_the_model_says():
    other = Claim(epsilon=8.0, delta=1e-5)
    assert audited_claim(other, WHOLE).claim == other
    found = audited_claim(None, WHOLE)
    assert (found.claim, found.delta) == (WHOLE, 1e-6)
    assert found.mechanism == Mechanism.uniform(1.0, 0.01, 1000)


def test_without_a_claim_bounds_still_have_a_delta():
    found = audited_claim(None, None)
    assert (found.claim, found.mechanism, found.delta) == (None, None, DELTA)


def test_a_mechanism_alone_needs_no_delta():
    found = audited_claim(Claim(noise_multiplier=1.0, sample_rate=0.01, steps=10), None)
    assert (found.delta, found.mechanism) == (DELTA, Mechanism.uniform(1.0, 0.01, 10))


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (
            Claim(epsilon=8.0),
            "The claim states epsilon 8 without a delta, so it means nothing. Give --claim-delta.",
        ),
        (Claim(epsilon=8.0, delta=0.0), r"The claimed delta 0 is not in \(0, 1\)"),
        (Claim(epsilon=8.0, delta=1.0), r"The claimed delta 1 is not in \(0, 1\)"),
        (Claim(delta=1e-5), "neither an epsilon nor a complete mechanism, so it can't be tested"),
        (
            Claim(epsilon=float("inf"), delta=1e-5),
            "neither an epsilon nor a complete mechanism, so it can't be tested",
        ),
        (
            Claim(noise_multiplier=1.0, steps=10),
            "neither an epsilon nor a complete mechanism, so it can't be tested",
        ),
        (
            Claim(epsilon=8.0, delta=1e-5, adjacency="replace-one"),
            "'replace-one' adjacency, but a canary is added or",
        ),
        (
            Claim(epsilon=8.0, delta=1e-5, adjacency="substitution"),
            "'substitution' adjacency, but a canary is",
        ),
        (
            Claim(noise_multiplier=-1.0, sample_rate=0.1, steps=10),
            "The noise multiplier -1.0 is not a finite number above 0",
        ),
    ],
)
def test_what_no_canary_could_test_is_refused(claim, expected):
    with pytest.raises(UsageError, match=expected):
        audited_claim(claim, None)


@pytest.mark.parametrize("adjacency", ["add-or-remove-one", "ADD_OR_REMOVE_ONE", "add/remove"])
def test_names_of_the_adjacency_that_canaries_have(adjacency):
    claim = WHOLE.model_copy(update={"adjacency": adjacency})
    assert audited_claim(claim, None).claim == claim


def test_a_claim_as_json(tmp_path):
    path = tmp_path / "claim.json"
    path.write_text(json.dumps({"mechanism": "prv", "history": [[1.5, 0.01, 100], [1.5, 0.01, 50]]}))
    found = read_claim(path)
    assert (found.noise_multiplier, found.sample_rate, found.steps) == (1.5, 0.01, 150)
    assert found.source == "claim.json"


def test_a_claim_in_a_checkpoint(tmp_path):
    path = tmp_path / "run.pt"
    state = {"privacy_accountant_state_dict": {"mechanism": "rdp", "history": [(1.0, 0.1, 7)]}}
    torch.save({**state, "module_state_dict": {"w": torch.zeros(2)}}, path)
    assert read_claim(path).steps == 7


def test_a_checkpoint_runs_nothing(tmp_path, bomb):
    path = tmp_path / "run.pt"
    path.write_bytes(pickle.dumps(bomb))
    with pytest.raises(UnsafeModelError):
        read_claim(path)
    assert not bomb.path.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b'{"epsilon": "much"}', b'{"lr": 1}'])
def test_damaged_claims_are_refused_in_one_line(tmp_path, content):
    path = tmp_path / "claim.json"
    path.write_bytes(content)
    with pytest.raises(DataError) as refused:
        read_claim(path)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(DataError, match="Can't read"):
        read_claim(tmp_path / "none.json")
