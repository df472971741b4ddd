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
class Finding:
    """One thing that was looked at."""

    name: str
    value: str
    ok: bool = True
    needed: bool = True
    """False for what only some commands use."""


def examine() -> list[Finding]:
    """Look at the interpreter, the packages, the devices, the memory and the places to write."""
    return [
        Finding("python", platform.python_version()),
        Finding("platform", platform.platform(terse=True)),
        Finding("cpus", str(os.cpu_count() or 1)),
        *(_package(name, None) for name in _NEEDED),
        *(_package(name, extra) for name, extra in _EXTRAS.items()),
        _devices(),
        _memory(),
        _writable("current folder", Path.cwd()),
        _writable("temporary folder", Path(tempfile.gettempdir())),
    ]


def _package(name: str, extra: str | None) -> Finding:
    try:
        return Finding(name, version(name), needed=extra is None)
    except PackageNotFoundError:
        mend = f'missing: pip install "privaudit[{extra}]"' if extra else "missing: pip install privaudit"
        return Finding(name, mend, ok=False, needed=extra is None)


def _devices() -> Finding:
    try:
        import torch
    except ImportError as error:
        return Finding("devices", f"torch does not load: {error}", ok=False)
    cuda = [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(torch.cuda.device_count())]
    return Finding("devices", ", ".join([f"cpu ({torch.get_num_threads()} threads)", *cuda]))


def _memory() -> Finding:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return Finding("memory", "unknown on this platform", ok=False, needed=False)
    return Finding("memory", f"{total / 2**30:.1f} GiB")


def _writable(name: str, folder: Path) -> Finding:
    ok = os.access(folder, os.W_OK)
    return Finding(name, f"{folder} is {'writable' if ok else 'not writable'}", ok=ok, needed=False)
