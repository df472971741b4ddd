"""A state_dict with the user's own factory for the module and its text encoder."""

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

from torch import Tensor, nn

from privaudit.errors import ModelError, UsageError
from privaudit.targets.digests import file_digest, one_line
from privaudit.targets.interface import ModelInfo
from privaudit.targets.safe_load import begins_like_safetensors, load_safetensors, safe_torch_load
from privaudit.targets.torch_classifier import Encoder, TorchClassifier

_WRAPPERS = ("state_dict", "model_state_dict", "model")
_PREFIXES = ("module.", "_orig_mod.", "model.")
_RETURNS = "(module, encoder) or (module, encoder, labels)"


def open_state_dict(path: Path, factory: str | None, device: str = "cpu") -> TorchClassifier:
    """Put the tensors of ``path`` into the module that ``factory`` builds.

    Args:
        path: ``.pt``, ``.pth`` or ``.safetensors``: a state_dict, or a checkpoint that holds one under
            ``state_dict``, ``model_state_dict`` or ``model``. Prefixes that wrappers leave on every name
            (``module.``, ``_orig_mod.``, ``model.``) are removed.
        factory: ``package.module:function``, importable from the current directory; called without arguments,
            it returns ``(module, encoder)`` or ``(module, encoder, labels)``. It is the user's own code.
        device: where the module runs.

    Raises:
        UsageError: no factory.
        UnsafeModelError: the file holds more than tensors and plain containers.
        ModelError: the file is damaged, the factory fails, or their parameters differ in name, shape or kind.
    """
    # NOTE: a hostile or damaged file is reported as such, not as a missing option.
    tensors = read_tensors(path)
    if factory is None:
        raise UsageError(
            f"{path.name} is a state_dict: weights without code",
            "Add --factory package.module:function, which returns the module and its text encoder",
        )
    module, encoder, labels = _call(factory)
    tensors = _strip_prefixes(tensors, set(module.state_dict()))
    _check_fit(tensors, module, factory)
    try:
        module.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        raise ModelError(
            f"The weights do not fit {factory} ({one_line(error)})", "Give the factory of this checkpoint"
        ) from None
    loader = "safetensors" if path.suffix == ".safetensors" else "torch.load(weights_only=True)"
    info = ModelInfo(
        format="state-dict",
        architecture=type(module).__name__,
        loader=f"{loader} into {factory}",
        files=(file_digest(path, path.parent),),
    )
    return TorchClassifier(module, encoder, labels, info, device=device)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The state_dict in the checkpoint ``path``, unwrapped.

    Raises:
        UnsafeModelError: the file holds more than tensors and plain containers.
        ModelError: the file is damaged or holds no state_dict.
    """
    with path.open("rb") as file:
        head = file.read(9)
    if path.suffix == ".safetensors" or begins_like_safetensors(head):
        return load_safetensors(path)
    content = safe_torch_load(path)
    if isinstance(content, Mapping):
        for name in _WRAPPERS:
            if isinstance(content.get(name), Mapping):
                content = content[name]
                break
        if content and all(isinstance(k, str) and isinstance(v, Tensor) for k, v in content.items()):
            return dict(content)
        keys = ", ".join(repr(key) for key in list(content)[:4])
        found = f"a dict with the keys {keys}" if content else "an empty dict"
    else:
        found = f"a {type(content).__name__}"
    raise ModelError(
        f"{path.name} holds {found}, not a state_dict", "Save model.state_dict() alone, or under 'state_dict'"
    )


def _call(factory: str) -> tuple[nn.Module, Encoder, Sequence[str] | None]:
    """Import and call the user's factory, with the current directory importable as in ``python -m``."""
    module_name, _, function_name = factory.partition(":")
    if not module_name or not function_name.isidentifier():
        raise ModelError(
            f"--factory {factory!r} is not package.module:function", "Name a function that builds the module"
        )
    sys.path.insert(0, str(Path.cwd()))
    try:
        function = getattr(importlib.import_module(module_name), function_name)
        result: object = function()
    except Exception as error:
        # NOTE: the user's own code, which may fail in any way.
        raise ModelError(
            f"The factory {factory} fails ({one_line(error)})",
            f"Correct it: called without arguments, it returns {_RETURNS}",
        ) from None
    finally:
        sys.path.remove(str(Path.cwd()))
    if not isinstance(result, tuple) or len(result) not in (2, 3) or not isinstance(result[0], nn.Module):
        raise ModelError(f"The factory {factory} returns a {type(result).__name__}", f"Return {_RETURNS}")
    module, encoder, *rest = result
    if not callable(encoder):
        raise ModelError(
            f"The encoder from the factory is a {type(encoder).__name__}, which can't be called",
            f"Return {_RETURNS}",
        )
    labels = tuple(map(str, cast("Sequence[object]", rest[0]))) if rest and rest[0] is not None else None
    return module, cast("Callable[[list[str]], Tensor]", encoder), labels


def _strip_prefixes(tensors: dict[str, Tensor], wanted: set[str]) -> dict[str, Tensor]:
    """Remove a wrapper's prefix while every name carries it and the module's own names do not."""
    stripped = True
    while stripped:
        stripped = False
        for prefix in _PREFIXES:
            own = any(name.startswith(prefix) for name in wanted)
            if not own and all(name.startswith(prefix) for name in tensors):
                tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
                stripped = True
    return tensors


def _check_fit(tensors: dict[str, Tensor], module: nn.Module, factory: str) -> None:
    """Raise one line that names the first few differences in names, shapes and kinds of numbers."""
    own = {name: value for name, value in module.state_dict().items() if isinstance(value, Tensor)}
    shared = own.keys() & tensors.keys()
    differences = {
        "without": sorted(own.keys() - tensors.keys()),
        "with unknown": sorted(tensors.keys() - own.keys()),
        "with another shape of": [
            f"{name} {list(tensors[name].shape)} instead of {list(own[name].shape)}"
            for name in sorted(shared)
            if tensors[name].shape != own[name].shape
        ],
        "with another kind of numbers in": [
            f"{name} ({tensors[name].dtype} instead of {own[name].dtype})"
            for name in sorted(shared)
            if tensors[name].is_floating_point() != own[name].is_floating_point()
        ],
    }
    found = [
        f"{kind} {', '.join(names[:3])}{f' and {len(names) - 3} more' if names[3:] else ''}"
        for kind, names in differences.items()
        if names
    ]
    if found:
        raise ModelError(
            f"The file does not fit {factory}: it is {'; '.join(found)}",
            "Give the factory of this checkpoint",
        )
