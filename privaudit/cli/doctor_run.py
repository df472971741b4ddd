"""What ``privaudit doctor`` looks at."""

import os
import platform
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_NEEDED = ("torch", "transformers", "scikit-learn", "pandas", "numpy", "scipy", "pydantic", "dp-accounting")
_EXTRAS = {"onnxruntime": "onnx", "pyarrow": "parquet", "skops": "skops"}


@dataclass(frozen=True)
class Condition:
    """One thing that was looked at."""

    name: str
    value: str
    ok: bool = True
    needed: bool = True
    """False for what only some commands use."""


def examine() -> list[Condition]:
    """Look at the interpreter, the packages, the devices, the memory and the places to write."""
    return [
        Condition("python", platform.python_version()),
        Condition("platform", platform.platform(terse=True)),
        Condition("cpus", str(os.cpu_count() or 1)),
        *(_package(name, None) for name in _NEEDED),
        *(_package(name, extra) for name, extra in _EXTRAS.items()),
        _devices(),
        _memory(),
        _writable("current folder", Path.cwd()),
        _writable("temporary folder", Path(tempfile.gettempdir())),
    ]


def _package(name: str, extra: str | None) -> Condition:
    try:
        return Condition(name, version(name), needed=extra is None)
    except PackageNotFoundError:
        mend = f'missing: pip install "privaudit[{extra}]"' if extra else "missing: pip install privaudit"
        return Condition(name, mend, ok=False, needed=extra is None)


def _devices() -> Condition:
    try:
        import torch
    except ImportError as error:
        return Condition("devices", f"torch does not load: {error}", ok=False)
    cuda = [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(torch.cuda.device_count())]
    return Condition("devices", ", ".join([f"cpu ({torch.get_num_threads()} threads)", *cuda]))


def _memory() -> Condition:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return Condition("memory", "unknown on this platform", ok=False, needed=False)
    return Condition("memory", f"{total / 2**30:.1f} GiB")


def _writable(name: str, folder: Path) -> Condition:
    ok = os.access(folder, os.W_OK)
    return Condition(name, f"{folder} is {'writable' if ok else 'not writable'}", ok=ok, needed=False)
