"""The store: folders by content key, private, tolerant of damage and of a full disk."""

import dataclasses
import json
import os
import stat
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_learner import TinyLearner

from privaudit.errors import ModelError, UsageError
from privaudit.training.references.plan import Population, ReferenceOutput, ReferencePlan
from privaudit.training.references.store import PLAN_FILE, Store, default_root


def trained(plan, index):
    return next(iter(plan.learner.learn(plan, [index])))


@pytest.fixture
def folder(store, plan):
    """Two references of a plan."""
    opened = store.open(plan())
    for index in (0, 1):
        opened.write(trained(opened.plan, index))
    return opened


def test_folders_and_files_are_private_whatever_the_umask(store, plan):
    before = os.umask(0)
    try:
        folder = store.open(plan())
        folder.write(trained(folder.plan, 0))
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in store.root.rglob("*")}
    assert modes == {folder.key: 0o700, PLAN_FILE: 0o600, "00000.safetensors": 0o600}
    assert stat.S_IMODE(store.root.stat().st_mode) == 0o700


def test_a_folder_that_others_may_read_is_closed(store, plan):
    folder = store.open(plan())
    folder.path.chmod(0o755)
    store.open(plan())
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_the_plan_file_says_what_the_references_are_without_a_text(folder):
    raw = (folder.path / PLAN_FILE).read_text()
    content = json.loads(raw)
    assert content["key"] == folder.key == folder.path.name
    assert content["learner"] == {"learner": "tiny", "rate": 0.5}
    assert content["pool"] == {"n": 40, "digest": folder.plan.pool.digest()}
    assert not any(text in raw for text in folder.plan.pool.texts)


def test_opening_again_marks_the_plan_as_used_and_keeps_its_creation(folder, store):
    path = folder.path / PLAN_FILE
    before = path.read_bytes()
    os.utime(path, (1, 1))
    store.open(folder.plan)
    assert path.read_bytes() == before
    assert path.stat().st_mtime > time.time() - 60


@pytest.mark.parametrize("broken", [b"", b"[1]", b"null", b'{"key": "x"}', b"\xff\xfe", b"{}"])
def test_a_broken_plan_file_is_written_anew(folder, store, broken):
    path = folder.path / PLAN_FILE
    path.write_bytes(broken)
    store.open(folder.plan)
    assert json.loads(path.read_bytes())["key"] == folder.key


def test_references_are_read_one_at_a_time(folder):
    references = folder.read([1, 0])
    assert (len(references), references.indices) == (2, (0, 1))
    for k in range(2):
        expected = trained(folder.plan, k)
        np.testing.assert_array_equal(references.logits[k], expected.logits)
        np.testing.assert_array_equal(references.inside[k], expected.inside)
    assert references.logits[0].dtype == np.float32
    assert references.inside.shape == (2, 40)
    assert references.inside.dtype == np.bool_
    assert references.extras is None
    assert len(list(references.logits)) == len(references.logits) == 2
    with pytest.raises(IndexError):
        references.logits[2]


def test_reading_needs_the_memory_of_one_reference(store, plan):
    n, classes, count = 5000, 20, 12
    pool = Population(["a"] * n, np.zeros(n, np.int64), classes)
    folder = store.open(dataclasses.replace(plan(), pool=pool, scored=pool))
    for index in range(count):
        logits = np.full((n, classes), index, np.float32)
        folder.write(ReferenceOutput(index, np.ones(n, np.bool_), logits))
    one = logits.nbytes
    references = folder.read(range(count))
    tracemalloc.start()
    try:
        total = sum(float(logits[0, 0]) for logits in references.logits)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total == sum(range(count))
    assert one < peak < 4 * one < count * one


def test_extras_are_kept_when_the_plan_asks(store, plan):
    folder = store.open(plan(extras=True))
    folder.write(trained(folder.plan, 5))
    extras = folder.read([5]).extras
    np.testing.assert_array_equal(extras[0], trained(folder.plan, 5).extras)


def test_no_reference_is_a_defined_case(folder):
    references = folder.read([])
    assert len(references) == len(references.logits) == 0
    assert references.inside.shape == (0, 40)


def test_a_reference_that_vanishes_is_an_error_not_a_guess(folder):
    references = folder.read([0])
    folder.file(0).unlink()
    with pytest.raises(UsageError, match="Run the command again"):
        references.logits[0]


def test_damage_is_not_held(folder):
    assert folder.holds(0)
    content = bytearray(folder.file(0).read_bytes())
    content[-20] ^= 4
    folder.file(0).write_bytes(content)
    assert not folder.holds(0)
    assert folder.holds(1)
    assert not folder.holds(2)


def test_a_file_in_the_place_of_another_is_not_held(folder):
    folder.file(0).write_bytes(folder.file(1).read_bytes())
    assert not folder.holds(0)


