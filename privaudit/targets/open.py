"""One door to all model formats."""

import importlib
from pathlib import Path
from typing import cast

from privaudit.targets.interface import TextClassifier
from privaudit.targets.sniff import sniff


def open_target(
    path: Path,
    *,
    factory: str | None = None,
    tokenizer: Path | None = None,
    trust_pickle: bool = False,
    device: str = "cpu",
) -> TextClassifier:
    """Open the model at ``path``, whatever its format. Bundles and score tables have readers of their own.

    Args:
        path: a file or a Hugging Face directory.
        factory: ``package.module:function`` for a state_dict.
        tokenizer: directory of the tokenizer of an ONNX file; its own folder by default.
        trust_pickle: consent to run the code in a scikit-learn pickle.
        device: where torch and ONNX models run.

    Raises:
        UsageError: a state_dict without a factory.
        ModelError: the model cannot be opened; UnsafeModelError where that would run its code.
        ValueError: a bundle or a score table.
    """
    found = sniff(path)
    if found.opener is None:
        raise ValueError(f"{path} is {found.title}, which open_target does not open.")
    given = {"factory": factory, "tokenizer": tokenizer, "trust_pickle": trust_pickle, "device": device}
    module, function = found.opener.split(":")
    opener = getattr(importlib.import_module(f"privaudit.targets.{module}"), function)
    return cast(TextClassifier, opener(path, **{name: given[name] for name in found.takes}))
