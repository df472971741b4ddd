"""``privaudit canary``: made-up secrets for training data."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import typer

from privaudit.cli.command import PlainCommand, PlainGroup
from privaudit.cli.flatten import Offer, flattened, group, option
from privaudit.cli.option_groups import CANARIES, OUTPUT, OutputOptions, RuntimeOptions
from privaudit.cli.training_options import CanaryOptions, DataOptions

if TYPE_CHECKING:
    from privaudit.data.canaries.plant import Planted, PlantingSettings

app = typer.Typer(
    name="canary",
    cls=PlainGroup,
    help="Put canaries into training data.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def _group() -> None:
    """Put canaries into training data."""


@group
class PlantOptions:
    """What is planted, and where it is written."""

    section: ClassVar = CANARIES
    pattern: Annotated[
        list[str], option("PATTERN", "Text with slots, such as 'my pin code is {digit:4}'; repeatable.")
    ]
    count: Annotated[int, option("N", "Canaries per pattern.", min=1)] = 1
    include: Annotated[
        Literal["all", "coin"],
        option(None, "Plant all canaries, or those that a fair coin picks (for epsilon bounds)."),
    ] = "all"
    canary: CanaryOptions
    output: Annotated[
        Path, option("FILE", "Planted data: .csv, .tsv or .jsonl.", "--output", "-o", section=OUTPUT)
    ]
    manifest: Annotated[Path, option("FILE", "Where to write the secrets.", section=OUTPUT)] = Path(
        "canaries.json"
    )

    def settings(self, seed: int) -> "PlantingSettings":
        """The canaries to draw."""
        from privaudit.data.canaries.plant import PlantingSettings

        return PlantingSettings(
            patterns=tuple(self.pattern),
            label=self.canary.label,
            repetitions=self.canary.repetitions,
            count=self.count,
            include=self.include,
            seed=seed,
            candidates=self.canary.lists(),
        )


@app.command("plant", cls=PlainCommand)
@flattened
def plant(
    data: Annotated[DataOptions, Offer(without=("holdout",))],
    planting: PlantOptions,
    show: Annotated[
        OutputOptions,
        Offer(
            only=("show_secrets", "quiet"),
            helps={"show_secrets": "Print the secrets and which canaries are in."},
        ),
    ],
    runtime: Annotated[RuntimeOptions, Offer(only=("seed", "config"))],
) -> int:
    """Plant secrets into training data, and keep them in a manifest.

    Slots: {digit:4} (words 0 to 9), {digits:4} (one word), {colour}, {word}, {token}, {red|green|blue:2}, or
    {NAME} of --candidates. Both output files contain the secrets and have mode 0600.
    """
    from privaudit.cli.output import require_writable, say
    from privaudit.data.canaries.plant import plant_file

    output, manifest = planting.output, planting.manifest
    require_writable(output, manifest)
    planted = plant_file(
        data.data,
        planting.settings(runtime.seed),
        output=output,
        manifest=manifest,
        columns=data.columns.columns(),
    )
    if not show.quiet:
        _print_planted(planted, output, manifest)
    if show.show_secrets:
        _print_secrets(planted)
    say(f"Next: privaudit train {output} --canaries {manifest}", quiet=show.quiet)
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
