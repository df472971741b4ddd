"""What the descriptions of all audits share: a model, and data with nothing to compare."""

import hashlib
from pathlib import Path

from privaudit.audits.inputs import TrainedBy
from privaudit.results import BlindBaseline, File, Model
from privaudit.results.from_stats import nothing
from privaudit.targets.interface import ScoreTable, TextClassifier


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
    files = tuple(File(name=f.name, sha256=f.sha256, size=f.size) for f in info.files)
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


def no_baseline(reason: str) -> BlindBaseline:
    """No classifier of the texts alone was trained, for a reason; it does not gate."""
    return BlindBaseline(auc=nothing(reason), comparable=None, gates=False, reason=reason)
