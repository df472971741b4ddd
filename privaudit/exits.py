"""The exit codes of the program, documented once."""

from enum import IntEnum


class Exit(IntEnum):
    """What the exit code means. ``LEAKAGE`` is always a verdict, never a crash."""

    OK = 0
    """Done: every threshold held, or none was set."""
    LEAKAGE = 1
    """A threshold was exceeded, or the epsilon verdict is ``violated``."""
    UNUSABLE = 2
    """Usage, configuration or unusable input: the reader of the message can fix it."""
    INTERNAL = 3
    """A bug in privaudit."""
    INCONCLUSIVE = 4
    """Sample, power or comparability of the sets does not support a verdict."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C."""
