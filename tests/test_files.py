"""Nobody ever sees half a file."""

import stat

import pytest

from privaudit.files import PRIVATE, PUBLIC, replaced


@pytest.mark.parametrize("mode", [PRIVATE, PUBLIC])
@pytest.mark.parametrize("exists", [False, True])
def test_a_file_has_the_content_and_mode_that_was_asked_for(tmp_path, mode, exists):
    path = tmp_path / "file"
    if exists:
        path.write_bytes(b"a longer old content")
        path.chmod(0o640)
    with replaced(path, mode=mode) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert list(tmp_path.iterdir()) == [path]


def test_until_the_block_ends_the_old_file_stands_and_only_the_owner_reads_the_new_one(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with replaced(path, mode=PUBLIC) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
        (part,) = set(tmp_path.iterdir()) - {path}
        assert part.name.startswith(".file.")
        assert part.suffix == ".part"
        assert stat.S_IMODE(part.stat().st_mode) == PRIVATE
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("failure", [ValueError, OSError, KeyboardInterrupt])
def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, failure):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(failure), replaced(path, mode=PRIVATE) as file:  # noqa: PT012 - that block is the point
        file.write(b"half")
        raise failure
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.chmod"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, step, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(step, full)
    with pytest.raises(OSError, match="No space"), replaced(path, mode=PRIVATE) as file:
        file.write(b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("place", ["none/file", "folder"])
def test_a_missing_folder_and_a_folder_in_the_place_of_the_file_are_errors(tmp_path, place):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError), replaced(tmp_path / place, mode=PRIVATE) as file:  # noqa: PT011 - any of them
        file.write(b"new")
    assert [path.name for path in tmp_path.rglob("*")] == ["folder"]
