"""The file: what is in it, that nothing is lost, and that nothing else is taken for it."""

import os
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from privaudit.errors import ResultError
from privaudit.history import append, check, database, entry_of, read
from privaudit.results import claim_from, write_result


@pytest.fixture
def path(tmp_path):
    return tmp_path / "history.db"


def test_what_is_appended_is_read_again(make_audit, path):
    results = [
        make_audit(),
        make_audit("2026-02-01T10:00:00+00:00", auc=0.6, claim=claim_from(epsilon=float("inf"))),
    ]
    for result in results:
        append(result, path)
    assert read(path) == tuple(map(entry_of, results))


def test_order_is_that_of_time_and_not_of_arrival(make_audit, path):
    for month in (3, 1, 2):
        append(make_audit(f"2026-0{month}-01T00:00:00+00:00"), path)
    assert [entry.created[5:7] for entry in read(path)] == ["01", "02", "03"]


def test_the_same_audit_counts_once(make_audit, path):
    for _ in range(3):
        append(make_audit(), path)
    append(make_audit(auc=0.71), path)
    assert len(read(path)) == 2


def test_everybody_may_read_it_as_they_may_read_a_result(make_audit, path):
    usual = os.umask(0o022)
    try:
        append(make_audit(), path)
    finally:
        os.umask(usual)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_any_program_can_query_it(make_audit, path):
    append(make_audit(auc=0.7), path)
    question = """
        SELECT audits.model, limits.expression, measures.value FROM audits
        JOIN measures ON measures.audit = audits.id JOIN limits ON limits.audit = audits.id
        WHERE measures.metric = 'auc' AND measures.attack = 'loss'
    """
    file = sqlite3.connect(path)
    assert file.execute(question).fetchall() == [("model.pt", "loss:auc>0.6", 0.7)]
    file.close()


APPEND_MANY = """
import sys
from pathlib import Path
from privaudit.history import append
from privaudit.results import read_result

result, path, worker = read_result(Path(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3])
for number in range(10):
    created = f"2026-01-{worker + 1:02d}T00:00:{number:02d}+00:00"
    append(result.model_copy(update={"created": created}), path)
"""


def test_jobs_that_append_at_once_lose_nothing_and_one_of_them_makes_the_file(make_audit, path, tmp_path):
    write_result(make_audit(), tmp_path / "result.json")
    jobs = [
        subprocess.Popen([sys.executable, "-c", APPEND_MANY, tmp_path / "result.json", path, str(worker)])
        for worker in range(3)
    ]
    assert [job.wait(60) for job in jobs] == [0, 0, 0]
    assert len(read(path)) == 30
    assert {len(entry.measures) for entry in read(path)} == {len(entry_of(make_audit()).measures)}


def test_threads_lose_nothing_either(make_audit, path):
    results = [make_audit(f"2026-01-01T00:00:{number:02d}+00:00") for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda result: append(result, path), results))
    assert len(read(path)) == 12


def test_an_audit_goes_in_whole_or_not_at_all(make_audit, path, monkeypatch):
    append(make_audit(), path)
    before = read(path)
    good = entry_of(make_audit(auc=0.8))
    bad = good.limits[0].model_copy(update={"expression": None})  # refused by the last table
    monkeypatch.setattr(database, "entry_of", lambda _: good.model_copy(update={"limits": (bad,)}))
    with pytest.raises(ResultError, match="NOT NULL"):
        append(make_audit(auc=0.8), path)
    assert read(path) == before
    assert not list(path.parent.glob("*journal"))


