"""The input of every trainable layer and the gradient at its output, in one forward and backward pass."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

import torch
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, Node, get_gradient_edge

from privaudit.errors import UsageError
from privaudit.training.architectures.bilstm import BiLstm
from privaudit.training.private.rules.layers import INSTEAD, Layer, layer_of
from privaudit.training.private.rules.parts import Record
from privaudit.training.private.rules.recurrent import lstms_forward


@dataclass(frozen=True, eq=False)
class Use:
    """One call of a layer."""

    name: str
    """Name of the layer."""
    module: nn.Module
    layer: Layer
    inputs: Tensor
    """What it read; dimension 0 is a multiple of the number of examples."""
    version: int
    """Version of ``inputs`` at that time."""
    output: GradientEdge
    """Where the gradient at the output arrives, even if the output is changed in place afterwards."""
    view: tuple[torch.Size, tuple[int, ...], int] | None
    """Shape, strides and offset of the output in the tensor with that gradient; None if the same."""

    def at_output(self, gradient: Tensor) -> Tensor:
        """The gradient at the output, from the gradient that arrived."""
        return gradient if self.view is None else gradient.contiguous().as_strided(*self.view)

    @property
    def label(self) -> str:
        """For messages."""
        return f"{self.name or 'the network'} ({type(self.module).__name__})"


class Tape:
    """Records the calls of all layers that own trainable parameters while it is entered.

    Parameters stay as they are. Their gradients are never computed, because the backward pass goes to the
    outputs of the layers only.

    Args:
        module: the network.
        batch: how many examples there are; taken from the network's first argument when None.

    Raises:
        UsageError: on entering, when a trainable parameter has no rule.
    """

    def __init__(self, module: nn.Module, batch: int | None = None) -> None:
        self.module = module
        self.uses: list[Use] = []
        self.shared = False
        """Whether a layer was called once for all examples together."""
        self.batch, self._known = batch or 1, batch is not None
        self._undo: list[Callable[[], None]] = []
        self._records: dict[nn.Module, Record] = {}

    def __enter__(self) -> Self:
        try:
            for name, module in self.module.named_modules():
                layer = layer_of(name, module)
                if layer is not None:
                    self._watch(name, module, layer)
                elif type(module) is BiLstm:
                    self._swap(module, "both_ways", self._both_ways)
            if not self._known:
                hook = self.module.register_forward_pre_hook(self._begin, with_kwargs=True)
                self._undo.append(hook.remove)
        except BaseException:
            self._restore()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _restore(self) -> None:
        while self._undo:
            self._undo.pop()()

    def _watch(self, name: str, module: nn.Module, layer: Layer) -> None:
        self._records[module] = record = partial(self._record, name, module, layer)
        if layer.forward is not None:
            self._swap(module, "forward", partial(layer.forward, module, record))
            return
        hook = module.register_forward_hook(self._called, with_kwargs=True, prepend=True)
        self._undo.append(hook.remove)

    def _swap(self, module: nn.Module, name: str, function: Callable[..., object]) -> None:
        setattr(module, name, function)
        self._undo.append(partial(delattr, module, name))

    def _begin(self, module: nn.Module, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        del module
        first = next((value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)), None)
        self.batch = len(first) if first is not None and first.dim() else 1

    def _called(
        self, module: nn.Module, args: tuple[Tensor, ...], kwargs: dict[str, Tensor], output: Tensor
    ) -> Tensor | None:
        inputs = args[0] if args else next(iter(kwargs.values()))
        record = self._records[module]
        if len(output) != 1:
            record(inputs, output)
            return None
        self.shared = True
        # NOTE: what all examples share, such as positions, has a gradient of each of them only if it is
        # handed to each of them.
        output = output.expand(self.batch, *output.shape[1:])
        record(inputs.expand(self.batch, *inputs.shape[1:]), output)
        return output

    def _record(self, name: str, module: nn.Module, layer: Layer, inputs: Tensor, output: Tensor) -> None:
        if not output.requires_grad:
            return
        base, view = output._base, None
        # NOTE: torch makes a new history for a view that is written to, and the old one loses its gradient;
        # that of what it is a view of stays.
        if base is not None and base.is_contiguous() and base.numel() >= output.numel():
            view = output.shape, output.stride(), int(output.storage_offset() - base.storage_offset())
            output = base
        self.uses.append(Use(name, module, layer, inputs, inputs._version, get_gradient_edge(output), view))

    def _both_ways(
        self, forwards: nn.LSTM, backwards: nn.LSTM, inputs: Tensor, mirrored: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The two LSTMs of a :class:`BiLstm`; in one loop, which takes as long as one of them."""
        modules = [forwards, backwards]
        if not all(module in self._records for module in modules):
            return forwards(inputs)[0], backwards(mirrored)[0]
        records = [self._records[module] for module in modules]
        (ahead, _), (behind, _) = lstms_forward(modules, records, [inputs, mirrored])
        return ahead, behind


