"""Options that several commands share: one name, one help text, one environment variable each."""

from pathlib import Path
from typing import Annotated

import typer

INPUTS, ATTACKS, TRAINING, OUTPUT, RUNTIME = "Inputs", "Attacks", "Training", "Output", "Runtime"

Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Write the result as JSON; - for stdout.",
        envvar="PRIVAUDIT_OUTPUT",
        rich_help_panel=OUTPUT,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.", rich_help_panel=OUTPUT)]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="No messages, no progress.", rich_help_panel=OUTPUT)
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more.", rich_help_panel=OUTPUT)]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours or styles.", rich_help_panel=OUTPUT)]
Seed = Annotated[
    int,
    typer.Option(
        "--seed",
        help="Root of all random draws.",
        envvar="PRIVAUDIT_SEED",
        min=0,
        rich_help_panel=RUNTIME,
    ),
]
Device = Annotated[
    str,
    typer.Option("--device", help="cpu, cuda or cuda:N.", envvar="PRIVAUDIT_DEVICE", rich_help_panel=RUNTIME),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        help="CPU threads; default: as many as torch takes.",
        envvar="PRIVAUDIT_THREADS",
        min=1,
        rich_help_panel=RUNTIME,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Print the plan with its cost, run nothing.", rich_help_panel=RUNTIME),
]
MaxSeconds = Annotated[
    float | None,
    typer.Option(
        "--max-seconds",
        help="Stop in order after this time; what is missing is inconclusive.",
        envvar="PRIVAUDIT_MAX_SECONDS",
        min=0,
        rich_help_panel=RUNTIME,
    ),
]
TextColumn = Annotated[
    str | None,
    typer.Option("--text-column", help="Column of the texts.", rich_help_panel=INPUTS),
]
LabelColumn = Annotated[
    str | None,
    typer.Option("--label-column", help="Column of the labels.", rich_help_panel=INPUTS),
]
IdColumn = Annotated[
    str | None,
    typer.Option("--id-column", help="Column of record ids.", rich_help_panel=INPUTS),
]
GroupColumn = Annotated[
    str | None,
    typer.Option(
        "--group-column",
        help="Column of the unit of privacy (a user): its records stay together.",
        rich_help_panel=INPUTS,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="Defaults; else privaudit.toml, else [tool.privaudit] in pyproject.toml.",
        envvar="PRIVAUDIT_CONFIG",
        rich_help_panel=RUNTIME,
    ),
]
