"""A Hugging Face directory: configuration, weights and tokenizer of a sequence classifier, all local."""

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

from torch import nn

from privaudit.errors import ModelError
from privaudit.targets.digests import file_digests, one_line
from privaudit.targets.interface import ModelInfo
from privaudit.targets.safe_load import load_safetensors, safe_torch_load
from privaudit.targets.tokenizer import (
    Config,
    TokenEncoder,
    check_own_code,
    open_tokenizer,
    quiet_and_offline,
    read_json,
)
from privaudit.targets.torch_classifier import TorchClassifier

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DEFAULT_MAX_LENGTH = 512
"""Tokens per text where neither the tokenizer nor the network names a limit."""
_HEAD = "ForSequenceClassification"


def open_huggingface(path: Path, device: str = "cpu") -> TorchClassifier:
    """Open a directory written by ``save_pretrained`` for a sequence classifier and its tokenizer.

    Nothing is downloaded and no code from the directory runs. Weights are read as float32; texts are cut
    to what the tokenizer and the position embeddings allow (the length is part of ``info.loader``).

    Raises:
        UnsafeModelError: the directory wants its own code to run, or its ``.bin`` holds more than tensors.
        ModelError: a file is missing or damaged, the network is no single-label classifier, or a part of it
            (such as the classifier head) is not in the weights and would be random.
    """
    config = read_config(path)
    _check_config(config, path)
    labels = class_names(config, path)
    weights = _check_weights(path)
    tokenizer, vocabulary_files = open_tokenizer(path)
    model = _load_model(path, safetensors=weights[0].suffix == ".safetensors")
    limit = _max_length(model, tokenizer)
    _check_fit(model, tokenizer)
    info = ModelInfo(
        format="huggingface",
        architecture=type(model).__name__,
        loader=f"AutoModelForSequenceClassification from {weights[0].suffix} files, local, no remote code; "
        f"texts truncated to {limit} tokens",
        files=file_digests([path / "config.json", *weights, *vocabulary_files], path),
    )
    names = set(inspect.signature(model.forward).parameters)
    return TorchClassifier(model, TokenEncoder(tokenizer, limit, names), labels, info, device=device)


def read_config(path: Path) -> Config:
    """``config.json`` of the directory ``path``.

    Raises:
        ModelError: it is missing, or is not a JSON object.
    """
    return read_json(path / "config.json")


def _check_config(config: Config, path: Path) -> None:
    """Refuse what is not a single-label classifier before any weight is read."""
    check_own_code(config, path / "config.json")
    architectures = config.get("architectures")
    names = [str(name) for name in architectures] if isinstance(architectures, list) else []
    if names and not any(name.endswith(_HEAD) for name in names):
        raise ModelError(
            f"{', '.join(names)} is not a model {_HEAD}",
            "Audit the fine-tuned classifier, not its base model",
        )
    problem = config.get("problem_type")
    if problem not in (None, "single_label_classification"):
        raise ModelError(
            f"The model has problem_type {problem!r}",
            "Audit a single-label classifier; multi-label and regression heads are not supported",
        )
    if (path / "adapter_config.json").exists():
        raise ModelError(
            f"{path.name}/ holds an adapter (adapter_config.json), not complete weights",
            "Merge it first: model.merge_and_unload().save_pretrained(DIR)",
        )


def _check_weights(path: Path) -> list[Path]:
    """The weight files, after those that could hold a pickle were opened safely; safetensors go first."""
    for stem, suffix in (("model", ".safetensors"), ("pytorch_model", ".bin")):
        index = path / f"{stem}{suffix}.index.json"
        single = path / f"{stem}{suffix}"
        files = [single] if single.exists() else _shards(index) if index.exists() else []
        for file in files:
            load_safetensors(file) if suffix == ".safetensors" else safe_torch_load(file)
        if files:
            return files
    raise ModelError(
        f"{path.name}/ has neither model.safetensors nor pytorch_model.bin",
        "Save the model with save_pretrained; TensorFlow and Flax weights are not read",
    )


def _shards(index: Path) -> list[Path]:
    """The files of a sharded checkpoint, all of them in the index's own folder."""
    mapping = read_json(index).get("weight_map")
    names = sorted({str(name) for name in mapping.values()}) if isinstance(mapping, dict) else []
    outside = [name for name in names if Path(name).name != name]
    missing = [name for name in names if not (index.parent / name).is_file()]
    if not names or outside or missing:
        raise ModelError(
            f"{index.name} names {(outside or missing or ['no files'])[0]!r}, which is not in the folder",
            "Copy all files of the checkpoint into one folder",
        )
    return [index.parent / name for name in names]


def _load_model(path: Path, *, safetensors: bool) -> "PreTrainedModel":
    """The network with every parameter from the files: what would be newly initialised is an error."""
    import torch
    from transformers import AutoModelForSequenceClassification

    try:
        with quiet_and_offline():
            model, report = AutoModelForSequenceClassification.from_pretrained(
                str(path),
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=safetensors,
                dtype=torch.float32,
                output_loading_info=True,
                ignore_mismatched_sizes=True,
            )
    except Exception as error:
        # NOTE: each of some hundred network classes reads its own configuration and fails in its own way.
        raise ModelError(
            f"Can't load a sequence classifier from {path.name}/ ({one_line(error)})",
            "Save the model again with save_pretrained",
        ) from None
    missing = sorted(report["missing_keys"]) + sorted(str(key[0]) for key in report["mismatched_keys"])
    if missing:
        raise ModelError(
            f"The weights lack {', '.join(missing[:4])}{', …' if missing[4:] else ''}",
            "Audit the fine-tuned classifier; missing parts would be random",
        )
    return model  # type: ignore[no-any-return]


def class_names(config: Config, path: Path) -> tuple[str, ...] | None:
    """Class names by index from ``id2label``; None where the configuration lists none."""
    names = config.get("id2label")
    if names is None:
        return None
    count = len(names) if isinstance(names, dict) else 0
    if not isinstance(names, dict) or set(names) != {str(i) for i in range(count)} or count < 2:
        raise ModelError(
            f"id2label has {count} usable class names"
            if isinstance(names, dict)
            else f"id2label is a {type(names).__name__}",
            f"Name each of the classes 0 … C-1, at least 2, in {path.name}/config.json",
        )
    labels = tuple(str(names[str(i)]) for i in range(count))
    if len(set(labels)) != count:
        raise ModelError("id2label gives two classes the same name", f"Correct {path.name}/config.json")
    return labels


def _max_length(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> int:
    """Most tokens per text: the tokenizer's limit and that of the position embeddings."""
    limits = [int(tokenizer.model_max_length)]
    positions = getattr(model.config, "max_position_embeddings", None)
    if isinstance(positions, int) and positions > 0:
        # NOTE: RoBERTa and its family number positions from padding_idx + 1: the first rows are never used.
        offsets = [
            layer.padding_idx + 1
            for name, layer in model.named_modules()
            if name.endswith("position_embeddings")
            and isinstance(layer, nn.Embedding)
            and layer.padding_idx is not None
        ]
        limits.append(positions - max(offsets, default=0))
    limit = min(limits)
    # NOTE: a tokenizer without a limit says 10**30.
    return limit if 0 < limit < 1 << 24 else DEFAULT_MAX_LENGTH


def _check_fit(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> None:
    rows = getattr(model.get_input_embeddings(), "num_embeddings", None)
    if isinstance(rows, int) and len(tokenizer) > rows:
        raise ModelError(
            f"The tokenizer has {len(tokenizer)} tokens and the embedding table only {rows} rows",
            "Put the tokenizer the model was trained with into the directory",
        )
