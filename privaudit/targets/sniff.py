"""Which format a model is in: decided by content; the suffix only settles what the content leaves open."""

from pathlib import Path

from privaudit.errors import ModelError
from privaudit.targets.formats import FORMATS, Evidence, ModelFormat
from privaudit.targets.peek import Peek, peek


def sniff(path: Path) -> ModelFormat:
    """The format of the file or directory at ``path``, without loading it and without importing torch.

    Raises:
        UnsafeModelError: a TorchScript or ``torch.export`` program.
        ModelError: nothing there, empty, damaged, or none of the formats.
    """
    seen = peek(path)
    # NOTE: max keeps the first of equals.
    evidence, found = max(((row.sniff(seen), row) for row in FORMATS), key=lambda pair: pair[0])
    if evidence is Evidence.NONE:
        raise _no_configuration(path) if path.is_dir() else _unknown(seen)
    return found


def _no_configuration(path: Path) -> ModelError:
    names = sorted(item.name for item in path.iterdir())
    if not names:
        return ModelError(f"The directory {path} is empty", "Save the model there with save_pretrained")
    onnx = next((name for name in names if name.endswith(".onnx")), None)
    return ModelError(
        f"The directory {path} has no config.json, so it is not a Hugging Face model",
        f"Name the file itself: {path / onnx}" if onnx else "Save the model there with save_pretrained",
    )


def _unknown(seen: Peek) -> ModelError:
    what = (
        "is a text file"
        if seen.is_text
        else "is a zip file of another kind"
        if seen.is_zip
        else "holds unknown bytes"
    )
    known = [row.title for row in FORMATS]
    return ModelError(
        f"Unknown model format: {seen.path.name} {what}",
        f"Convert it to {', '.join(known[:-1])} or {known[-1]}",
    )
