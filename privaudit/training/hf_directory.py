"""A trained Hugging Face directory: write the model with its training record, and read the record back."""

import json
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from privaudit.errors import ModelError, UsageError
from privaudit.files import PRIVATE, replaced
from privaudit.targets.digests import one_line
from privaudit.targets.tokenizer import quiet_and_offline
from privaudit.training.bundle import FORMAT, VERSION
from privaudit.training.bundle_data import RETRAIN, BundleData, field
from privaudit.training.hf import FineTuned
from privaudit.training.recipe import Recipe

COMPANION = "privaudit.json"
"""File in the directory that holds the sections ``recipe``, ``privacy`` and ``data`` of a bundle."""


@dataclass(frozen=True, eq=False)
class Companion:
    """What a directory records about its own training."""

    recipe: Recipe
    data: BundleData
    privacy: dict[str, object] | None


def save_directory(
    path: Path, trained: FineTuned, recipe: Recipe, data: BundleData, privacy: dict[str, object] | None = None
) -> None:
    """Write model, tokenizer and :data:`COMPANION` (mode 0600) as the new directory ``path``, all or nothing.

    Raises:
        UsageError: the directory exists and is not empty, or cannot be written.
    """
    plain = data.to_plain() | {"kept": data.kept.tolist(), "split": data.split.tolist()}
    companion = {
        "format": FORMAT, "version": VERSION, "recipe": recipe.to_plain(), "privacy": privacy, "data": plain
    }  # fmt: skip
    try:
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        try:
            with quiet_and_offline():
                trained.model.save_pretrained(temporary)
                trained.tokenizer.save_pretrained(temporary)
            with replaced(temporary / COMPANION, mode=PRIVATE) as file:
                file.write(json.dumps(companion).encode())
            with suppress(FileNotFoundError):
                path.rmdir()
            temporary.replace(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise UsageError(
            f"Cannot write the directory {path}: {error.strerror or type(error).__name__}",
            "Choose another place with -o",
        ) from None


def load_companion(path: Path) -> Companion | None:
    """What the directory ``path`` records about its own training; None when privaudit did not write it.

    Raises:
        ModelError: the file is damaged or contradicts itself.
    """
    try:
        content = json.loads((path / COMPANION).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"Cannot read {COMPANION} in {path.name}/: {one_line(error)}", RETRAIN) from None
    if not isinstance(content, dict) or (content.get("format"), content.get("version")) != (FORMAT, VERSION):
        raise ModelError(
            f"{COMPANION} in {path.name}/ is not of version {VERSION}", "Use the release that wrote it"
        )
    privacy: dict[str, object] | None = field(content, "privacy", (dict, type(None)))
    return Companion(
        Recipe.from_plain(field(content, "recipe", dict)),
        BundleData.from_plain(field(content, "data", dict)),
        privacy,
    )


def output_is_free(path: Path) -> bool:
    """Whether :func:`save_directory` may write ``path``: it does not exist, or is an empty directory."""
    return not path.exists() or (path.is_dir() and not any(path.iterdir()))
