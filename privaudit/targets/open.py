"""One door to all model formats."""

from pathlib import Path

from privaudit.errors import UsageError
from privaudit.targets.interface import TextClassifier
from privaudit.targets.sniff import ModelFormat, sniff


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
    match found:
        case ModelFormat.HUGGINGFACE:
            from privaudit.targets.huggingface import open_huggingface

            return open_huggingface(path, device)
        case ModelFormat.STATE_DICT:
            from privaudit.targets.state_dict import open_state_dict, read_tensors

            if factory is None:
                # NOTE: a hostile or damaged file is told as such, not as a missing option.
                read_tensors(path)
                raise UsageError(
                    f"--factory package.module:function for the state_dict {path.name}",
                    "none",
                    "Name a function that returns the module and its text encoder",
                )
            return open_state_dict(path, factory, device)
        case ModelFormat.SKLEARN_SKOPS | ModelFormat.SKLEARN_PICKLE:
            from privaudit.targets.sklearn_pipeline import open_sklearn

            return open_sklearn(path, trust_pickle=trust_pickle)
        case ModelFormat.ONNX:
            from privaudit.targets.onnx_model import open_onnx

            return open_onnx(path, tokenizer or path.parent, device)
        case ModelFormat.BUNDLE | ModelFormat.SCORES:
            raise ValueError(f"{path} is a {found.value}, which open_target does not open.")
