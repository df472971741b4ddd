"""The only place that opens tensor files: never a pickle that would run code, never a second try.

``torch.load`` is always called with an explicit ``weights_only=True``, because the environment variable
``TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD`` overrules callers that leave it out. A refusal is final: loading again
without the restriction would leave the decision to the author of the file.
"""

import io
import pickle
import re
import warnings
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from privaudit.errors import ModelError, UnsafeModelError
from privaudit.targets.digests import one_line
from privaudit.targets.pickle_scan import file_globals, pickle_globals

if TYPE_CHECKING:
    from torch import Tensor

_MEND = (
    "Where you trust the file, save its tensors alone: torch.save(model.state_dict(), 'weights.pt') "
    "or safetensors.torch.save_file(model.state_dict(), 'weights.safetensors')"
)
_TORCH_OWN = ("torch.", "collections.OrderedDict")


def safe_torch_load(path: Path) -> object:
    """Plain containers, numbers, strings and tensors (on the CPU) of a ``torch.save`` file.

    Files in torch's zip format are mapped into memory: they must not be changed in place while in use.

    Raises:
        UnsafeModelError: the file holds more than that, and loading would run code from it.
        ModelError: the file is no ``torch.save`` file, or is damaged.
    """
    import torch

    zipped = _check_container(path)
    try:
        with warnings.catch_warnings():
            # NOTE: torch warns of pickle protocols other than its own; what it cannot follow it refuses.
            warnings.filterwarnings("ignore", message="Detected pickle protocol", category=UserWarning)
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except pickle.UnpicklingError as error:
        refused = _refused_globals(path, zipped, str(error))
        if refused:
            raise UnsafeModelError(
                f"Loading {path.name} would run code: its pickle imports {_enumerate(refused)}", _MEND
            ) from None
        raise _damaged(path, error) from None
    except Exception as error:
        # NOTE: the unpickler is plain Python fed with foreign bytes: damage surfaces as any exception.
        raise _damaged(path, error) from None


def load_safetensors(path: Path) -> "dict[str, Tensor]":
    """All tensors of a ``.safetensors`` file, on the CPU. The format holds data only.

    Raises:
        ModelError: the header or the data is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path, device="cpu"))
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise ModelError(
            f"{path.name} is a damaged safetensors file ({one_line(error)})", "Write or copy it again"
        ) from None


def begins_like_safetensors(head: bytes) -> bool:
    """Whether a file's first bytes are the length of a JSON header, then the header."""
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 32


def _check_container(path: Path) -> bool:
    """Whether ``path`` is a zip file; refuses the zip files that hold programs."""
    try:
        if path.stat().st_size == 0:
            raise ModelError(f"{path.name} is empty", "Write or copy it again")
        with path.open("rb") as file:
            zipped = file.read(4) == b"PK\x03\x04"
        names = zipfile.ZipFile(path).namelist() if zipped else []
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise _damaged(path, error) from None
    if is_program_archive(names):
        raise UnsafeModelError(f"{path.name} is a TorchScript or torch.export program, not weights", _MEND)
    return zipped


def is_program_archive(names: list[str]) -> bool:
    """Whether the members of a zip file are those of TorchScript or ``torch.export``: code, not weights."""
    inner = {PurePosixPath(*PurePosixPath(name).parts[1:]).as_posix() for name in names}
    return any(
        name in ("constants.pkl", "archive_format", "serialized_exported_program.json")
        or name.startswith("code/")
        for name in inner | set(names)
    )


def _refused_globals(path: Path, zipped: bool, message: str) -> list[str]:
    """What the restricted unpickler objected to: by its own message, and by the opcodes of the file."""
    try:
        listed = _zipped_globals(path) if zipped else file_globals(path)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, ValueError):
        # NOTE: a damaged archive; what the unpickler named is all that is known.
        listed = []
    named = {name.rstrip(".") for name in re.findall(r"GLOBAL (\S+)", message)}
    return sorted(named | {name for name in listed if not name.startswith(_TORCH_OWN)})


def _zipped_globals(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        pickles = [name for name in archive.namelist() if name.endswith("data.pkl")]
        return [found for name in pickles for found in pickle_globals(io.BytesIO(archive.read(name)))]


def _enumerate(names: list[str], limit: int = 6) -> str:
    rest = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(name[:80] for name in names[:limit]) + rest


def _damaged(path: Path, error: Exception) -> ModelError:
    return ModelError(
        f"Can't read {path.name} as a file of torch.save ({one_line(error, 100)})", "Write or copy it again"
    )
