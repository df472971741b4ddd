"""Where words go: results to stdout, messages and progress to stderr."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from privaudit.cli.option_groups import OutputOptions
from privaudit.cli.step_summary import write_step_summary
from privaudit.errors import PrivauditError, UsageError
from privaudit.inert import inert

if TYPE_CHECKING:
    from rich.console import Console

    from privaudit.results import Result

    InWords = Callable[["Result", OutputOptions], None]

_WIDTH_WHEN_PIPED = 160


def make_console(*, stderr: bool = False, no_color: bool = False) -> "Console":
    """A console without styles for pipes and ``NO_COLOR``, wide enough that piped tables do not wrap."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _WIDTH_WHEN_PIPED
    plain = no_color or bool(os.environ.get("NO_COLOR"))
    return Console(
        file=stream,
        width=width,
        no_color=plain,
        color_system=None if plain else "auto",
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )


def say(message: str, *, quiet: bool = False) -> None:
    """One line for the person at the terminal."""
    if not quiet:
        sys.stderr.write(f"{inert(message)}\n")


def tell(line: str) -> None:
    """One line of the result itself."""
    sys.stdout.write(f"{inert(line)}\n")


def require_writable(*paths: Path | None) -> None:
    """Refuse a place that cannot be written, before hours of work.

    Raises:
        UsageError: the folder is missing or not writable, or the path is a folder.
    """
    for path in paths:
        if path is None or str(path) == "-":
            continue
        if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
            raise UsageError(f"Cannot write {path}: its folder is missing or not writable", "Check the path")
        if path.exists() and not path.is_file():
            # NOTE: files are replaced in one step, and so would a pipe or a device be.
            raise UsageError(
                f"Cannot write {path}: it is not an ordinary file", "Change the path; -o - is stdout"
            )


def require_own_files(outputs: Iterable[Path | None], inputs: Iterable[Path | None]) -> None:
    """Refuse to write over what is read, or one output over another.

    Raises:
        UsageError: an output is an input, or two outputs are one file.
    """
    read = [path for path in inputs if path is not None and path.exists()]
    seen: set[Path] = set()
    for path in outputs:
        if path is None or str(path) == "-":
            continue
        if path.resolve() in seen or (path.exists() and any(path.samefile(other) for other in read)):
            raise UsageError(
                f"{path.name} would be read and written, or written twice", "Give every output its own file"
            )
        seen.add(path.resolve())


def require_outputs(show: OutputOptions, *others: Path | None, inputs: Iterable[Path | None] = ()) -> None:
    """Refuse what could not be written in the end, before hours of work.

    Args:
        show: the outputs of every command.
        others: further files of this command; no two outputs may be one file.
        inputs: files that are read, which no output may replace.

    Raises:
        UsageError: a path cannot be written, two are the same, or the address of MLflow contains a password.
        MissingExtraError: MLflow is not installed.
        ResultError: the history is no history.
    """
    for option, path in (("--html", show.html), ("--history", show.history)):
        if str(path) == "-":
            raise UsageError(f"{option} cannot write to - (stdout)", "Name a file")
    outputs = (*show.files, *others)
    require_writable(*outputs)
    require_own_files(outputs, inputs)
    if show.history is not None:
        from privaudit.history import check

        check(show.history)
    if show.mlflow is not None:
        from privaudit.history.mlflow import require

        require()
        _refuse_credentials(show.mlflow)


def _refuse_credentials(uri: str) -> None:
    # NOTE: the result records the command line and its options.
    if "@" in uri.partition("://")[2].partition("/")[0]:
        raise UsageError(
            "The address in --mlflow contains a user name or password",
            "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD instead",
        )


def deliver(result: "Result", show: OutputOptions, in_words: "InWords | None" = None) -> None:
    """Write the result wherever it was asked for, and show it to a person unless JSON goes to stdout.

    The result itself comes first, and what fails keeps nothing else back: all outputs are tried.

    Args:
        result: of any command.
        show: the outputs that were asked for.
        in_words: prints it for a person; by default all of it.

    Raises:
        PrivauditError: an output could not be written; the first such failure, after all were tried. Where
            the verdict is a failure it is only said, because the exit code must stay the verdict's.
    """
    failures: list[PrivauditError] = []
    printed = partial(_print_result, in_words=in_words or _whole_in_words)
    for put in (_write_result, printed, _write_page, _append_history, _log_run):
        try:
            put(result, show)
        except PrivauditError as error:
            failures.append(error)
    write_step_summary(result)
    leaks = result.verdict.status == "fail"
    for failure in failures if leaks else failures[1:]:
        say(f"privaudit: {failure}")
    if failures and not leaks:
        raise failures[0]


def _write_result(result: "Result", show: OutputOptions) -> None:
    from privaudit.results import write_result

    if show.output is not None and str(show.output) != "-":
        write_result(result, show.output)
        say(f"Result: {show.output}", quiet=show.quiet)


def _print_result(result: "Result", show: OutputOptions, in_words: "InWords") -> None:
    from privaudit.results import to_json

    with _reader_may_leave():
        if show.to_stdout:
            sys.stdout.write(to_json(result))
        elif not show.quiet:
            in_words(result, show)
        sys.stdout.flush()


def _whole_in_words(result: "Result", show: OutputOptions) -> None:
    from privaudit.reports.terminal.result import print_result

    print_result(result, make_console(no_color=show.no_color))


def _write_page(result: "Result", show: OutputOptions) -> None:
    if show.html is not None:
        from privaudit.reports.formats.by_suffix import write_report
        from privaudit.reports.formats.html import html

        write_report(result, show.html, html)
        say(f"Report: {show.html}", quiet=show.quiet)


def _append_history(result: "Result", show: OutputOptions) -> None:
    if show.history is not None:
        from privaudit.history import append

        append(result, show.history)
        say(f"History: {show.history}", quiet=show.quiet)


def _log_run(result: "Result", show: OutputOptions) -> None:
    if show.mlflow is not None:
        from privaudit.history.mlflow import log

        say(f"MLflow run: {log(result, show.mlflow)}", quiet=show.quiet)


@contextmanager
def _reader_may_leave() -> Iterator[None]:
    """Let `| head` close stdout without touching the exit code, which must stay the verdict's."""
    try:
        yield
    except (BrokenPipeError, SystemExit):  # rich raises SystemExit(1) when the pipe is closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
