"""Linear heads on a frozen encoder: its features are computed once, and the heads of a block together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from privaudit.errors import ModelError
from privaudit.targets.batches import length_batches
from privaudit.targets.digests import one_line
from privaudit.targets.huggingface import DEFAULT_MAX_LENGTH, read_config
from privaudit.targets.tokenizer import check_own_code, open_tokenizer, quiet_and_offline
from privaudit.training.references.extras import dropped_copies, signals_of
from privaudit.training.references.learners.halves import half_of, output_of
from privaudit.training.references.plan import ReferenceOutput, ReferencePlan

if TYPE_CHECKING:
    from transformers import PreTrainedModel

BLOCK = 8
"""Heads that are trained together. A block is always trained whole: no head depends on what is asked for."""
PENALTY = 1.0
"""Weight of half the squared norm of a head beside the sum of its losses."""
_STEPS = 300
_POWER_STEPS = 30


def frozen_references(
    plan: ReferencePlan, indices: Sequence[int], encoder: Path, device: str
) -> Iterator[ReferenceOutput]:
    """Heads for the references ``indices`` of one block.

    Features are the mean of the encoder's last hidden states over the tokens of a text, scaled to the norm
    ``sqrt(d)``, and a constant 1. A head is the penalised softmax regression on its half after a fixed number
    of accelerated gradient steps from zero: no random number enters but the coins.

    Raises:
        DataError: a half has no record.
        ModelError: the directory has no usable encoder and tokenizer.
    """
    features = _features(plan, encoder, device)
    block = indices[0] // BLOCK
    halves = [half_of(plan, index) for index in range(block * BLOCK, (block + 1) * BLOCK)]
    inside = np.zeros((len(plan.pool), BLOCK), dtype=np.float32)
    for k, half in enumerate(halves):
        inside[half.train, k] = 1
    labels = torch.from_numpy(np.asarray(plan.pool.labels, dtype=np.int64))
    heads = fit_heads(features.pool, labels, torch.from_numpy(inside), plan.scored.n_classes)
    own = np.asarray(plan.scored.labels, dtype=np.int64)
    for index in indices:
        head = heads[index % BLOCK]
        logits = (features.scored @ head.t()).numpy()
        extras = None
        if features.copies is not None:
            squares = features.scored.double().square().sum(1).numpy()
            dropped = (features.copies @ head.t()).double().numpy()
            extras = signals_of(logits.astype(np.float64), own, squares, dropped)
        yield output_of(plan, halves[index % BLOCK], logits, extras)


def fit_heads(features: Tensor, labels: Tensor, inside: Tensor, n_classes: int) -> Tensor:
    """M softmax regressions on subsets of the same records, by accelerated gradient descent.

    Minimises ``Σ_i inside_i · loss_i + PENALTY / 2 · ‖W‖²`` with the momentum of a strongly convex problem
    (Nesterov 2004, scheme 2.2.22).

    Args:
        features: ``[n, d]``.
        labels: ``[n]``.
        inside: ``[n, M]`` zeros and ones.
        n_classes: C.

    Returns:
        ``[M, C, d]``.
    """
    n, dimension = features.shape
    models = inside.shape[1]
    # NOTE: the curvature of the cross-entropy in the logits is at most one half.
    curvature = 0.5 * _largest_eigenvalue(features) + PENALTY
    root = (PENALTY / curvature) ** 0.5
    momentum = (1 - root) / (1 + root)
    truth = torch.nn.functional.one_hot(labels, n_classes).to(features.dtype).unsqueeze(1)
    heads = features.new_zeros(models, n_classes, dimension)
    before = heads
    with torch.inference_mode():
        for _ in range(_STEPS):
            ahead = heads + momentum * (heads - before)
            logits = (features @ ahead.flatten(0, 1).t()).view(n, models, n_classes)
            residual = (logits.softmax(2) - truth) * inside.unsqueeze(2)
            gradient = (residual.flatten(1).t() @ features).view_as(ahead) + PENALTY * ahead
            before, heads = heads, ahead - gradient / curvature
    return heads.clone()


@dataclass(frozen=True, eq=False)
class _Features:
    """``[…, d + 1]`` of the pool, the scored records and the copies of these (None without extras)."""

    pool: Tensor
    scored: Tensor
    copies: Tensor | None


@lru_cache(maxsize=1)
def _features(plan: ReferencePlan, encoder: Path, device: str) -> _Features:
    encode = _Encoder(encoder, device)
    pool = encode(plan.pool.texts)
    scored = pool if plan.online else encode(plan.scored.texts)
    copies = [copy for text in plan.scored.texts for copy in dropped_copies(text)]
    return _Features(pool, scored, encode(copies) if plan.extras else None)


class _Encoder:
    """The frozen encoder of a directory; its own head, if it has one, is left out."""

    def __init__(self, path: Path, device: str) -> None:
        from transformers import AutoModel

        check_own_code(read_config(path), path / "config.json")
        self._tokenizer, _ = open_tokenizer(path)
        try:
            with quiet_and_offline():
                model: PreTrainedModel = AutoModel.from_pretrained(
                    str(path),
                    local_files_only=True,
                    trust_remote_code=False,
                    use_safetensors=True,
                    dtype=torch.float32,
                )
        except Exception as error:
            # NOTE: each of some hundred network classes reads its own configuration and fails in its own way.
            raise ModelError(
                f"transformers cannot open an encoder in {path.name}/: {one_line(error)}",
                "Save it again with save_pretrained",
            ) from None
        self._model = model.to(device).eval()  # type: ignore[arg-type]
        limit = getattr(model.config, "max_position_embeddings", None) or DEFAULT_MAX_LENGTH
        self._limit = min(int(self._tokenizer.model_max_length), limit - 2, DEFAULT_MAX_LENGTH)

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Features ``[n, d + 1]`` on the CPU."""
        rows = torch.empty(len(texts), self._model.config.hidden_size + 1)
        with torch.inference_mode():
            for batch in length_batches(texts):
                rows[torch.from_numpy(batch)] = self._encode([texts[i] for i in batch]).cpu()
        return rows

    def _encode(self, texts: list[str]) -> Tensor:
        inputs = self._tokenizer(
            texts, padding="longest", truncation=True, max_length=self._limit, return_tensors="pt"
        ).to(self._model.device)
        states: Tensor = self._model(
            input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]
        ).last_hidden_state
        weights = inputs["attention_mask"].unsqueeze(-1).to(states.dtype)
        mean = (states * weights).sum(1) / weights.sum(1).clamp(min=1)
        scaled = mean * (mean.shape[1] ** 0.5 / mean.norm(dim=1, keepdim=True).clamp(min=1e-12))
        return torch.cat((scaled, scaled.new_ones(len(scaled), 1)), dim=1)


def _largest_eigenvalue(features: Tensor) -> float:
    """Upper estimate of the largest eigenvalue of ``features.T @ features``, by power iteration."""
    vector = features.new_ones(features.shape[1])
    for _ in range(_POWER_STEPS):
        vector = features.t() @ (features @ (vector / vector.norm()))
    return 1.1 * float(vector.norm())
