"""``privaudit canary``: made-up secrets for training data."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from privaudit.cli import options
from privaudit.cli.command import PlainCommand, PlainGroup

if TYPE_CHECKING:
    from privaudit.data.canaries.plant import Planted

app = typer.Typer(
    name="canary",
    cls=PlainGroup,
    help="Put canaries into training data.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

_CANARIES = "Canaries"


class Inclusion(StrEnum):
    """Which canaries get into the planted data."""

    ALL = "all"
    COIN = "coin"


@app.callback()
def _group() -> None:
    """Put canaries into training data."""


@app.command("plant", cls=PlainCommand)
def plant(
    data: options.LabelledData,
    pattern: Annotated[
        list[str],
        typer.Option(
            "--pattern",
            help="Text with slots, such as 'my pin code is {digit:4}'; repeatable.",
            rich_help_panel=_CANARIES,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="Planted data: .csv, .tsv or .jsonl.", rich_help_panel=options.OUTPUT
        ),
    ],
    manifest: Annotated[
        Path,
        typer.Option("--manifest", help="Where the secrets are written.", rich_help_panel=options.OUTPUT),
    ] = Path("canaries.json"),
    label: Annotated[
        str,
        typer.Option(
            "--label", help="own (a new class), random, or a class of the data.", rich_help_panel=_CANARIES
        ),
    ] = "own",
    repetitions: Annotated[
        int,
        typer.Option("--repetitions", help="Copies of a canary.", min=1, rich_help_panel=_CANARIES),
    ] = 100,
    count: Annotated[
        int, typer.Option("--count", help="Canaries per pattern.", min=1, rich_help_panel=_CANARIES)
    ] = 1,
    include: Annotated[
        Inclusion,
        typer.Option(
            "--include",
            help="Plant all, or those that a fair coin chooses (for epsilon bounds).",
            rich_help_panel=_CANARIES,
        ),
    ] = Inclusion.ALL,
    candidates: Annotated[
        list[str] | None,
        typer.Option(
            "--candidates",
            help="List for the slot {NAME}, one candidate a line; repeatable.",
            metavar="NAME=FILE",
            rich_help_panel=_CANARIES,
        ),
    ] = None,
    text_column: options.TextColumn = None,
    label_column: options.LabelColumn = None,
    id_column: options.IdColumn = None,
    group_column: options.GroupColumn = None,
    show_secrets: Annotated[
        bool,
        typer.Option(
            "--show-secrets", help="Print the secrets and who is in.", rich_help_panel=options.OUTPUT
        ),
    ] = False,
    quiet: options.Quiet = False,
    seed: options.Seed = 0,
    config: options.Config = None,
) -> int:
    """Plant secrets into training data, and keep what they are in a manifest.

    Slots: {digit:4} (words 0 to 9), {digits:4} (one word), {colour}, {word}, {token}, {red|green|blue:2}, or
    {NAME} of --candidates. Both files that are written tell the secrets and have mode 0600.
    """
    from privaudit.cli.output import require_writable, say
    from privaudit.data.audit_set import Columns
    from privaudit.data.canaries.candidates import read_candidates
    from privaudit.data.canaries.plant import PlantingSettings, plant_file

    del config
    require_writable(output, manifest)
    planted = plant_file(
        data,
        PlantingSettings(
            patterns=tuple(pattern),
            label=label,
            repetitions=repetitions,
            count=count,
            include=include.value,
            seed=seed,
            candidates=read_candidates(candidates or ()),
        ),
        output=output,
        manifest=manifest,
        columns=Columns(text=text_column, label=label_column, id=id_column, group=group_column),
    )
    if not quiet:
        _print_planted(planted, output, manifest)
    if show_secrets:
        _print_secrets(planted)
    say(f"Next: privaudit train {output} --canaries {manifest}", quiet=quiet)
    return 0


def _print_planted(planted: "Planted", output: Path, manifest: Path) -> None:
    from privaudit.cli.output import tell

    canaries = planted.manifest.canaries
    noun = "canary" if len(canaries) == 1 else "canaries"
    included = sum(canary.included for canary in canaries)
    chosen = f", {included:,} of them included" if planted.manifest.include == "coin" else ""
    tell(
        f"Planted {len(canaries):,} {noun}{chosen}: {planted.n_copies:,} of {len(planted.records):,} records"
    )
    for pattern, first in planted.first_of_each_pattern():
        bits = planted.manifest.template(first).bits
        tell(f"  {pattern.text!r}: {bits:.1f} bits, {first.repetitions:,} copies")
    tell(f"Planted data: {output} (mode 0600)")
    tell(f"Manifest with the secrets: {manifest} (mode 0600)")


def _print_secrets(planted: "Planted") -> None:
    from privaudit.cli.output import tell

    for canary in planted.manifest.canaries:
        state = "in" if canary.included else "out"
        tell(f"{canary.id} ({state}, class {canary.label}): {planted.manifest.text(canary)}")
