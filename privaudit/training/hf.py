"""``hf:DIR``: fine-tune a local Hugging Face encoder."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from privaudit.errors import ModelError, UsageError
from privaudit.targets.digests import file_digests, one_line
from privaudit.targets.huggingface import read_config
from privaudit.targets.interface import Ints, ModelInfo
from privaudit.targets.tokenizer import TokenEncoder, check_own_code, open_tokenizer, quiet_and_offline
from privaudit.targets.torch_classifier import TorchClassifier
from privaudit.training.fitting import fit_recipe
from privaudit.training.loop import PLAIN_RUN, TrainingHistory, TrainingRun, batched
from privaudit.training.recipe import Recipe
from privaudit.training.seeds import SeedStream, seeded_torch
from privaudit.training.trainer import Labelled, mean_loss

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

_EVALUATION_BATCH = 64


@dataclass(frozen=True, eq=False)
class FineTuned:
    """A fine-tuned encoder with its classifier head."""

    model: "PreTrainedModel"
    """In evaluation mode; ``config.id2label`` has the class names."""
    tokenizer: "PreTrainedTokenizerBase"
    """Its ``model_max_length`` is the length that the model was trained with."""
    history: TrainingHistory
    truncated: int
    """How many training texts were longer than the model reads."""

    @property
    def parameters(self) -> int:
        """Number of trained parameters."""
        return sum(p.numel() for p in self.model.parameters() if p.requires_grad)

    def logits(self, texts: Sequence[str]) -> Tensor:
        """Logits ``[n, C]`` on the CPU, in evaluation mode and in the order of the texts."""
        return _predict(self.model, _encoder(self.tokenizer, self.model), texts)

    def classifier(self) -> TorchClassifier:
        """The model as the attacks see any Hugging Face directory."""
        info = ModelInfo("huggingface", type(self.model).__name__, "trained here", ())
        device = str(self.model.device)
        return TorchClassifier(self.model, _encoder(self.tokenizer, self.model), None, info, device=device)


def fine_tune(
    recipe: Recipe,
    texts: Sequence[str],
    labels: Ints,
    class_names: Sequence[str],
    *,
    validation: Labelled | None = None,
    run: TrainingRun = PLAIN_RUN,
) -> FineTuned:
    """Fine-tune all parameters of ``recipe.pretrained`` with a new classifier head.

    Args:
        recipe: of architecture ``hf``.
        texts: n training texts.
        labels: ``[n]`` class indices.
        class_names: C names.
        validation: evaluated after every epoch, never trained on; needed for early stopping.
        run: seeds, progress, time and device.

    Raises:
        UsageError: the loss is not finite, the directory is not the one that the recipe names by digest, or a
            private recipe asks for something that is not private.
        ModelError: the directory has no usable encoder and tokenizer.
    """
    device = run.device
    model, tokenizer = _open_pretrained(recipe, class_names, run.seed_for(recipe))
    model.to(device)  # type: ignore[arg-type]
    encoder = _encoder(tokenizer, model)
    texts = list(texts)
    target = torch.from_numpy(labels).to(device)

    def losses(positions: Ints, reduction: str) -> Tensor:
        batch = encoder([texts[i] for i in positions])
        logits: Tensor = model(**{name: value.to(device) for name, value in batch.items()}).logits
        return functional.cross_entropy(
            logits, target[torch.from_numpy(positions).to(device)], reduction=reduction
        )

    def validation_loss(part: Labelled) -> float:
        return mean_loss(_predict(model, encoder, part.texts), part.labels)

    watch = None if validation is None else partial(validation_loss, validation)
    history = fit_recipe(model, recipe, len(texts), losses, run, validation_loss=watch)
    return FineTuned(model, tokenizer, history, _count_truncated(tokenizer, texts))


def before_training(recipe: Recipe, class_names: Sequence[str], *, device: str = "cpu") -> TorchClassifier:
    """The classifier that :func:`fine_tune` begins with: the pretrained encoder under its first head.

    Raises:
        UsageError: the directory is not the one that the recipe names by digest.
        ModelError: the directory has no usable encoder and tokenizer.
    """
    model, tokenizer = _open_pretrained(recipe, class_names, recipe.seed)
    info = ModelInfo("huggingface", type(model).__name__, "pretrained", ())
    model.eval()  # type: ignore[no-untyped-call]
    model.to(device)  # type: ignore[arg-type]
    return TorchClassifier(model, _encoder(tokenizer, model), tuple(class_names), info, device=device)


def with_digest(recipe: Recipe) -> Recipe:
    """The recipe with the digest of its pretrained weights.

    Raises:
        UsageError: it already has the digest of other weights.
        ModelError: the directory has no configuration or no safetensors.
    """
    directory = Path(recipe.pretrained or "")
    weights = sorted(directory.glob("*.safetensors"))
    if not (directory / "config.json").is_file() or not weights:
        raise ModelError(
            f"{directory} has no config.json or no safetensors weights",
            "Give a local directory as hf:DIR; save_pretrained writes one",
        )
    files = file_digests([directory / "config.json", *weights], directory)
    digest = sha256("".join(f"{file.name} {file.sha256}\n" for file in files).encode()).hexdigest()
    if recipe.pretrained_sha256 not in (None, digest):
        due = (recipe.pretrained_sha256 or "")[:12]
        raise UsageError(
            f"The pretrained weights in {directory} have digest {digest[:12]}…, not {due}…",
            "Give the directory that the recipe was made with",
        )
    return recipe.model_copy(update={"pretrained_sha256": digest})


def _open_pretrained(
    recipe: Recipe, class_names: Sequence[str], seed: int
) -> "tuple[PreTrainedModel, PreTrainedTokenizerBase]":
    """The encoder under a new head drawn from ``seed``, and its tokenizer; the digest is checked first."""
    from transformers import AutoConfig, AutoModelForSequenceClassification

    with_digest(recipe)
    directory = Path(recipe.pretrained or "")
    check_own_code(read_config(directory), directory / "config.json")
    tokenizer, _ = open_tokenizer(directory)
    names = dict(enumerate(class_names))
    try:
        with quiet_and_offline(), seeded_torch(seed, SeedStream.INITIALISATION):
            config = AutoConfig.from_pretrained(
                str(directory),
                local_files_only=True,
                trust_remote_code=False,
                num_labels=len(names),
                id2label=names,
                label2id={name: index for index, name in names.items()},
                problem_type="single_label_classification",
            )
            _set_dropout(config, recipe.dropout)
            model = AutoModelForSequenceClassification.from_pretrained(
                str(directory),
                config=config,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=torch.float32,
                ignore_mismatched_sizes=True,
            )
    except Exception as error:
        # NOTE: each of some hundred network classes reads its own configuration and fails in its own way.
        raise ModelError(
            f"transformers cannot build a classifier from {directory.name}/: {one_line(error)}",
            "Save it again with save_pretrained",
        ) from None
    tokenizer.model_max_length = _length(recipe, tokenizer, config)
    return model, tokenizer


def _set_dropout(config: "PretrainedConfig", probability: float) -> None:
    """Set every dropout of the configuration, whatever the network family calls it."""
    for name, value in vars(config).items():
        is_dropout = "dropout" in name or name.endswith("_pdrop")
        if is_dropout and isinstance(value, float | int | None) and not isinstance(value, bool):
            setattr(config, name, probability)


def _length(recipe: Recipe, tokenizer: "PreTrainedTokenizerBase", config: "PretrainedConfig") -> int:
    """Tokens per text: the recipe's, but no more than tokenizer and positions allow."""
    positions = getattr(config, "max_position_embeddings", None)
    # NOTE: RoBERTa and its family number positions from pad_token_id + 1; two rows stay free for all.
    limit = positions - 2 if isinstance(positions, int) and positions > 2 else recipe.max_length
    return min(recipe.max_length, int(tokenizer.model_max_length), limit)


def _encoder(tokenizer: "PreTrainedTokenizerBase", model: "PreTrainedModel") -> TokenEncoder:
    names = set(inspect.signature(model.forward).parameters)
    return TokenEncoder(tokenizer, int(tokenizer.model_max_length), names)


def _count_truncated(tokenizer: "PreTrainedTokenizerBase", texts: list[str]) -> int:
    limit = int(tokenizer.model_max_length)
    with quiet_and_offline():
        return sum(
            len(ids) > limit
            for part in range(0, len(texts), 1024)
            for ids in tokenizer(texts[part : part + 1024])["input_ids"]
        )


def _predict(model: "PreTrainedModel", encoder: TokenEncoder, texts: Sequence[str]) -> Tensor:
    model.eval()  # type: ignore[no-untyped-call]
    by_length = np.argsort([len(text) for text in texts], kind="stable")
    parts = []
    with torch.inference_mode():
        for positions in batched(by_length, _EVALUATION_BATCH):
            batch = encoder([texts[i] for i in positions])
            parts.append(
                model(**{name: value.to(model.device) for name, value in batch.items()}).logits.cpu()
            )
    return torch.cat(parts)[torch.from_numpy(np.argsort(by_length))]
