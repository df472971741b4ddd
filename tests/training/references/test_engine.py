"""The engine: trains what is missing, keeps it, and gives the same files however it came about."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from tiny_learner import FailingLearner, LazyLearner, TinyLearner, WrongLearner

from privaudit.errors import ModelError, UsageError
from privaudit.training.references.backends.serial import SerialBackend
from privaudit.training.references.engine import train_references
from privaudit.training.references.store import Store


class Counting(SerialBackend):
    """A serial back end that remembers what it was asked for."""

    def __init__(self):
        self.blocks = []

    def run(self, plan, blocks):
        def watched():
            for block in blocks:
                self.blocks.append(block)
                yield block

        yield from super().run(plan, watched())


class Watching:
    """Progress that remembers."""

    def __init__(self):
        self.total, self.done = 0, 0

    def start(self, task, total):  # noqa: ARG002
        self.total, self.done = total, 0

    def advance(self, units=1, note=""):  # noqa: ARG002
        self.done += units


@pytest.fixture
def undisturbed(tmp_path, plan, contents):
    """The files of ``count`` references trained in one go."""

    def train(count, **options):
        store = Store(tmp_path / "undisturbed")
        train_references(plan(**options), count, store, SerialBackend())
        return contents(store)

    return train


def test_references_are_what_the_learner_gives(plan, store):
    references = train_references(plan(), 6, store, SerialBackend())
    assert references.indices == tuple(range(6))
    for output in TinyLearner().learn(plan(), range(6)):
        np.testing.assert_array_equal(references.logits[output.index], output.logits)
        np.testing.assert_array_equal(references.inside[output.index], output.inside)


def test_a_second_run_trains_nothing(plan, store):
    train_references(plan(), 6, store, SerialBackend())
    backend = Counting()
    train_references(plan(), 6, store, backend)
    assert backend.blocks == []


def test_fewer_than_stored_are_the_first(plan, store):
    train_references(plan(), 6, store, SerialBackend())
    assert train_references(plan(), 2, store, SerialBackend()).indices == (0, 1)


def test_an_extended_run_trains_the_missing_ones_only(plan, store, contents, undisturbed):
    train_references(plan(), 5, store, SerialBackend())
    backend = Counting()
    train_references(plan(), 12, store, backend)
    assert backend.blocks == [(5, 6, 7), (8, 9, 10, 11)]
    assert contents(store) == undisturbed(12)


def test_four_extended_to_twelve_is_twelve(plan, store, contents, undisturbed):
    for count in (4, 12):
        train_references(plan(extras=True), count, store, SerialBackend())
    assert contents(store) == undisturbed(12, extras=True)


def test_damaged_references_are_trained_again(plan, store, contents, undisturbed):
    folder = store.open(plan())
    train_references(plan(), 9, store, SerialBackend())
    for index, damage in ((0, b""), (5, b"garbage"), (6, folder.file(7).read_bytes())):
        folder.file(index).write_bytes(damage)
    backend = Counting()
    train_references(plan(), 9, store, backend)
    assert backend.blocks == [(0,), (5, 6)]
    assert contents(store) == undisturbed(9)


def test_block_size_changes_nothing(plan, store, contents, undisturbed):
    train_references(plan(TinyLearner(block_size=3)), 7, store, SerialBackend())
    assert contents(store) == undisturbed(7)


def test_another_seed_trains_its_own(plan, store):
    train_references(plan(), 3, store, SerialBackend())
    backend = Counting()
    train_references(plan(seed=8), 3, store, backend)
    assert backend.blocks == [(0, 1, 2)]


def test_offline_references_have_nobody_inside(plan, store):
    references = train_references(plan(online=False), 2, store, SerialBackend())
    assert references.inside.shape == (2, 20)
    assert not references.inside.any()


def test_progress_counts_what_is_stored_too(plan, store):
    train_references(plan(), 5, store, SerialBackend())
    progress = Watching()
    train_references(plan(), 8, store, SerialBackend(), progress=progress)
    assert (progress.total, progress.done) == (8, 8)


@pytest.mark.parametrize(("deadline", "complete"), [(0, 0), (1, 4), (2, 8), (3, 10), (99, 10)])
def test_no_block_begins_after_the_deadline_and_begun_ones_are_finished(
    plan, store, monkeypatch, deadline, complete
):
    clock = SimpleNamespace(monotonic=iter(range(100)).__next__)  # one second per block of four
    monkeypatch.setattr("privaudit.training.references.engine.time", clock)
    references = train_references(plan(), 10, store, SerialBackend(), deadline=deadline)
    assert references.indices == tuple(range(complete))


def test_an_interruption_keeps_what_is_finished(plan, store, contents, undisturbed):
    class Interrupted(Watching):
        def advance(self, units=1, note=""):  # noqa: ARG002
            super().advance(units)
            if self.done == 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_references(plan(), 8, store, SerialBackend(), progress=Interrupted())
    assert len(contents(store)) == 3
    train_references(plan(), 8, store, SerialBackend())
    assert contents(store) == undisturbed(8)


def test_a_full_disk_keeps_what_is_finished(plan, store, contents, undisturbed, monkeypatch):
    import os

    real, calls = os.fsync, []

    def filling(handle):
        calls.append(handle)
        if len(calls) > 4:
            raise OSError(28, "No space left on device")
        real(handle)

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", filling)
        with pytest.raises(UsageError, match="No space left on device"):
            train_references(plan(), 8, store, SerialBackend())
    assert len(contents(store)) == 3
    train_references(plan(), 8, store, SerialBackend())
    assert contents(store) == undisturbed(8)


def test_what_the_learner_raises_comes_through(plan, store):
    with pytest.raises(UsageError, match="Mend the recipe"):
        train_references(plan(FailingLearner(victim=5)), 8, store, SerialBackend())
    assert store.open(plan()).holds(4)


def test_diverged_references_are_refused(plan, store):
    with pytest.raises(ModelError, match="Reference 0 gave logits that are NaN or infinite"):
        train_references(plan(WrongLearner()), 2, store, SerialBackend())


def test_a_learner_that_forgets_references_is_a_bug(plan, store):
    with pytest.raises(RuntimeError, match=r"\[3, 7\]"):
        train_references(plan(LazyLearner()), 8, store, SerialBackend())


def test_two_writers_of_one_plan_do_no_harm(plan, store, contents, undisturbed):
    """Each finds the other's files appear while it trains."""

    class Competing(SerialBackend):
        def run(self, competed, blocks):
            for output in super().run(competed, blocks):
                store.open(competed).write(output)
                yield output

    train_references(plan(), 6, store, Competing())
    assert contents(store) == undisturbed(6)


def test_the_threads_of_the_caller_are_given_back(plan, store):
    import torch

    torch.set_num_threads(2)
    train_references(plan(FailingLearner(victim=99)), 2, store, SerialBackend())
    assert torch.get_num_threads() == 2
    with pytest.raises(UsageError):
        train_references(
            dataclasses.replace(plan(FailingLearner(victim=0)), seed=9), 2, store, SerialBackend()
        )
    assert torch.get_num_threads() == 2
