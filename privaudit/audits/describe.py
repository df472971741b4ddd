"""What the descriptions of all audits share: a model, and data with nothing to compare."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from privaudit.audits.inputs import TrainedBy
from privaudit.files import FileDigest
from privaudit.results import File, Model
from privaudit.targets.interface import ScoreTable, TextClassifier


def described_files(files: Iterable[FileDigest]) -> tuple[File, ...]:
    """The files of a model, or of data, as a result names them."""
    return tuple(File(name=f.name, sha256=f.sha256, size=f.size) for f in files)


def describe_opened(
    source: TextClassifier | ScoreTable,
    path: Path,
    trained_by: TrainedBy | None,
    *,
    accuracy_members: float | None = None,
    accuracy_nonmembers: float | None = None,
) -> Model:
    """The audited model; an accuracy is None if it was not measured."""
    info = source.info
    files = described_files(info.files)
    return Model(
        path=str(path),
        format=info.format,
        architecture=info.architecture,
        loader=info.loader,
        files=files,
        digest=hashlib.sha256("".join(f.sha256 for f in files).encode()).hexdigest(),
        parameters=info.parameters,
        labels=source.labels,
        access=source.access.value,
        recipe=None if trained_by is None else trained_by.recipe.to_plain(),
        accuracy_members=accuracy_members,
        accuracy_nonmembers=accuracy_nonmembers,
    )
