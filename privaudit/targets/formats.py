"""The table of model formats: how each is recognised, opened and repeated. A new format is a row here.

torch and the other libraries are imported when a format is opened, not when the table is read.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from privaudit.targets.interface import Access
from privaudit.targets.peek import Peek
from privaudit.targets.safe_load import begins_like_safetensors

References = Literal["recipe", "clone", "trainer only", "none"]
BUNDLE_FORMAT = "privaudit.bundle"


class Evidence(IntEnum):
    """How strongly a file looks like a format; the strongest wins."""

    NONE = 0
    SUFFIX_ALONE = 1
    """Only the file's name says so."""
    USUAL_START = 2
    """It starts as such files do, and as others might."""
    SUFFIX = 3
    """The name says so, and the content does not contradict."""
    CONTENT = 4
    """Bytes or members that only this format has."""


@dataclass(frozen=True)
class ModelFormat:
    """One format of models that can be audited."""

    id: str
    """As in ``ModelInfo.format`` and ``model.format`` of a result."""
    title: str
    """In the message that lists what can be audited."""
    sniff: Callable[[Peek], Evidence]
    opener: str | None
    """``module:function`` below ``privaudit.targets``, called with the path and what it takes. None for
    bundles, which ``training`` opens, and for score tables, which hold no model."""
    takes: tuple[str, ...]
    """Keyword arguments of the opener, out of those of :func:`privaudit.targets.open.open_target`."""
    access: Access
    """The most that the format can give."""
    references: References
    """What reference models repeat: the training recipe that the model names, a clone of its estimator, or
    only the user's own ``--trainer``; "none" where there is no model to repeat."""


def _bundle(seen: Peek) -> Evidence:
    return Evidence.CONTENT if seen.pickled and _says_bundle(seen.pickled) else Evidence.NONE


def _says_bundle(pickled: bytes) -> bool:
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


def _huggingface(seen: Peek) -> Evidence:
    return Evidence.CONTENT if (seen.path / "config.json").is_file() else Evidence.NONE


_TORCH_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""What torch.save wrote first before it wrote zip files: its magic number, pickled."""


def _state_dict(seen: Peek) -> Evidence:
    # NOTE: bundles and programs have a data.pkl too: the first row takes bundles, peek refuses programs.
    if any(name.endswith("data.pkl") for name in seen.members) or seen.head.startswith(_TORCH_LEGACY):
        return Evidence.CONTENT
    if seen.is_zip:
        return Evidence.NONE
    if begins_like_safetensors(seen.head):
        return Evidence.CONTENT
    torch_name = seen.suffix in (".pt", ".pth", ".bin", ".ckpt") and not seen.is_text
    return Evidence.SUFFIX if torch_name or seen.suffix == ".safetensors" else Evidence.NONE


def _sklearn(seen: Peek) -> Evidence:
    if seen.is_zip:
        return Evidence.CONTENT if "schema.json" in seen.members else Evidence.NONE
    if seen.suffix in (".pkl", ".pickle", ".joblib"):
        return Evidence.SUFFIX
    pickled = seen.head[:1] == b"\x80" and seen.head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")
    return Evidence.USUAL_START if pickled else Evidence.NONE


def _onnx(seen: Peek) -> Evidence:
    head = seen.head
    if seen.suffix == ".onnx" and not seen.is_zip:
        return Evidence.SUFFIX
    starts = head[:1] == b"\x08" and len(head) > 2 and head[1] < 32 and head[2] in b"\x12\x1a\x22\x3a\x42"
    return Evidence.USUAL_START if starts else Evidence.NONE


_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"x\x01", b"x\x5e", b"x\x9c", b"x\xda")


def _scores(seen: Peek) -> Evidence:
    arrays = bool(seen.members) and all(name.endswith(".npy") for name in seen.members)
    if arrays or seen.head.startswith(b"PAR1"):
        return Evidence.CONTENT
    table = seen.suffix in (".csv", ".tsv") and not seen.is_zip and not seen.head.startswith(_COMPRESSED)
    return Evidence.SUFFIX_ALONE if table else Evidence.NONE


BUNDLE = ModelFormat("bundle", "a bundle (.pt)", _bundle, None, (), Access.WEIGHTS, "recipe")
SCORES = ModelFormat(
    "scores", "a score table (.csv, .tsv, .parquet, .npz)", _scores, None, (), Access.LOGITS, "none"
)
FORMATS = (
    BUNDLE,
    ModelFormat(
        "huggingface", "a Hugging Face directory", _huggingface, "huggingface:open_huggingface", ("device",),
        Access.WEIGHTS, "recipe",
    ),
    ModelFormat(
        "state-dict", "a state_dict (.pt, .pth, .safetensors)", _state_dict, "state_dict:open_state_dict",
        ("factory", "device"), Access.WEIGHTS, "trainer only",
    ),
    ModelFormat(
        "sklearn", "a scikit-learn pipeline (.skops, .joblib, .pkl)", _sklearn,
        "sklearn_pipeline:open_sklearn", ("trust_pickle",), Access.LOGITS, "clone",
    ),
    ModelFormat(
        "onnx", "an ONNX file", _onnx, "onnx_model:open_onnx", ("tokenizer", "device"),
        Access.LOGITS, "trainer only",
    ),
    SCORES,
)  # fmt: skip
"""In order of preference where two look alike."""


def format_named(format_id: str) -> ModelFormat:
    """The row of a ``ModelInfo.format``."""
    return next(row for row in FORMATS if row.id == format_id)
