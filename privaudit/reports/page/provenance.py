"""Where the numbers come from: enough to run the audit again and to know that it is the same model."""

import shlex
from collections.abc import Iterator, Mapping

from privaudit.inert import inert
from privaudit.reports.document import Section, Table
from privaudit.results import File, Model, Result

_MOST = 1_000
"""Characters of one cell."""


def provenance(result: Result) -> Section:
    """Digests, seeds, versions, the command."""
    rows = (*_model(result.model), *_data(result), *_run(result), *_versions(result))
    return Section(
        "provenance", "Provenance", (Table("Provenance", ("what", "value"), tuple(rows)),), folded=True
    )


def _model(model: Model) -> Iterator[tuple[str, str]]:
    yield "model", inert(model.path)
    size = "" if model.parameters is None else f", {model.parameters:,} parameters"
    yield "format", f"{inert(model.format)}, {inert(model.architecture)}{size}"
    yield "SHA-256 of the model", inert(model.digest)
    yield from _files(model.files)
    yield "loaded by", inert(model.loader)
    if model.recipe is not None:
        yield "recipe", inert(", ".join(_flat(model.recipe)), _MOST)


def _data(result: Result) -> Iterator[tuple[str, str]]:
    yield from _files(result.data.files)
    if result.data.holdout is not None:
        yield "share held out", f"{result.data.holdout:g}"
    if result.data.split_seed is not None:
        yield "seed of the split", f"{result.data.split_seed}"


def _run(result: Result) -> Iterator[tuple[str, str]]:
    made = result.provenance
    yield "command", inert(shlex.join(("privaudit", *made.argv)), _MOST)
    yield "seed", f"{made.seed}"
    yield "created", inert(result.created)
    yield "schema of the result", f"{result.schema_version}"
    if result.verdict.policy is not None:
        yield "policy", inert(result.verdict.policy)
    if result.comparison is not None:
        yield "SHA-256 of the baseline's model", inert(result.comparison.baseline_digest)
    if made.device is not None:
        yield "device", inert(made.device)
    if made.threads is not None:
        yield "threads", f"{made.threads}"
    yield "seconds", f"{made.seconds:,.1f}"
    for stage, seconds in made.stages.items():
        yield f"seconds, {inert(stage)}", f"{seconds:,.1f}"
    for name, value in made.settings.items():
        yield f"option {inert(name)}", inert(value)


def _versions(result: Result) -> Iterator[tuple[str, str]]:
    made = result.provenance
    yield inert(result.tool.name), inert(result.tool.version)
    yield "Python", inert(made.python)
    yield "platform", inert(made.platform)
    yield from (
        (inert(name), inert(text)) for name, text in made.versions.items() if name != result.tool.name
    )


def _files(files: tuple[File, ...]) -> Iterator[tuple[str, str]]:
    for file in files:
        yield f"SHA-256 of {inert(file.name)}", f"{inert(file.sha256)}, {file.size:,} bytes"


def _flat(values: Mapping[str, object]) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from (f"{name}.{inner}" for inner in _flat(value))
        elif value is not None:
            yield f"{name} {value}"
