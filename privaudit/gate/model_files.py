"""Whether a result is of the model that is there now."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from privaudit.errors import ResultError, UsageError
from privaudit.results import File, Model

_AGAIN = "Audit the model again"
_LOADED_FIRST = (
    "model*.safetensors", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", "adapter_config.json", "pytorch_model*.bin",
)  # fmt: skip
"""Files that change a Hugging Face model by being there."""


def find_model(model: Model, folders: Sequence[Path]) -> Path | None:
    """Where the audited model is, by the path in its result: in the first folder that has it."""
    places = (folder / model.path for folder in folders) if model.path else iter(())
    return next((path for path in places if _is_there(path)), None)


def check_model(model: Model, path: Path, companions: Sequence[Path] = ()) -> None:
    """Refuse a result of other files than those of ``path``.

    A file may have another name by now; those that belong to it, such as a tokenizer, keep theirs.

    Args:
        model: as its result describes it.
        path: the model as it is now, a file or a directory.
        companions: further directories with files of it, such as the tokenizer of an ONNX file.

    Raises:
        UsageError: there is no model at ``path``.
        ResultError: a file of the audited model is missing or differs, one was added that would be loaded in
            the place of an audited one or on top of it, or the result is of nothing that has files.
    """
    if not _is_there(path):
        raise UsageError(f"No model at {path}", "Correct --model")
    if not model.files:
        raise ResultError(f"A result of a {model.format} has no model file to check", "Drop --model")
    itself = _check_itself(model, path) if path.is_file() else None
    for file in model.files:
        if file.sha256 != itself:
            _check_file(file, _places(file, path, companions), model, path)
    for added in _added(model, path):
        raise ResultError(f"{added} in {path.name} was not part of the audited model", _AGAIN)


def files_of(model: Model, path: Path, companions: Sequence[Path] = ()) -> list[Path]:
    """The files that :func:`check_model` reads, as far as they are there: no output may replace them."""
    named = (place for file in model.files for place in _places(file, path, companions))
    return [path, *(place for place in named if _is_there(place))]


def _places(file: File, path: Path, companions: Sequence[Path]) -> list[Path]:
    """Where a file of the model at ``path`` may be; a name in a result never leads out of its folders."""
    folders = (path if path.is_dir() else path.parent, *companions)
    return [folder / file.name for folder in folders if _stays_inside(file.name)]


def _check_itself(model: Model, path: Path) -> str:
    """The SHA-256 of a model that is a file; of files beside it alone no result would be of this model."""
    found = _sha256(path)
    if found not in {file.sha256 for file in model.files}:
        audited = f"{model.files[0].name} with SHA-256 {model.files[0].sha256[:12]}"
        raise ResultError(
            f"The result is not of {path.name} with SHA-256 {found[:12]}, but of {audited} "
            f"(model digest {model.digest[:12]})",
            _AGAIN,
        )
    return found


def _check_file(file: File, places: Sequence[Path], model: Model, path: Path) -> None:
    there = [place for place in places if _is_there(place) and place.is_file()]
    if not there:
        raise ResultError(
            f"The audited model's {file.name} is missing at {path}",
            f"{_AGAIN}, or name it with --model and the folder of its tokenizer with --tokenizer",
        )
    found = [_sha256(place) for place in there]
    if file.sha256 not in found:
        raise ResultError(
            f"{file.name} of {path.name} changed since the audit: SHA-256 {found[0][:12]}, audited "
            f"{file.sha256[:12]} (model digest {model.digest[:12]})",
            _AGAIN,
        )


def _added(model: Model, path: Path) -> Iterator[str]:
    """Files of a directory that were not audited and would be loaded now."""
    if not path.is_dir():
        return
    audited = {file.name for file in model.files}
    for pattern in _LOADED_FIRST:
        if pattern.endswith(".bin") and any(name.endswith(".safetensors") for name in audited):
            continue
        yield from sorted(file.name for file in path.glob(pattern) if file.name not in audited)


def _is_there(path: Path) -> bool:
    """Whether there is a file or a directory; a result may also hold what cannot be a path."""
    try:
        return path.is_file() or path.is_dir()
    except (OSError, ValueError):
        return False


def _stays_inside(name: str) -> bool:
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise ResultError(f"Cannot read {path.name}: {why}", "Check its permissions") from error
