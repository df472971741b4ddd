"""The evidence file."""

import stat

import numpy as np
import pytest

from privaudit.audits.evidence_file import write_signals
from privaudit.errors import UsageError

FIXED = {"ids", "member", "label", "target_logits", "reference_logits", "reference_in"}


@pytest.fixture
def signals(make_signals):
    return make_signals(np.arange(12.0).reshape(4, 3), [0, 1, 2, 0])


def load(path):
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def test_round_trip_without_pickle(tmp_path, signals):
    path = tmp_path / "evidence.npz"
    score = np.array([0.5, np.nan, -np.inf, 1e-300])
    write_signals(path, signals, {"loss": score, "gradient-norm-last": -score})
    arrays = load(path)
    assert set(arrays) == FIXED | {"scores__loss", "scores__gradient-norm-last"}
    assert arrays["ids"].tolist() == ["r0", "r1", "r2", "r3"]
    assert arrays["member"].dtype == np.bool_
    np.testing.assert_array_equal(arrays["target_logits"], signals.target_logits)
    np.testing.assert_array_equal(arrays["scores__loss"], score)
    assert arrays["reference_logits"].shape == (0, 4, 3)
    assert arrays["reference_in"].shape == (0, 4)


def test_references_are_written(tmp_path, make_signals):
    inside = np.array([[True, False], [False, False], [True, True]])
    reference_logits = np.ones((3, 2, 2), np.float32)
    signals = make_signals(np.zeros((2, 2)), [0, 1], reference_logits=reference_logits, reference_in=inside)
    write_signals(tmp_path / "s.npz", signals, {})
    arrays = load(tmp_path / "s.npz")
    np.testing.assert_array_equal(arrays["reference_in"], inside)
    assert arrays["reference_logits"].dtype == np.float32


def test_references_that_are_read_one_by_one_are_written_one_by_one(tmp_path, make_signals):
    class OneByOne:
        def __len__(self):
            return 3

        def __getitem__(self, k):
            return np.full((2, 2), k, np.float32)

    inside = np.zeros((3, 2), bool)
    signals = make_signals(np.zeros((2, 2)), [0, 1], reference_logits=OneByOne(), reference_in=inside)
    write_signals(tmp_path / "s.npz", signals, {})
    expected = np.repeat(np.arange(3, dtype=np.float32), 4).reshape(3, 2, 2)
    np.testing.assert_array_equal(load(tmp_path / "s.npz")["reference_logits"], expected)


def test_only_the_owner_may_read_it_also_when_it_replaces_an_open_file(tmp_path, signals):
    path = tmp_path / "evidence.npz"
    path.write_text("old")
    path.chmod(0o644)
    write_signals(path, signals, {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_the_name_is_taken_as_given(tmp_path, signals):
    write_signals(tmp_path / "evidence", signals, {})
    assert (tmp_path / "evidence").is_file()


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path, signals, monkeypatch):
    path = tmp_path / "evidence.npz"
    path.write_text("old")

    def full(entry, *_, **__):
        entry.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(UsageError, match="No space left"):
        write_signals(path, signals, {})
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_does_not_exist_is_named(tmp_path, signals):
    with pytest.raises(UsageError, match="Name a file in an existing folder"):
        write_signals(tmp_path / "no" / "evidence.npz", signals, {})


def test_unicode_ids_survive_and_endless_ones_are_refused(tmp_path, make_signals):
    path = tmp_path / "s.npz"
    signals = make_signals(np.zeros((2, 2)), [0, 1], ids=["ключ", "鍵"])
    write_signals(path, signals, {})
    assert load(path)["ids"].tolist() == ["ключ", "鍵"]
    with pytest.raises(UsageError, match="A record id has 2000 characters; --signals takes at most 1000"):
        write_signals(path, make_signals(np.zeros((1, 2)), [0], ids=["x" * 2000]), {})


def test_the_bytes_are_the_same_every_time(tmp_path, signals):
    for name in ("a", "b"):
        write_signals(tmp_path / name, signals, {"loss": np.zeros(4)})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
