"""Errors that the reader can mend: one class per action, no traceback shown.

    PrivauditError
    ├── UsageError         change the command line, the environment or the configuration
    ├── DataError          change the data file or name its columns
    ├── ModelError         change the model file or its companions (tokenizer, factory)
    ├── UnsafeModelError   convert the model, or consent to run its code with a --trust flag
    ├── MissingExtraError  install an optional dependency
    └── ResultError        give a result.json that this version can read

Every message says what happened and what was given, then what to do.
"""

from privaudit.exits import Exit


class PrivauditError(Exception):
    """Base of all errors that a user can mend; the command line prints it in one line.

    Args:
        problem: what happened, with what was given, without a final full stop.
        mend: the imperative sentence that helps, without a final full stop.
    """

    exit_code: Exit = Exit.UNUSABLE

    def __init__(self, problem: str, mend: str) -> None:
        self.problem, self.mend = problem, mend
        super().__init__(f"{problem}. {mend}.")

    def __reduce__(self) -> tuple[object, ...]:
        # NOTE: worker processes send errors back, and by default one is rebuilt from its message alone.
        return _rebuild, (type(self), self.problem, self.mend), self.__dict__


class UsageError(PrivauditError):
    """The command line, the environment or the configuration must change."""


class DataError(PrivauditError):
    """The data file must change, or its columns must be named."""


class ModelError(PrivauditError):
    """The model file or its companions must change."""


class UnsafeModelError(ModelError):
    """Loading would execute code from the file; convert it or consent with a ``--trust-…`` flag."""


class MissingExtraError(PrivauditError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"The package {package!r} is not installed; {purpose} needs it",
            f'Run: pip install "privaudit[{extra}]"',
        )


class ResultError(PrivauditError):
    """A result file cannot be read."""


def _rebuild(kind: type[PrivauditError], problem: str, mend: str) -> PrivauditError:
    error = kind.__new__(kind)
    PrivauditError.__init__(error, problem, mend)
    return error
