"""A text classifier made of any ``nn.Module`` and a batch encoder."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from privaudit.errors import ModelError
from privaudit.progress import SILENT, Progress
from privaudit.targets.batches import check_finite, check_shape, length_batches
from privaudit.targets.digests import one_line
from privaudit.targets.interface import Access, Floats, Head, Ints, ModelInfo, Outputs

Batch = Tensor | Mapping[str, Tensor] | tuple[Tensor, ...]
"""What an encoder gives: called as ``module(tensor)``, ``module(**mapping)`` or ``module(*tuple)``."""
Encoder = Callable[[list[str]], Batch]
Vocabulary = Callable[[Sequence[str]], tuple[Ints, Ints]]

_PROBE = ["one", "two words"]
"""Any two texts: they only show the shape of the output and which layer comes last."""


class TorchClassifier:
    """Logits, last-layer features and per-example gradient norms of a torch module.

    Args:
        module: gives ``[B, C]`` logits as a tensor, as ``.logits``, as ``["logits"]`` or first in a tuple.
        encoder: makes a batch of texts into the module's input; pads and truncates as it sees fit.
        labels: class names by index; None names the classes "0" … "C-1".
        info: where the module came from; its parameters are counted here.
        device: where the module runs, such as ``cpu`` or ``cuda:0``.

    Raises:
        ModelError: the module fails on two short texts, or its output is not one logit per label.
    """

    access = Access.WEIGHTS

    def __init__(
        self,
        module: nn.Module,
        encoder: Encoder,
        labels: Sequence[str] | None,
        info: ModelInfo,
        *,
        device: str = "cpu",
    ) -> None:
        self.module = module.to(device).eval()
        self.device = torch.device(device)
        self.encoder = encoder
        self.info = _with_parameters(info, module)
        self._head_layer, classes = self._probe()
        self.labels = tuple(labels) if labels is not None else tuple(map(str, range(classes)))
        check_shape((1, classes), 1, self.labels)

    def outputs(
        self, texts: Sequence[str], *, features: bool = False, progress: Progress = SILENT
    ) -> Outputs:
        """Logits, and with ``features`` the last linear layer's inputs; see :class:`TextClassifier`."""
        logits = np.empty((len(texts), len(self.labels)), dtype=np.float64)
        rows: NDArray[np.float32] | None = None
        layer = self._head_layer if features else None
        progress.start("model outputs", len(texts))
        with torch.inference_mode(), _record_inputs(layer) as inputs:
            for batch in length_batches(texts):
                inputs.clear()
                result = self._logits([texts[i] for i in batch])
                check_shape(tuple(result.shape), len(batch), self.labels)
                logits[batch] = result.double().cpu().numpy()
                if inputs:
                    if rows is None:
                        rows = np.empty((len(texts), inputs[-1].shape[1]), dtype=np.float32)
                    rows[batch] = inputs[-1].float().cpu().numpy()
                progress.advance(len(batch))
        check_finite(logits)
        return Outputs(logits, rows)

    def head(self) -> Head | None:
        """Weights of the layer for which ``logits = features @ weight.T + bias`` was seen to hold."""
        layer = self._head_layer
        if layer is None:
            return None
        weight = layer.weight.detach().double().cpu().numpy()
        bias = None if layer.bias is None else layer.bias.detach().double().cpu().numpy()
        return Head(weight, bias)

    def gradient_norms(self, texts: Sequence[str], labels: Ints, *, progress: Progress = SILENT) -> Floats:
        """Exact norm over all trainable parameters, one backward pass per record; see :class:`HasGradients`.

        Embedding tables get sparse gradients, so a record costs its own words and not the vocabulary.

        Raises:
            ModelError: the module fails, or has no trainable parameter.
        """
        parameters = [p for p in self.module.parameters() if p.requires_grad]
        if not parameters:
            raise ModelError(
                "All parameters of the module are frozen",
                "Let the factory return parameters with requires_grad=True",
            )
        norms = np.empty(len(texts), dtype=np.float64)
        progress.start("gradient norms", len(texts))
        # NOTE: cuDNN has no backward pass for recurrent layers in evaluation mode; torch's own kernels have.
        with _sparse_embeddings(self.module), torch.backends.cudnn.flags(enabled=False):
            for i, text in enumerate(texts):
                logits = self._logits([text])
                check_shape(tuple(logits.shape), 1, self.labels)
                direction, length = _loss_gradient(logits.detach(), int(labels[i]))
                grads = torch.autograd.grad(logits, parameters, direction, allow_unused=True)
                norms[i] = length * _norm(grads)
                progress.advance()
        check_finite(norms[:, None])
        return norms

    def _logits(self, texts: list[str]) -> Tensor:
        """Run encoder and module: the user's code, which may fail in any way."""
        try:
            batch = self.encoder(texts)
            if isinstance(batch, Tensor):
                output = self.module(batch.to(self.device))
            elif isinstance(batch, Mapping):
                output = self.module(**{name: value.to(self.device) for name, value in batch.items()})
            else:
                output = self.module(*(value.to(self.device) for value in batch))
        except Exception as error:
            raise ModelError(
                f"The model fails on {len(texts)} texts ({one_line(error)})",
                "Check that module and encoder fit and accept texts of any length",
            ) from None
        return _logits_of(output)

    def _probe(self) -> tuple[nn.Linear | None, int]:
        """Find the last linear layer and count the classes on two short texts."""
        linears = [layer for layer in self.module.modules() if isinstance(layer, nn.Linear)]
        calls: list[tuple[nn.Linear, Tensor]] = []
        hooks = [
            layer.register_forward_hook(lambda layer, args, _: calls.append((layer, args[0])))
            for layer in linears
        ]
        try:
            with torch.inference_mode():
                logits = self._logits(_PROBE)
                check_shape(tuple(logits.shape), len(_PROBE), None)
                for layer, features in reversed(calls):
                    if features.ndim == 2 and layer.out_features == logits.shape[1]:
                        computed = layer(features)
                        if torch.allclose(computed, logits, rtol=1e-5, atol=1e-6):
                            return layer, logits.shape[1]
                return None, logits.shape[1]
        finally:
            for hook in hooks:
                hook.remove()