KILLED = """
import os, signal, sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute("PRAGMA cache_size = 5")
file.execute("BEGIN IMMEDIATE")
file.execute("UPDATE audits SET model = 'spoilt'")
file.executemany("INSERT INTO measures (audit, attack, metric) VALUES (1, ?, 'auc')", [("x" * 500,)] * 2000)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_job_left_half_written_is_undone(make_audit, path):
    append(make_audit(), path)
    subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert path.stat().st_size > 500_000, "half of it was on the disk"
    assert read(path) == (entry_of(make_audit()),)
    append(make_audit(auc=0.8), path)
    assert len(read(path)) == 2


def test_no_half_made_file_stands_in_the_way(make_audit, path, monkeypatch):
    monkeypatch.setattr(database, "_TABLES", (*database._TABLES, "CREATE NONSENSE"))
    with pytest.raises(ResultError):
        append(make_audit(), path)
    monkeypatch.undo()
    append(make_audit(), path)
    assert len(read(path)) == 1


def test_a_file_that_is_no_database_stays_as_it_is(make_audit, path):
    path.write_text("my notes, which are longer than the header of a database\n" * 20)
    before = path.read_text()
    for act in (lambda: append(make_audit(), path), lambda: check(path), lambda: read(path)):
        with pytest.raises(ResultError, match="not a database"):
            act()
    assert path.read_text() == before


def test_the_database_of_another_program_stays_as_it_is(make_audit, path):
    file = sqlite3.connect(path)
    file.execute("CREATE TABLE customers (name TEXT)")
    file.close()
    before = path.read_bytes()
    for act in (lambda: append(make_audit(), path), lambda: check(path), lambda: read(path)):
        with pytest.raises(ResultError, match="another program's database"):
            act()
    assert path.read_bytes() == before


def test_a_later_version_is_left_to_a_later_program(make_audit, path):
    append(make_audit(), path)
    file = sqlite3.connect(path)
    file.execute("PRAGMA user_version = 2")
    file.close()
    for act in (lambda: append(make_audit(auc=0.8), path), lambda: check(path), lambda: read(path)):
        with pytest.raises(ResultError, match="Upgrade privaudit"):
            act()


@pytest.mark.parametrize("change", ["status = 'fine'", "created = NULL", "claimed_epsilon = 'much'"])
def test_a_row_that_somebody_spoilt_is_an_error_and_no_crash(make_audit, path, change):
    append(make_audit(), path)
    file = sqlite3.connect(path)
    if "NULL" in change:
        file.execute("CREATE TABLE loose AS SELECT * FROM audits")
        file.execute("DROP TABLE audits")
        file.execute("ALTER TABLE loose RENAME TO audits")
    file.execute(f"UPDATE audits SET {change}")
    file.commit()
    file.close()
    with pytest.raises(ResultError, match="is not a history: "):
        read(path)


def test_a_missing_table_is_an_error(make_audit, path):
    append(make_audit(), path)
    file = sqlite3.connect(path)
    file.execute("DROP TABLE limits")
    file.close()
    with pytest.raises(ResultError, match="no such table"):
        read(path)


def test_what_cannot_be_opened_is_said(make_audit, path, tmp_path):
    with pytest.raises(ResultError, match="No history file at"):
        read(path)
    with pytest.raises(ResultError, match="unable to open"):
        append(make_audit(), tmp_path / "missing" / "history.db")
    with pytest.raises(ResultError, match="stdout"):
        check(Path("-"))
    check(path)
    assert not path.exists(), "looking makes no file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_file_without_the_right_to_write_is_refused_before_any_work(make_audit, path):
    append(make_audit(), path)
    path.chmod(0o444)
    with pytest.raises(ResultError, match="No permission to write"):
        check(path)
    assert len(read(path)) == 1


def test_a_lock_that_stays_is_an_error_and_not_a_loss(make_audit, path, monkeypatch):
    append(make_audit(), path)
    monkeypatch.setattr(database, "_WAIT_SECONDS", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ResultError, match="locked"):
        append(make_audit(auc=0.8), path)
    other.execute("ROLLBACK")
    other.close()
    append(make_audit(auc=0.8), path)
    assert len(read(path)) == 2


def test_an_empty_file_is_a_history_without_audits(make_audit, path):
    path.touch()
    assert read(path) == ()
    append(make_audit(), path)
    assert len(read(path)) == 1


@pytest.mark.parametrize("name", ["a b?mode=memory.db", "100%41.db", "ü#1.db"])
def test_names_that_mean_something_in_addresses(make_audit, tmp_path, name):
    append(make_audit(), tmp_path / name)
    assert (tmp_path / name).stat().st_size > 0
    assert len(read(tmp_path / name)) == 1
