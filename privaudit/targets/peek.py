"""What can be seen of a model without loading it: its first bytes, its suffix, the members of a zip file."""

import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from privaudit.errors import ModelError, UnsafeModelError
from privaudit.targets.digests import one_line
from privaudit.targets.safe_load import is_program_archive

_HEAD = 1 << 12


@dataclass(frozen=True)
class Peek:
    """A path as its first bytes show it."""

    path: Path
    head: bytes = b""
    """Up to 4096 bytes; none of a directory."""
    members: tuple[str, ...] = ()
    """Names in a zip file, else none."""
    pickled: bytes = field(default=b"", repr=False)
    """The pickle inside a ``torch.save`` zip file, else empty."""

    @property
    def suffix(self) -> str:
        """In lower case, with its point; none of a directory."""
        return self.path.suffix.lower() if self.head else ""

    @property
    def is_zip(self) -> bool:
        """Whether it begins like a zip file."""
        return self.head.startswith(b"PK")

    @property
    def is_text(self) -> bool:
        """Whether it begins with plain ASCII, and not with an opcode of a text pickle."""
        return (
            b"\x00" not in self.head
            and self.head.isascii()
            and not self.head.startswith((b"c", b"(", b"]", b"}"))
        )


def peek(path: Path) -> Peek:
    """Look at the file or directory ``path``; nothing in it is executed.

    Raises:
        UnsafeModelError: a TorchScript or ``torch.export`` program.
        ModelError: nothing there, unreadable, empty, a damaged zip file or a Git LFS pointer.
    """
    if path.is_dir():
        return Peek(path)
    if path.exists() and not path.is_file():
        # NOTE: it is read more than once, and opening a pipe without a writer would wait for ever.
        raise ModelError(f"{path} is a pipe, socket or device", "Save the model to a file first")
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError:
        raise ModelError(f"No file at {path}", "Check the path") from None
    except OSError as error:
        raise ModelError(f"Can't read {path} ({one_line(error)})", "Check its permissions") from None
    if not head:
        raise ModelError(f"{path} is empty", "Write or copy it again")
    if head.startswith(b"version https://git-lfs"):
        raise ModelError(f"{path} is a Git LFS pointer, not the model", "Run: git lfs pull")
    return _peek_zip(path, head) if head.startswith(b"PK") else Peek(path, head)


def _peek_zip(path: Path, head: bytes) -> Peek:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if is_program_archive(names):
                raise UnsafeModelError(
                    f"{path.name} is a TorchScript or torch.export program, not weights",
                    "If you trust it, save model.state_dict() and audit that with --factory",
                )
            pickled = next((name for name in names if name.endswith("data.pkl")), None)
            return Peek(path, head, tuple(names), archive.read(pickled) if pickled is not None else b"")
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"{path.name} is a damaged or truncated zip file ({one_line(error, 80)})",
            "Write or copy it again",
        ) from None
