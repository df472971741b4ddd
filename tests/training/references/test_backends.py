"""The back ends: the same references everywhere, bit for bit, and no worker's death goes unnoticed."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from tiny_learner import (
    DyingLearner,
    FailingLearner,
    GpuLearner,
    LazyLearner,
    StuckLearner,
    TinyLearner,
    Unsendable,
)

from privaudit.errors import MissingExtraError, UsageError
from privaudit.training.references.backends import local
from privaudit.training.references.backends.jobs import Job, Jobs
from privaudit.training.references.backends.local import LocalBackend
from privaudit.training.references.backends.process import ProcessBackend, usable_cores
from privaudit.training.references.backends.ray import RayBackend
from privaudit.training.references.backends.serial import SerialBackend
from privaudit.training.references.backends.worker import portable
from privaudit.training.references.engine import train_references
from privaudit.training.references.store import Store


@pytest.fixture(scope="module")
def cluster():
    """A local Ray cluster of two workers."""
    ray = pytest.importorskip("ray")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(
        "local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        runtime_env={"env_vars": {"PYTHONPATH": str(Path(__file__).parent)}},
    )
    yield
    ray.shutdown()


@pytest.fixture(params=["process", pytest.param("ray", marks=pytest.mark.ray)])
def backend(request):
    """Every back end that trains in other processes."""
    if request.param == "ray":
        request.getfixturevalue("cluster")
        return RayBackend()
    return ProcessBackend(2)


@pytest.fixture
def undisturbed(tmp_path, plan, contents):
    store = Store(tmp_path / "undisturbed")
    train_references(plan(), 12, store, SerialBackend())
    return contents(store)


@pytest.fixture
def deaths(tmp_path) -> Path:
    folder = tmp_path / "deaths"
    folder.mkdir()
    return folder


def test_all_back_ends_give_the_same_bytes(plan, store, contents, undisturbed, backend):
    references = train_references(plan(), 12, store, backend)
    assert references.indices == tuple(range(12))
    assert contents(store) == undisturbed


@pytest.mark.parametrize(("quick", "seconds", "here"), [(True, 60.0, 3), (True, 0.0, 1), (False, 60.0, 0)])
def test_quick_models_are_trained_here_until_workers_would_pay(
    plan, store, contents, undisturbed, monkeypatch, quick, seconds, here
):
    monkeypatch.setattr(local, "ALONE_SECONDS", seconds)
    pooled, run = [], ProcessBackend.run

    def watched(self, plan, blocks):
        def seen():
            for block in blocks:
                pooled.append(block)
                yield block

        yield from run(self, plan, seen())

    monkeypatch.setattr(ProcessBackend, "run", watched)
    train_references(plan(TinyLearner(quick=quick)), 12, store, LocalBackend(2))
    assert len(pooled) == 3 - here
    assert contents(store) == undisturbed


def test_a_run_may_change_its_back_end(plan, store, contents, undisturbed, backend):
    train_references(plan(), 5, store, backend)
    train_references(plan(), 7, store, SerialBackend())
    train_references(plan(), 12, store, backend)
    assert contents(store) == undisturbed


def test_a_killed_worker_is_replaced_and_its_block_tried_again(
    plan, store, contents, undisturbed, backend, deaths, capsys
):
    learner = DyingLearner(victim=6, deaths=2, folder=deaths)
    train_references(plan(learner), 12, store, backend)
    assert len(list(deaths.iterdir())) == 2, "both workers really died"
    assert contents(store) == undisturbed
    assert capsys.readouterr().out == "", "stdout is for the result"


def test_a_block_that_always_kills_its_worker_is_given_up(plan, store, backend, deaths):
    learner = DyingLearner(victim=6, deaths=99, folder=deaths)
    with pytest.raises(
        UsageError, match=r"3 workers in a row died on references [46] to 7 .*memory.*run the command again"
    ) as error:
        train_references(plan(learner), 12, store, backend)
    assert "\n" not in str(error.value)
    assert len(list(deaths.iterdir())) == 3


def test_what_was_finished_before_a_block_was_given_up_is_kept(plan, store, contents, undisturbed, deaths):
    learner = DyingLearner(victim=6, deaths=99, folder=deaths)
    with pytest.raises(UsageError):
        train_references(plan(learner), 12, store, ProcessBackend(1))
    assert len(contents(store)) == 6
    train_references(plan(), 12, store, ProcessBackend(1))
    assert contents(store) == undisturbed


def test_an_error_that_the_reader_can_mend_comes_back_as_it_was(plan, store, backend):
    with pytest.raises(UsageError) as error:
        train_references(plan(FailingLearner(victim=2)), 4, store, backend)
    assert str(error.value) == "The recipe is a bad one. Mend the recipe."
    assert error.value.mend == "Mend the recipe"


@pytest.mark.parametrize(
    ("kind", "raised"), [("bug", KeyError), ("system", FileNotFoundError), ("unsendable", RuntimeError)]
)
def test_a_bug_comes_back_with_its_place(plan, store, backend, kind, raised):
    with pytest.raises(raised) as error:
        train_references(plan(FailingLearner(victim=2, kind=kind)), 4, store, backend)
    assert "in begin" in "".join(error.value.__notes__ if raised is not RuntimeError else error.value.args)


def test_a_learner_that_forgets_references_is_a_bug_everywhere(plan, store, backend):
    with pytest.raises(RuntimeError, match=r"\[3\]"):
        train_references(plan(LazyLearner()), 4, store, backend)


def test_blocks_are_taken_only_when_they_can_begin(plan, backend):
    taken = []

    def supply():
        for index in range(20):
            taken.append(index)
            yield (index,)

    outputs = backend.run(plan(TinyLearner(block_size=1)), supply())
    next(outputs)
    assert len(taken) <= 3
    outputs.close()


def test_closing_leaves_no_process_behind(plan):
    outputs = ProcessBackend(2).run(plan(TinyLearner(seconds=0.5)), [(0, 1, 2, 3), (4, 5, 6, 7)])
    next(outputs)
    assert len(multiprocessing.active_children()) == 2
    outputs.close()
    assert multiprocessing.active_children() == []


def test_workers_compute_with_one_thread(plan, monkeypatch):
    from tiny_learner import ThreadsLearner

    torch.set_num_threads(2)
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.delenv(variable, raising=False)
    for backend in (SerialBackend(), ProcessBackend(1)):
        (output,) = backend.run(plan(ThreadsLearner()), [(0,)])
        assert output.logits[0].tolist() == [1.0, 1.0, 0.0]


def test_there_is_a_core():
    assert usable_cores() >= 1


SCRIPT = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from tiny_learner import StuckLearner, TinyLearner
from conftest import make_population
from privaudit.training.references.backends.process import ProcessBackend
from privaudit.training.references.backends.ray import RayBackend
from privaudit.training.references.engine import train_references
from privaudit.training.references.plan import ReferencePlan
from privaudit.training.references.store import Store

if __name__ == "__main__":
    pool = make_population()
    plan = ReferencePlan({learner}, pool, pool, True, 7)
    train_references(plan, {count}, Store(Path(sys.argv[1])), {backend})
"""


