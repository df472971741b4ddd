"""A result as a run of MLflow: numbers to plot, a verdict to search for, and the report itself.

MLflow is imported by :func:`log` alone. Its usage telemetry is off while it runs here, and only then: audits
are private.
"""

import hashlib
import importlib.util
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from privaudit.errors import MissingExtraError, UsageError
from privaudit.history.entry import entry_of
from privaudit.inert import inert
from privaudit.reports.shortened import without_texts
from privaudit.results import Result, to_json
from privaudit.results.history import Entry

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "privaudit"
_MOST_METRICS, _MOST_CHARACTERS = 1000, 5000  # of MLflow, per request and per value
_OURS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # NOTE: a folder was asked for by name, and is the only store that the tracking client has by itself.
    "MLFLOW_ALLOW_FILE_STORE": "true",
    # NOTE: stdout is the result's.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
_DEFAULTS = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3"}  # some 15 s until a server counts as gone, not minutes


def require() -> None:
    """Refuse before hours of work what cannot be logged afterwards.

    Raises:
        MissingExtraError: MLflow is not installed.
    """
    if importlib.util.find_spec("mlflow") is None:
        raise MissingExtraError("mlflow", "mlflow", "--mlflow")


def log(result: Result, tracking_uri: str | None = None) -> str:
    """Log a result as a run of the experiment ``privaudit``.

    Metrics are named ``ATTACK.METRIC`` with ``.low`` and ``.high`` beside them (``loss.auc``,
    ``loss.tpr_at_0.01.high``). What is not measurable or not finite has no metric: the tag
    ``privaudit.not_measured`` names it. Texts and secrets are never part of a run, even where the result has
    them.

    Write the result first: an unreachable server must neither lose it nor hide a failed verdict.

    Args:
        result: of any command.
        tracking_uri: a folder, or the address of a server; None takes what MLflow's own settings name.

    Returns:
        The address of the run in the server's user interface; the id of the run where it went to a folder.

    Raises:
        MissingExtraError: MLflow is not installed.
        UsageError: no server answers there, or it does not take the run.
    """
    require()
    with _environment():
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        try:
            client = MlflowClient(tracking_uri=tracking_uri)
            return _logged(client, without_texts(result))
        # NOTE: stores of artifacts bring packages and errors of their own.
        except (MlflowException, OSError, ImportError) as error:
            store = _shown(tracking_uri) if tracking_uri else "the default store"
            raise UsageError(
                f"MLflow could not log the run to {store}: {_shown(str(error))[:300]}",
                "Correct --mlflow, or log the result once the server answers",
            ) from error


def _logged(client: "MlflowClient", result: Result) -> str:
    from mlflow.exceptions import MlflowException

    from privaudit.reports.formats.html import html

    entry, page = entry_of(result), html(result)
    run = client.create_run(
        _experiment(client),
        start_time=int(datetime.fromisoformat(entry.created).timestamp() * 1000),
        run_name=f"{entry.command} {Path(entry.model).name}"[:_MOST_CHARACTERS],
    )
    run_id: str = run.info.run_id
    try:
        _log_numbers(client, run_id, entry)
        _log_words(client, run_id, result, entry, hashlib.sha256(page.encode()).hexdigest())
        with TemporaryDirectory(prefix="privaudit-") as folder:
            for name, content in (("result.json", to_json(result)), ("report.html", page)):
                Path(folder, name).write_text(content, encoding="utf-8", errors="replace")
            client.log_artifacts(run_id, folder)
    except BaseException:
        with suppress(MlflowException, OSError):  # what failed first is what counts
            client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id)
    address = str(client.tracking_uri)
    if address.startswith("http"):
        return _shown(f"{address.rstrip('/')}/#/experiments/{run.info.experiment_id}/runs/{run_id}")
    return run_id


def _experiment(client: "MlflowClient") -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(EXPERIMENT)
    if found is None:
        try:
            return str(client.create_experiment(EXPERIMENT))
        except MlflowException:  # another job was faster
            found = client.get_experiment_by_name(EXPERIMENT)
            if found is None:
                raise
    return str(found.experiment_id)


def _log_numbers(client: "MlflowClient", run_id: str, entry: Entry) -> None:
    from mlflow.entities import Metric

    at = int(datetime.fromisoformat(entry.created).timestamp() * 1000)
    metrics = [Metric(name, value, at, 0) for name, value in _numbers(entry) if value is not None]
    for start in range(0, len(metrics), _MOST_METRICS):
        client.log_batch(run_id, metrics=metrics[start : start + _MOST_METRICS])


def _log_words(client: "MlflowClient", run_id: str, result: Result, entry: Entry, page_digest: str) -> None:
    from mlflow.entities import Param, RunTag

    missing = [name for name, value in _numbers(entry) if value is None]
    tags = {
        "privaudit.verdict": entry.status,
        "privaudit.model": entry.model,
        "privaudit.model_digest": entry.model_digest,
        "privaudit.data_digest": entry.data_digest or "",
        "privaudit.report_sha256": page_digest,
        "privaudit.version": entry.tool_version,
        "privaudit.not_measured": ", ".join(missing),
    }
    params = {
        "command": entry.command,
        "seed": result.provenance.seed,
        "n_members": result.data.n_members,
        "n_nonmembers": result.data.n_nonmembers,
        "model_format": result.model.format,
        "architecture": result.model.architecture,
        "claimed_epsilon": "none" if entry.claimed_epsilon is None else entry.claimed_epsilon,
        "limits": ", ".join(limit.expression for limit in entry.limits) or "none",
    }
    client.log_batch(
        run_id,
        tags=[RunTag(name, value[:_MOST_CHARACTERS]) for name, value in tags.items()],
        params=[Param(name, inert(str(value))[:_MOST_CHARACTERS]) for name, value in params.items()],
    )


def _numbers(entry: Entry) -> Iterator[tuple[str, float | None]]:
    """Every number of the audit under a name that MLflow accepts; None for those that it cannot store."""
    for measure in entry.measures:
        name = f"{_name(measure.attack)}.{measure.metric.replace('@', '_at_')}"
        yield name, _finite(measure.value)
        # NOTE: a one-sided bound has no other end, which is not a failed measurement.
        ends = (("low", measure.low), ("high", measure.high))
        yield from ((f"{name}.{end}", _finite(value)) for end, value in ends if value is not None)


def _name(text: str) -> str:
    """MLflow uses names as paths: everything but letters, digits, - and _ becomes an underscore."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text)[:100]


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _shown(text: str) -> str:
    """``text`` on one line, without the password of an address."""
    return re.sub(r"//[^/@\s]*@", "//", inert(" ".join(text.split())))


@contextmanager
def _environment() -> Iterator[None]:
    """MLflow's settings during one run; restored afterwards."""
    before = {name: os.environ.get(name) for name in (*_OURS, *_DEFAULTS)}
    os.environ.update(_OURS)
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    try:
        yield
    finally:
        for name, old in before.items():
            if old is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = old
