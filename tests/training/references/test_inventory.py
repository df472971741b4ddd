"""What the store holds, and what pruning deletes and leaves alone."""

import os
from datetime import UTC, datetime

import pytest

from privaudit.errors import UsageError
from privaudit.training.references.backends.serial import SerialBackend
from privaudit.training.references.engine import train_references
from privaudit.training.references.inventory import list_plans, remove_plans, select_plans
from privaudit.training.references.store import PLAN_FILE


@pytest.fixture
def filled(store, plan):
    """Three plans, last used on the first, second and third of a month, with 1, 2 and 3 references."""
    for day, count in enumerate((1, 2, 3), start=1):
        train_references(plan(seed=day), count, store, SerialBackend())
        used = datetime(2026, 3, day, tzinfo=UTC).timestamp()
        os.utime(store.open(plan(seed=day)).path / PLAN_FILE, (used, used))
    return store


def test_plans_are_listed_with_their_size_and_last_use(filled, plan):
    plans = list_plans(filled.root)
    assert [stored.references for stored in plans] == [3, 2, 1]
    newest = plans[0]
    assert newest.key == plan(seed=3).key()
    assert newest.used == datetime(2026, 3, 3, tzinfo=UTC)
    assert newest.size == sum(file.stat().st_size for file in newest.path.iterdir())
    assert newest.about == "tiny, 40 records, 3 classes, seed 3"
    assert newest.created


def test_no_store_is_an_empty_one(tmp_path):
    assert list_plans(tmp_path / "none") == []


def test_a_file_as_store_is_one_clear_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="PRIVAUDIT_STORE"):
        list_plans(tmp_path / "file")


def test_other_peoples_folders_are_not_listed(filled):
    (filled.root / "notes").mkdir()
    (filled.root / ("a" * 64)).touch()
    assert len(list_plans(filled.root)) == 3


@pytest.mark.parametrize("broken", [None, b"", b"[]", b'{"learner": 3, "scored": []}', b"\xff"])
def test_a_plan_without_description_is_listed_and_can_go(filled, broken):
    newest = list_plans(filled.root)[0]
    (newest.path / PLAN_FILE).unlink() if broken is None else (newest.path / PLAN_FILE).write_bytes(broken)
    (stored,) = (s for s in list_plans(filled.root) if s.key == newest.key)
    assert "missing or broken" in stored.about
    remove_plans([stored])
    assert not stored.path.exists()


def test_a_key_or_its_beginning_chooses(filled, plan):
    plans = list_plans(filled.root)
    first, third = plan(seed=1).key(), plan(seed=3).key()
    chosen = select_plans(plans, keys=[first[:6], third])
    assert {stored.key for stored in chosen} == {first, third}


@pytest.mark.parametrize("key", ["", "zz", "0" * 64, "\n" * 200])
def test_a_key_that_fits_no_plan_is_refused(filled, key):
    with pytest.raises(UsageError, match="store list"):
        select_plans(list_plans(filled.root), keys=[key])


def test_a_short_key_is_refused_even_when_it_fits_one(filled, plan):
    with pytest.raises(UsageError, match="6 or more digits"):
        select_plans(list_plans(filled.root), keys=[plan(seed=1).key()[:5]])


def test_age_counts_from_the_last_use(filled):
    now = datetime(2026, 3, 10, 1, tzinfo=UTC)
    chosen = select_plans(list_plans(filled.root), older_than_days=8, now=now)
    assert [stored.references for stored in chosen] == [2, 1]
    assert select_plans(list_plans(filled.root), older_than_days=10, now=now) == []


@pytest.mark.parametrize(
    "choice", [{}, {"keys": ["abcdef"], "everything": True}, {"older_than_days": 0, "everything": True}]
)
def test_exactly_one_way_to_choose(filled, choice):
    with pytest.raises(UsageError, match=r"exactly one of KEY, --older-than and --all\. Choose one of them"):
        select_plans(list_plans(filled.root), **choice)


def test_removal_takes_the_plan_and_nothing_else(filled):
    newest, middle, oldest = list_plans(filled.root)
    (middle.path / "notes.txt").write_text("mine")
    (middle.path / ".00009.safetensors.x.part").touch()
    remove_plans([newest, middle])
    assert list_plans(filled.root)[0].key in {middle.key, oldest.key}
    assert [file.name for file in middle.path.iterdir()] == ["notes.txt"]
    assert not newest.path.exists()
    assert oldest.references == len(list(oldest.path.glob("*.safetensors")))


def test_a_file_that_cannot_be_deleted_is_one_clear_error(filled, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.unlink", refused)
    with pytest.raises(UsageError, match="Permission denied"):
        remove_plans(list_plans(filled.root))


def test_everything(filled):
    remove_plans(select_plans(list_plans(filled.root), everything=True))
    assert list(filled.root.iterdir()) == []
