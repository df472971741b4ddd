"""Killed at a random moment while references train, resumed: byte for byte what an undisturbed run gives."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from privaudit.training.references.backends.process import ProcessBackend
from privaudit.training.references.backends.ray import RayBackend
from privaudit.training.references.backends.serial import SerialBackend
from privaudit.training.references.engine import train_references
from privaudit.training.references.plan import ReferencePlan
from privaudit.training.references.store import Store

COUNT = 12
SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {folder!r})
import test_resume

if __name__ == "__main__":
    root, count, backend, learner = sys.argv[1:]
    test_resume.run(Path(root), int(count), backend, learner)
"""


def make_plan(learner: str) -> ReferencePlan:
    from conftest import make_population
    from tiny_learner import TinyLearner

    pool = make_population(60)
    if learner == "tiny":
        return ReferencePlan(TinyLearner(seconds=0.03), pool, pool, True, 7, extras=True)
    from privaudit.training.recipe import Recipe
    from privaudit.training.references.learners.recipe_learner import RecipeLearner

    # NOTE: a block of bags of words must take longer than a test needs to kill its process.
    epochs = 400 if learner == "bow" else 12
    recipe = Recipe.for_architecture(learner, width=16, epochs=epochs, batch_size=8)
    return ReferencePlan(RecipeLearner(recipe, None), pool, pool, True, 7, extras=True)


def run(root: Path, count: int, backend: str, learner: str) -> None:
    backends = {"serial": SerialBackend(), "process": ProcessBackend(2), "ray": RayBackend("local")}
    train_references(make_plan(learner), count, Store(root), backends[backend])


@pytest.fixture
def start(tmp_path):
    """Start training in another process; it is ended after the test."""
    started = []
    script = tmp_path / "train.py"
    script.write_text(SCRIPT.format(folder=str(Path(__file__).parent)))

    def begin(root: Path, backend: str, learner: str) -> subprocess.Popen:
        command = [sys.executable, str(script), str(root), str(COUNT), backend, learner]
        process = subprocess.Popen(command, start_new_session=True)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


def files(root: Path) -> list[Path]:
    return sorted(root.rglob("*.safetensors"))


def kill_while_training(process: subprocess.Popen, root: Path, rng: random.Random) -> int:
    """SIGKILL after a random number of references and a random part of the next; how many were finished."""
    # NOTE: a block of four bags of words ends at once, so the last block must not have begun to be wanted.
    wanted = rng.randrange(1, COUNT - 3)
    limit = time.monotonic() + 120
    while len(files(root)) < wanted:
        assert process.poll() is None, "it ended before it was killed"
        assert time.monotonic() < limit, "nothing is being trained"
        time.sleep(0.001)
    time.sleep(rng.uniform(0, 0.03))
    assert process.poll() is None, "it must still be training"
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    return len(files(root))


def check(start, tmp_path, contents, backend: str, learner: str, kills: int) -> None:
    undisturbed = Store(tmp_path / "undisturbed")
    run(undisturbed.root, COUNT, "serial", learner)
    rng = random.Random(f"{backend} {learner}")
    unfinished = trial = 0
    while unfinished < kills:
        # NOTE: on a busy machine a signal may come after the last reference; that kill does not count.
        assert trial < 2 * kills, "half of the processes were killed too late"
        store = Store(tmp_path / f"killed-{trial}")
        finished = kill_while_training(start(store.root, backend, learner), store.root, rng)
        unfinished += finished < COUNT
        trial += 1
        run(store.root, COUNT, "serial", learner)
        assert contents(store) == contents(undisturbed)


def test_two_kills_and_a_resumption(start, tmp_path, contents):
    check(start, tmp_path, contents, "process", "tiny", kills=2)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["serial", "process"])
@pytest.mark.parametrize("learner", ["tiny", "bow"])
def test_twenty_kills_and_resumptions(start, tmp_path, contents, backend, learner):
    check(start, tmp_path, contents, backend, learner, kills=20)


@pytest.mark.slow
@pytest.mark.parametrize("learner", ["bow", "cnn", "bilstm", "transformer"])
def test_four_extended_to_twelve_is_twelve_on_every_back_end(tmp_path, contents, learner):
    whole = Store(tmp_path / "whole")
    run(whole.root, 12, "serial", learner)
    for backend in ("serial", "process"):
        extended = Store(tmp_path / backend)
        for count in (4, 12):
            run(extended.root, count, backend, learner)
        assert contents(extended) == contents(whole)


@pytest.mark.ray
@pytest.mark.parametrize("learner", ["bow", "cnn"])
def test_word_networks_are_the_same_bytes_under_ray(tmp_path, contents, learner):
    pytest.importorskip("ray")
    for backend in ("serial", "ray"):
        run(tmp_path / backend, 4, backend, learner)
    assert contents(Store(tmp_path / "ray")) == contents(Store(tmp_path / "serial"))