class VocabularyTorchClassifier(TorchClassifier):
    """A :class:`TorchClassifier` whose tokenizer knows a list of words (``HasVocabulary``).

    Args:
        vocabulary: gives, per text, the number of unknown words and of all words.
    """

    def __init__(
        self,
        module: nn.Module,
        encoder: Encoder,
        labels: Sequence[str] | None,
        info: ModelInfo,
        *,
        vocabulary: Vocabulary,
        device: str = "cpu",
    ) -> None:
        super().__init__(module, encoder, labels, info, device=device)
        self._vocabulary = vocabulary

    def unknown_words(self, texts: Sequence[str]) -> tuple[Ints, Ints]:
        """Unknown words ``[n]`` and words ``[n]`` of each text."""
        return self._vocabulary(texts)


def _logits_of(output: object) -> Tensor:
    """The logits in whatever a module returned."""
    if isinstance(output, Mapping):
        output = output.get("logits")
    elif hasattr(output, "logits"):
        output = output.logits
    elif isinstance(output, (tuple, list)) and output:
        output = output[0]
    if isinstance(output, Tensor) and output.is_floating_point():
        return output
    kind = f"a tensor of {output.dtype}" if isinstance(output, Tensor) else f"a {type(output).__name__}"
    raise ModelError(
        f"The module returns {kind}, not floating-point logits",
        "Return a tensor of shape [B, C] or an object with .logits",
    )


def _loss_gradient(logits: Tensor, label: int) -> tuple[Tensor, float]:
    """Gradient of one record's cross-entropy by its logits ``[1, C]``, as a unit vector and its length.

    It is softmax minus one-hot. The label's entry is minus the sum of the others, in double precision, and
    the length is kept apart: as ``p - 1``, or squared in single precision, it would be zero for every record
    of which the model is sure, and all those would tie. Gradients are linear in it, so the length multiplies.
    """
    gradient = torch.softmax(logits.double(), dim=1)
    gradient[0, label] = 0
    gradient[0, label] = -gradient.sum()
    length = float(gradient.norm())
    return (gradient / length if length > 0 else gradient).to(logits.dtype), length


def _norm(grads: Sequence[Tensor | None]) -> float:
    """Euclidean norm over all gradients; equal rows of a sparse one are added up first."""
    squares = 0.0
    for grad in grads:
        if grad is not None:
            values = grad.coalesce().values() if grad.is_sparse else grad
            squares += float(torch.linalg.vector_norm(values)) ** 2
    return float(np.sqrt(squares))


@contextmanager
def _record_inputs(layer: nn.Linear | None) -> Iterator[list[Tensor]]:
    """The inputs of each call of ``layer``, in order; nothing when there is no layer."""
    inputs: list[Tensor] = []
    hook = layer and layer.register_forward_hook(lambda _layer, args, _output: inputs.append(args[0]))
    try:
        yield inputs
    finally:
        if hook:
            hook.remove()


@contextmanager
def _sparse_embeddings(module: nn.Module) -> Iterator[None]:
    """Let embedding layers give sparse gradients where torch supports it, and put them back afterwards."""
    changed: list[nn.Embedding | nn.EmbeddingBag] = []
    for layer in module.modules():
        if not isinstance(layer, (nn.Embedding, nn.EmbeddingBag)) or layer.sparse or layer.scale_grad_by_freq:
            continue
        if isinstance(layer, nn.Embedding) or layer.mode != "max":
            layer.sparse = True
            changed.append(layer)
    try:
        yield
    finally:
        for layer in changed:
            layer.sparse = False


def _with_parameters(info: ModelInfo, module: nn.Module) -> ModelInfo:
    """``info`` with the number of trainable parameters; shared ones count once."""
    from dataclasses import replace

    return replace(info, parameters=sum(p.numel() for p in module.parameters() if p.requires_grad))
