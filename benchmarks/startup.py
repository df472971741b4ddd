"""The time of every command's ``--help``, against a process that imports typer and rich and nothing else.

    python benchmarks/startup.py --repeats 15

Both are fresh processes of the same interpreter, run in turns; a ratio is the median over the turns.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

import typer
from rich.console import Console
from rich.table import Table

from privaudit.cli.app import app

LIMIT = 1.5
HEAVY = {"torch", "transformers", "sklearn", "pandas", "scipy", "numpy", "pydantic"}
IMPORTS = [sys.executable, "-c", "import typer, rich"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    table = Table("command", "import typer, rich", "--help", "ratio", "heavy imports")
    worst = 0.0
    loaded: set[str] = set()
    for words in commands(typer.main.get_command(app)):
        ours = [sys.executable, "-m", "privaudit", *words, "--help"]
        turns = [(seconds(IMPORTS), seconds(ours)) for _ in range(repeats + 1)][1:]  # the first warms up
        ratio = statistics.median(b / a for a, b in turns)
        heavy = imported(ours) & HEAVY
        worst, loaded = max(worst, ratio), loaded | heavy
        a, b = (1000 * statistics.median(turn[k] for turn in turns) for k in (0, 1))
        table.add_row(
            " ".join(["privaudit", *words]),
            f"{a:.0f} ms",
            f"{b:.0f} ms",
            f"{ratio:.2f}",
            ", ".join(sorted(heavy)) or "none",
        )
    Console().print(table)
    print(
        f"largest ratio {worst:.2f} (at most {LIMIT}); heavy imports: {', '.join(sorted(loaded)) or 'none'}"
    )
    sys.exit(worst > LIMIT or bool(loaded))


def commands(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command and group, the program itself first."""
    yield path
    for name, child in getattr(command, "commands", {}).items():  # only groups have commands
        yield from commands(child, (*path, name))


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def imported(command: list[str]) -> set[str]:
    """Top-level packages that the process imports, as the interpreter itself lists them."""
    traced = [command[0], "-X", "importtime", *command[1:]]
    done = subprocess.run(traced, capture_output=True, text=True, check=True)
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


if __name__ == "__main__":
    main()
