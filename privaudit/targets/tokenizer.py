"""Hugging Face tokenizers: text in, padded and truncated tensors out; local files, no code of their own."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from privaudit.errors import ModelError, UnsafeModelError
from privaudit.targets.digests import one_line

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Config = Mapping[str, object]
_SETTINGS = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
"""What a tokenizer reads beside its vocabulary."""
_SAVE_AGAIN = "Save the model again with save_pretrained"
_SAVE_TOKENIZER = "Save it next to the model: tokenizer.save_pretrained(DIR)"


class TokenEncoder:
    """Makes padded, truncated input tensors of texts with a Hugging Face tokenizer.

    Args:
        tokenizer: with a padding token.
        max_length: tokens per text, special ones included.
        names: the inputs that the model takes; others that the tokenizer gives are dropped.
        fixed: pad every text to ``max_length``.
    """

    def __init__(
        self, tokenizer: "PreTrainedTokenizerBase", max_length: int, names: set[str], *, fixed: bool = False
    ) -> None:
        self.tokenizer, self.max_length, self._names = tokenizer, max_length, names
        self._padding = "max_length" if fixed else "longest"

    def __call__(self, texts: list[str]) -> dict[str, Tensor]:
        """Input tensors ``[B, L]`` by name; L is at least 1 even where all texts are empty."""
        encoded = self._encode(texts, self._padding, self.max_length)
        if encoded["input_ids"].shape[1] == 0:
            encoded = self._encode(texts, "max_length", 1)
        return {name: tensor for name, tensor in encoded.items() if name in self._names}

    def _encode(self, texts: list[str], padding: str, max_length: int) -> dict[str, Tensor]:
        return dict(
            self.tokenizer(
                texts, padding=padding, truncation=True, max_length=max_length, return_tensors="pt"
            )
        )


def open_tokenizer(path: Path) -> "tuple[PreTrainedTokenizerBase, list[Path]]":
    """The tokenizer in the directory ``path``, and the files it was read from.

    Raises:
        UnsafeModelError: it wants its own code to run.
        ModelError: its files are missing or damaged, or it has no padding token.
    """
    from transformers import AutoTokenizer

    settings = read_json(path / "tokenizer_config.json") if (path / "tokenizer_config.json").exists() else {}
    check_own_code(settings, path / "tokenizer_config.json")
    try:
        with quiet_and_offline():
            tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
                str(path), local_files_only=True, trust_remote_code=False
            )
    except Exception as error:
        # NOTE: each tokenizer class parses its own files and fails in its own way.
        raise ModelError(
            f"Can't load the tokenizer in {path.name}/ ({one_line(error)})", _SAVE_TOKENIZER
        ) from None
    names = {*tokenizer.vocab_files_names.values(), "tokenizer.json"}
    files = [path / name for name in names if (path / name).is_file()]
    if tokenizer.vocab_files_names and not files:
        # NOTE: transformers makes an empty tokenizer from config.json alone: every word would be unknown.
        raise ModelError(f"{path.name}/ has no tokenizer vocabulary", _SAVE_TOKENIZER)
    if tokenizer.pad_token_id is None:
        raise ModelError(
            f"The tokenizer in {path.name}/ has no padding token",
            "Set tokenizer.pad_token and model.config.pad_token_id and save both again",
        )
    return tokenizer, [*files, *(path / name for name in _SETTINGS if (path / name).is_file())]


def read_json(path: Path) -> Config:
    """The JSON object in the file ``path``.

    Raises:
        ModelError: it is missing, or is no JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(
            f"Can't read {path.name} in {path.parent.name}/ ({one_line(error)})", _SAVE_AGAIN
        ) from None
    if not isinstance(content, dict):
        raise ModelError(f"{path.name} holds a {type(content).__name__}, not a JSON object", _SAVE_AGAIN)
    return content


def check_own_code(config: Config, path: Path) -> None:
    """Refuse settings that make transformers fetch or import code: ``auto_map``, kernels of a hub.

    Raises:
        UnsafeModelError: one of them is there, at any depth.
    """
    stack: list[object] = [config]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, dict):
            kernels = [v for k, v in item.items() if k.endswith("attn_implementation") and "/" in str(v)]
            if "auto_map" in item or kernels:
                raise UnsafeModelError(
                    f"{path.name} wants to run code of its own ({'a kernel' if kernels else 'auto_map'})",
                    "Export the model to ONNX and audit that, or load it in your own code with --factory",
                )
            stack.extend(item.values())


@contextmanager
def quiet_and_offline() -> Iterator[None]:
    """Within the block transformers logs errors only, draws no bars and asks no network."""
    from huggingface_hub import constants
    from transformers.utils import logging

    verbosity, bars, offline = (
        logging.get_verbosity(),
        logging.is_progress_bar_enabled(),
        constants.HF_HUB_OFFLINE,
    )
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = offline
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
