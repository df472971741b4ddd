"""Errors become one line and an exit code; only this module decides which."""

import shlex
import sys
from pathlib import Path

import typer

from privaudit.errors import PrivauditError
from privaudit.exits import Exit
from privaudit.inert import inert

_IN_OUR_WORDS = {
    "Value error, ": "",
    "Input should be a valid integer, unable to parse string as an integer": "not a whole number",
    "Input should be a valid number, unable to parse string as a number": "not a number",
    "Input should be ": "must be ",
}


def run_guarded(app: typer.Typer, arguments: list[str]) -> int:
    """Run ``app`` and return the exit code of the program; nothing but ``SystemExit`` passes through."""
    try:
        code = app(arguments, standalone_mode=False, prog_name="privaudit")
    except PrivauditError as error:
        return _fail(error.exit_code, str(error))
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted(arguments)
    except Exception as error:
        usage = getattr(error, "format_message", None)
        if usage is not None:
            context = getattr(error, "ctx", None)
            command = "privaudit" if context is None else context.command_path
            return _fail(Exit.UNUSABLE, f'{_plain(usage())} Run "{command} --help".')
        return _bug(error)
    # NOTE: Typer turns Ctrl-C inside a command into this return value.
    if code == Exit.INTERRUPTED:
        return _interrupted(arguments)
    return code if isinstance(code, int) else Exit.OK


def _plain(message: str) -> str:
    """What Typer and pydantic say of a bad command line, in our words."""
    for theirs, ours in _IN_OUR_WORDS.items():
        message = message.replace(theirs, ours)
    return message if message.endswith((".", "?")) else f"{message}."


def _fail(code: Exit, message: str) -> Exit:
    one_line = inert(" ".join(message.split()))
    sys.stderr.write(f"privaudit: {one_line}\n")
    return code


def _interrupted(arguments: list[str]) -> Exit:
    sys.stderr.write(f"Interrupted. Run again with:\nprivaudit {inert(shlex.join(arguments))}\n")
    return Exit.INTERRUPTED


def _bug(error: Exception) -> Exit:
    # NOTE: imported here, because `--help` should not wait for these.
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="privaudit-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        file.writelines(traceback.format_exception(error))
    return _fail(
        Exit.INTERNAL,
        f"Internal error: {type(error).__name__}. This is a bug in privaudit: please report it with "
        f"{Path(file.name)}, after checking that it holds no private text.",
    )
