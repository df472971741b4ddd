"""A reference's file: whole, private, and never read when damaged."""

import stat

import numpy as np
import pytest

from privaudit.training.references.plan import ReferenceOutput
from privaudit.training.references.reference_file import (
    DamagedReferenceError,
    read_array,
    verify_reference,
    write_reference,
)

KEY = "ab" * 32


def an_output(index: int = 3, n: int = 6, classes: int = 3) -> ReferenceOutput:
    rng = np.random.default_rng(index)
    logits = rng.normal(size=(n, classes)).astype(np.float32)
    return ReferenceOutput(index, rng.random(n) < 0.5, logits, rng.normal(size=(n, 5)).astype(np.float32))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "00003.safetensors"
    write_reference(path, KEY, an_output())
    return path


def test_what_is_read_is_what_was_written(file):
    verify_reference(file, KEY, 3)
    expected = an_output()
    for name in ("logits", "inside", "extras"):
        array = read_array(file, name)
        assert array.dtype == getattr(expected, name).dtype
        np.testing.assert_array_equal(array, getattr(expected, name))


def test_the_same_output_gives_the_same_bytes_whatever_its_memory_layout(file, tmp_path):
    output = an_output()
    turned = ReferenceOutput(3, output.inside, np.asfortranarray(output.logits), output.extras)
    write_reference(tmp_path / "again", KEY, turned)
    assert (tmp_path / "again").read_bytes() == file.read_bytes()


def test_only_its_owner_may_read_it(file):
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("step", [29, pytest.param(1, marks=pytest.mark.slow)])
def test_any_flipped_bit_is_noticed(file, step):
    good = file.read_bytes()
    for bit in range(0, 8 * len(good), step):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        file.write_bytes(bad)
        with pytest.raises(DamagedReferenceError):
            verify_reference(file, KEY, 3)


def test_any_cut_and_any_tail_is_noticed(file):
    good = file.read_bytes()
    for length in range(0, len(good), 7):
        file.write_bytes(good[:length])
        with pytest.raises(DamagedReferenceError):
            verify_reference(file, KEY, 3)
    file.write_bytes(good + b"\0")
    with pytest.raises(DamagedReferenceError):
        verify_reference(file, KEY, 3)


def test_a_file_of_another_plan_or_index_is_refused(file):
    with pytest.raises(DamagedReferenceError):
        verify_reference(file, "cd" * 32, 3)
    with pytest.raises(DamagedReferenceError):
        verify_reference(file, KEY, 4)


def test_a_missing_file_is_not_a_damaged_one(tmp_path):
    with pytest.raises(FileNotFoundError):
        verify_reference(tmp_path / "none", KEY, 0)


def test_a_folder_in_the_place_of_the_file_is_damage(tmp_path):
    with pytest.raises(DamagedReferenceError):
        verify_reference(tmp_path, KEY, 0)