CHANGES = {
    "learner": lambda plan: dataclasses.replace(plan, learner=TinyLearner(rate=0.25)),
    "seed": lambda plan: dataclasses.replace(plan, seed=plan.seed + 1),
    "extras": lambda plan: dataclasses.replace(plan, extras=not plan.extras),
    "text": lambda plan: with_pool(plan, texts=["another text", *plan.pool.texts[1:]]),
    "order": lambda plan: with_pool(plan, texts=plan.pool.texts[::-1]),
    "label": lambda plan: with_pool(plan, labels=(plan.pool.labels + 1) % 3),
    "classes": lambda plan: with_pool(plan, n_classes=4),
    "groups": lambda plan: with_pool(plan, groups=["a", "b"] * (len(plan.pool) // 2)),
    "offline": lambda plan: dataclasses.replace(plan, online=False),
}


def with_pool(plan: ReferencePlan, **changes) -> ReferencePlan:
    pool = dataclasses.replace(plan.pool, **changes)
    return dataclasses.replace(plan, pool=pool, scored=pool)


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_stale_is_held_after_a_change(folder, store, change):
    changed = store.open(CHANGES[change](folder.plan))
    assert not changed.holds(0)
    # NOTE: nor when somebody puts the file there by hand.
    changed.file(0).write_bytes(folder.file(0).read_bytes())
    assert not changed.holds(0)


def test_another_version_of_the_package_holds_nothing(folder, store, monkeypatch):
    monkeypatch.setattr("privaudit.training.references.plan.__version__", "0.0.0")
    assert not store.open(folder.plan).holds(0)


words = st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=4)


@settings(max_examples=40, deadline=None)
@given(first=words, second=words, seeds=st.tuples(st.integers(0, 3), st.integers(0, 3)))
def test_a_reference_is_held_by_an_equal_plan_and_by_no_other(first, second, seeds):
    def opened(texts, seed):
        pool = Population(texts, np.zeros(len(texts), np.int64), 2)
        return Store(Path(root)).open(ReferencePlan(TinyLearner(), pool, pool, True, seed))

    with tempfile.TemporaryDirectory() as root:
        one, other = opened(first, seeds[0]), opened(second, seeds[1])
        one.write(trained(one.plan, 0))
        assert other.holds(0) is (first == second and seeds[0] == seeds[1])


def test_outputs_that_break_the_contract_are_refused(store, plan):
    from tiny_learner import WrongLearner

    for fault, kind in (
        ("nan", ModelError),
        ("shape", ValueError),
        ("type", ValueError),
        ("extras", ValueError),
    ):
        folder = store.open(plan(WrongLearner(fault=fault)))
        with pytest.raises(kind):
            folder.write(trained(folder.plan, 0))
        assert not folder.holds(0)


def test_a_full_disk_is_one_clear_error_and_loses_nothing(folder, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    before = folder.file(0).read_bytes()
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(
        UsageError, match=r"No space left on device.*PRIVAUDIT_STORE.*run the command again"
    ) as error:
        folder.write(trained(folder.plan, 2))
    assert "\n" not in str(error.value)
    assert folder.file(0).read_bytes() == before
    assert sorted(p.name for p in folder.path.iterdir()) == [
        "00000.safetensors",
        "00001.safetensors",
        PLAN_FILE,
    ]


def test_a_root_that_cannot_be_made_is_one_clear_error(tmp_path, plan):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="PRIVAUDIT_STORE"):
        Store(tmp_path / "file" / "store").open(plan())


def test_only_old_leftovers_of_killed_writers_are_swept(folder, store):
    old, young = (folder.path / f".00009.safetensors.{name}.part" for name in ("old", "young"))
    for leftover in (old, young):
        leftover.touch()
    os.utime(old, (1, 1))
    store.open(folder.plan)
    assert young.exists()
    assert not old.exists()


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {"HOME": "/home/ada"}, "/home/ada/.cache/privaudit/references"),
        ("linux", {"HOME": "/home/ada", "XDG_CACHE_HOME": "/big"}, "/big/privaudit/references"),
        ("darwin", {"HOME": "/Users/ada"}, "/Users/ada/Library/Caches/privaudit/references"),
        ("win32", {"USERPROFILE": "C:/ada"}, "C:/ada/AppData/Local/privaudit/references"),
        ("win32", {"LOCALAPPDATA": "D:/local"}, "D:/local/privaudit/references"),
    ],
)
def test_the_default_root_is_the_users_cache(monkeypatch, platform, environment, expected):
    monkeypatch.setattr(sys, "platform", platform)
    assert default_root(environment) == Path(expected)


def test_without_a_home_the_store_must_be_named():
    with pytest.raises(UsageError, match="PRIVAUDIT_STORE"):
        default_root({})