@pytest.fixture
def training(tmp_path, store):
    """Start a process that trains references with two workers; it is ended after the test."""
    started = []

    def start(count, learner, backend) -> subprocess.Popen:
        script = tmp_path / "train.py"
        here = str(Path(__file__).parent)
        script.write_text(SCRIPT.format(path=[here], learner=learner, count=count, backend=backend))
        process = subprocess.Popen(
            [sys.executable, str(script), str(store.root)], env=os.environ | {"PYTHONPATH": here},
            start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def wait_for_files(store: Store, count: int) -> None:
    limit = time.monotonic() + 60
    while len(list(store.root.rglob("*.safetensors"))) < count:
        assert time.monotonic() < limit, "nothing is being trained"
        time.sleep(0.01)


def session_members(session: int) -> list[int]:
    """The processes of a session, from the system's own list."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads the process list of Linux")
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_worker_outlives_the_process_that_started_it(training, store, ending):
    process = training(40, StuckLearner(block_size=1, first=4), ProcessBackend(2))
    wait_for_files(store, 4)
    assert len(session_members(process.pid)) >= 3
    # NOTE: Ctrl-C goes to every process of the terminal.
    os.killpg(process.pid, ending) if ending == signal.SIGINT else process.send_signal(ending)
    _, messages = process.communicate(timeout=60)
    limit = time.monotonic() + 30
    while session_members(process.pid):
        assert time.monotonic() < limit, "a worker lives on"
        time.sleep(0.05)
    if ending == signal.SIGINT:
        assert messages.count("Traceback") == 1, "only the process itself says that it was interrupted"


@pytest.mark.ray
def test_a_cluster_for_the_run_alone_leaves_stdout_to_the_result(training, store, contents, undisturbed):
    pytest.importorskip("ray")
    process = training(12, TinyLearner(), RayBackend("local"))
    out, messages = process.communicate(timeout=120)
    assert process.returncode == 0, messages
    assert out == ""
    assert contents(store) == undisturbed


def test_a_missing_ray_is_one_line_with_the_command(plan, store, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r'pip install "privaudit\[ray\]"'):
        train_references(plan(), 2, store, RayBackend())


@pytest.mark.ray
@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "nonsense"])
def test_a_cluster_that_is_not_there_is_one_clear_error(plan, store, monkeypatch, address):
    ray = pytest.importorskip("ray")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(UsageError, match=r'No Ray cluster at .* Start one with "ray start --head"') as error:
        train_references(plan(), 2, store, RayBackend(address))
    assert "\n" not in str(error.value)


@pytest.mark.ray
def test_another_version_on_a_machine_is_refused(plan):
    pytest.importorskip("ray")
    from privaudit.training.references.backends.ray import train_block

    answer = train_block(pickle.dumps(plan()), (0,), "0.0.0")
    assert isinstance(answer, UsageError)
    assert "same version everywhere" in str(answer)


@pytest.mark.ray
def test_a_learner_on_a_gpu_needs_a_cluster_with_gpus(plan, store, cluster):  # noqa: ARG001
    with pytest.raises(UsageError, match="The Ray cluster has 0 GPUs, but a task needs 1"):
        train_references(plan(GpuLearner()), 2, store, RayBackend())


def test_jobs_come_back_without_what_is_done():
    jobs = Jobs([(0, 1), (2, 3)])
    first = jobs.take()
    jobs.retry(first.without(0), "killed")
    assert jobs.take() == Job((1,), deaths=1)
    assert jobs.take() == Job((2, 3))
    assert jobs.take() is None
    jobs.retry(Job((3,), deaths=1), "killed")
    with pytest.raises(UsageError, match="workers in a row died on references 3 to 3"):
        jobs.retry(jobs.take(), "killed")


def test_every_error_of_the_project_survives_the_way_home():
    for error in (UsageError("a", "b"), MissingExtraError("ray", "ray", "training")):
        sent = pickle.loads(pickle.dumps(portable(error)))
        assert (type(sent), str(sent), sent.problem) == (type(error), str(error), error.problem)


def test_exceptions_that_cannot_be_sent_are_told_in_words():
    sent = pickle.loads(pickle.dumps(portable(Unsendable("one", "two"))))
    assert type(sent) is RuntimeError
    assert "onetwo" in str(sent)
