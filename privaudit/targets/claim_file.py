"""Files of other programs that say how a model was trained privately; nothing in them is executed."""

import json
from collections.abc import Mapping
from pathlib import Path

from privaudit.errors import DataError
from privaudit.targets.safe_load import safe_torch_load

_IN_DIRECTORY = (
    "privacy.json",
    "claim.json",
    "privacy_args.json",
    "accountant.json",
    "privacy_engine.json",
    "training_args.json",
    "trainer_state.json",
    "config.json",
)
"""JSON files of a training directory; the first that mentions privacy counts."""
_PRIVACY_KEYS = {
    "history",
    "epsilon",
    "target_epsilon",
    "privacy_epsilon",
    "noise_multiplier",
    "dp_noise_multiplier",
    "privacy",
    "claim",
    "phases",
}
_MEND = "Give JSON, a checkpoint of Opacus' PrivacyEngine, or a directory that holds one of them"


def claim_content(path: Path) -> tuple[object, str]:
    """Plain containers in a file, or in the first file of a directory that mentions privacy; and its name.

    Args:
        path: JSON, a ``torch.save`` file of plain containers and tensors, or a directory with such JSON.

    Raises:
        DataError: it cannot be read, is neither, or no file of the directory mentions privacy.
        UnsafeModelError: the checkpoint holds more than plain containers and tensors.
        ModelError: the checkpoint is damaged.
    """
    if path.is_dir():
        return _in_directory(path)
    content = _bytes(path)
    if content[:2] == b"PK" or content[:1] == b"\x80":
        return safe_torch_load(path), path.name
    return _json(content, path.name), path.name


def _in_directory(path: Path) -> tuple[object, str]:
    for name in _IN_DIRECTORY:
        if (path / name).is_file():
            content = _json(_bytes(path / name), name)
            if isinstance(content, Mapping) and _PRIVACY_KEYS & content.keys():
                return content, f"{path.name}/{name}"
    raise DataError(f"No JSON file in {path} states a privacy claim", _MEND)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(f"Can't read {path} ({reason})", "Correct --claim") from None


def _json(content: bytes, name: str) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name} is neither JSON nor a checkpoint ({type(error).__name__})", _MEND) from None
