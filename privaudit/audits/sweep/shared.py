"""What all kinds of sweeps share: one count of all models, and how recipe and data are described."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from privaudit.data.readers import file_sha256
from privaudit.progress import Progress
from privaudit.results import File, Model
from privaudit.targets.interface import Access
from privaudit.training.recipe import Recipe


class CombinedProgress:
    """One count over all models, whichever plan they belong to."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def start(self, task: str, total: int) -> None:
        """Another plan begins: the count goes on."""

    def advance(self, units: int = 1, note: str = "") -> None:
        """Models are there."""
        self._progress.advance(units, note)


def recipe_as_model(data: Path, recipe: Recipe, labels: Sequence[str]) -> Model:
    """What stands for the audited model if there is no single one: the recipe, with a digest of both."""
    plain = recipe.to_plain()
    content = json.dumps([plain, file_sha256(data)], sort_keys=True)
    return Model(
        path=str(data),
        format="recipe",
        architecture=recipe.architecture,
        loader="trained by privaudit",
        files=(),
        digest=hashlib.sha256(content.encode()).hexdigest(),
        labels=tuple(labels),
        access=Access.SCORE.value,
        recipe=plain,
    )


def data_file(data: Path) -> File:
    """The file as it was read."""
    return File(name=data.name, sha256=file_sha256(data), size=data.stat().st_size)
