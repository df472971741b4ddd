"""Which format a model is in: decided by content; the suffix only settles what the content leaves open."""

import pickletools
import zipfile
from enum import StrEnum
from pathlib import Path

from privaudit.errors import ModelError, UnsafeModelError
from privaudit.targets.digests import one_line
from privaudit.targets.safe_load import is_program_archive


class ModelFormat(StrEnum):
    """The formats that can be audited."""

    BUNDLE = "bundle"
    HUGGINGFACE = "huggingface"
    STATE_DICT = "state-dict"
    SKLEARN_SKOPS = "sklearn-skops"
    SKLEARN_PICKLE = "sklearn-pickle"
    ONNX = "onnx"
    SCORES = "scores"


_KNOWN = (
    "a bundle (.pt), a Hugging Face directory, a state_dict (.pt, .pth, .safetensors), a scikit-learn "
    "pipeline (.skops, .joblib, .pkl), an ONNX file or a score table (.csv, .tsv, .parquet, .npz)"
)
_TORCH_SUFFIXES = frozenset({".pt", ".pth", ".bin", ".ckpt"})
_PICKLE_SUFFIXES = frozenset({".pkl", ".pickle", ".joblib"})
_TABLE_SUFFIXES = frozenset({".csv", ".tsv"})
_TORCH_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""What torch.save wrote first before it wrote zip files: its magic number, pickled."""
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"x\x01", b"x\x5e", b"x\x9c", b"x\xda")
BUNDLE_FORMAT = "privaudit.bundle"


def sniff(path: Path) -> ModelFormat:
    """The format of the file or directory at ``path``, without loading it and without importing torch.

    Raises:
        UnsafeModelError: a TorchScript or ``torch.export`` program.
        ModelError: nothing there, empty, damaged, or none of the formats.
    """
    if path.is_dir():
        return _sniff_directory(path)
    if path.exists() and not path.is_file():
        # NOTE: it is read more than once, and to open a pipe that nobody writes to would wait for ever.
        raise ModelError(f"a model at {path}", "a pipe, socket or device", "Save it to a file first")
    try:
        with path.open("rb") as file:
            head = file.read(1 << 12)
    except FileNotFoundError:
        raise ModelError(f"a model at {path}", "nothing there", "Check the path") from None
    except OSError as error:
        raise ModelError(
            f"a readable model at {path}", one_line(error), "Check the path and its permissions"
        ) from None
    if not head:
        raise ModelError(f"a model at {path}", "an empty file", "Write or copy it again")
    found = _sniff_zip(path) if head.startswith(b"PK") else _sniff_head(head, path.suffix.lower())
    if found is None:
        raise _unknown(path, head)
    return found


def _sniff_directory(path: Path) -> ModelFormat:
    if (path / "config.json").is_file():
        return ModelFormat.HUGGINGFACE
    names = sorted(item.name for item in path.iterdir())
    onnx = next((name for name in names if name.endswith(".onnx")), None)
    raise ModelError(
        f"a Hugging Face directory with config.json at {path}",
        f"a directory with {', '.join(names[:4])}{', …' if names[4:] else ''}"
        if names
        else "an empty directory",
        f"Name the file itself: {path / onnx}" if onnx else "Save the model there with save_pretrained",
    )


def _sniff_zip(path: Path) -> ModelFormat | None:
    """torch.save, skops and NumPy all write zip files; their members tell them apart."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if is_program_archive(names):
                raise UnsafeModelError(
                    "weights",
                    f"a TorchScript or torch.export program in {path.name}",
                    "Where you trust it, save model.state_dict() and audit that with --factory",
                )
            pickled = next((name for name in names if name.endswith("data.pkl")), None)
            if pickled is not None:
                return ModelFormat.BUNDLE if _is_bundle(archive.read(pickled)) else ModelFormat.STATE_DICT
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"a complete file at {path.name}",
            f"a damaged or truncated zip ({one_line(error, 80)})",
            "Write or copy it again",
        ) from None
    if "schema.json" in names:
        return ModelFormat.SKLEARN_SKOPS
    if names and all(name.endswith(".npy") for name in names):
        return ModelFormat.SCORES
    return None


def _is_bundle(pickled: bytes) -> bool:
    """Whether the pickle says ``"format": "privaudit.bundle"``; nothing is executed."""
    before = None
    try:
        for _, argument, _ in pickletools.genops(pickled):
            if isinstance(argument, str):
                if (before, argument) == ("format", BUNDLE_FORMAT):
                    return True
                before = argument
    except ValueError:
        return False
    return False


def _sniff_head(head: bytes, suffix: str) -> ModelFormat | None:
    """Formats that begin with bytes of their own, then those that need the suffix."""
    if head.startswith(b"PAR1"):
        return ModelFormat.SCORES
    if head.startswith(_TORCH_LEGACY):
        return ModelFormat.STATE_DICT
    if suffix == ".safetensors" or (head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 32):
        return ModelFormat.STATE_DICT
    if suffix in _TORCH_SUFFIXES:
        return None if _is_text(head) else ModelFormat.STATE_DICT
    if suffix in _PICKLE_SUFFIXES:
        return ModelFormat.SKLEARN_PICKLE
    if suffix == ".onnx" or (
        head[:1] == b"\x08" and len(head) > 2 and head[1] < 32 and head[2] in b"\x12\x1a\x22\x3a\x42"
    ):
        return ModelFormat.ONNX
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return ModelFormat.SKLEARN_PICKLE
    if suffix in _TABLE_SUFFIXES and not head.startswith(_COMPRESSED):
        return ModelFormat.SCORES
    return None


def _is_text(head: bytes) -> bool:
    return b"\x00" not in head and head.isascii() and not head.startswith((b"c", b"(", b"]", b"}"))


def _unknown(path: Path, head: bytes) -> ModelError:
    if head.startswith(b"version https://git-lfs"):
        return ModelError(f"a model at {path.name}", "a Git LFS pointer", "Fetch the file: git lfs pull")
    kind = (
        "a text file"
        if _is_text(head)
        else "a zip file of another kind"
        if head[:2] == b"PK"
        else "unknown bytes"
    )
    return ModelError(_KNOWN, f"{kind} at {path.name}", "Convert the model to one of these")