def record(module: nn.Module, losses: Callable[[], Tensor]) -> tuple[Tensor, list[Use]]:
    """The losses ``[B]`` with their graph, and the layer calls on the way to them.

    Args:
        module: the network.
        losses: one loss per example, of a forward pass of ``module``; called a second time where the
            network's first argument does not show how many examples there are.

    Raises:
        UsageError: a trainable parameter has no rule, or the losses are not one per example.
    """
    with torch.enable_grad():
        with Tape(module) as tape:
            found = _checked(losses())
        if tape.shared and tape.batch != len(found):
            with Tape(module, len(found)) as tape:
                found = _checked(losses())
    for use in tape.uses:
        if len(use.inputs) % max(1, len(found)):
            raise UsageError(
                f"{use.label} reads {len(use.inputs)} rows, not a multiple of the {len(found)} examples",
                "Put the examples into dimension 0",
            )
    if len(found) and not tape.uses:
        raise UsageError(
            "The losses do not depend on any trainable parameter of the network",
            "Compute them with the network itself",
        )
    return found, tape.uses


def _checked(losses: Tensor) -> Tensor:
    if losses.dim() != 1:
        raise UsageError(
            f"Losses have shape {list(losses.shape)} instead of one loss per example", 'Use reduction="none"'
        )
    return losses


def check_independent(losses: Tensor, uses: list[Use], trainable: dict[int, str]) -> None:
    """Check what per-example gradients rely on, at the cost of a backward pass.

    Every way from the losses to a trainable parameter goes through a recorded call, and the loss of one
    example has no gradient at what a layer gave for another one.

    Args:
        losses: ``[B]``, of :func:`record`.
        uses: of :func:`record`.
        trainable: names by ``id`` of the parameters.

    Raises:
        UsageError: one of the two does not hold.
    """
    stop = {use.output.node for use in uses}
    ahead = [losses.grad_fn, *(use.inputs.grad_fn for use in uses)]
    seen: set[Node] = set()
    while ahead:
        node = ahead.pop()
        if node is None or node in seen or node in stop:
            continue
        seen.add(node)
        name = trainable.get(id(getattr(node, "variable", None)))
        if name is not None:
            raise UsageError(
                f"Parameter {name!r} is read outside the forward pass of its own layer",
                INSTEAD,
            )
        ahead += [following for following, _ in node.next_functions]
    if len(losses) < 2:
        return
    edges = [use.output for use in uses]
    first = torch.zeros_like(losses)
    first[0] = 1
    gradients: tuple[Tensor | None, ...] = torch.autograd.grad(
        losses, edges, first, retain_graph=True, allow_unused=True
    )
    for use, gradient in zip(uses, gradients, strict=True):
        if gradient is None:
            continue
        others = use.at_output(gradient)[len(use.inputs) // len(losses) :]
        if bool((others.abs() > 0).any()):
            raise UsageError(
                f"Examples mix in {use.label}: the first one has a gradient at the others",
                "Put the examples into dimension 0 of every layer, and drop what mixes them",
            )


def check_unchanged(uses: list[Use]) -> None:
    """Check that the inputs of the layers have not changed.

    Raises:
        UsageError: it was written to.
    """
    for use in uses:
        if use.inputs._version != use.version:
            raise UsageError(
                f"The inputs of {use.label} were changed in place after it read them",
                "Compute a new tensor instead",
            )
