"""``privaudit attacks``: what can be run, and what each means."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from privaudit.cli.command import PlainCommand, PlainGroup

if TYPE_CHECKING:
    from privaudit.attacks.interface import AttackSpec

app = typer.Typer(
    name="attacks",
    cls=PlainGroup,
    help="List and show the attacks: threat model, cost, reference.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.command("list", cls=PlainCommand)
def list_attacks(
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> int:
    """All attacks with the access they need and what they cost."""
    from privaudit.attacks.registry import membership_attacks
    from privaudit.cli.output import make_console

    specs = [attack.spec for attack in membership_attacks().values()]
    if as_json:
        print(json.dumps([describe(spec) for spec in specs], indent=1))
        return 0
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("id", "access", "cost", "default", "what it uses"):
        table.add_column(heading)
    for spec in specs:
        table.add_row(
            spec.id, spec.access.value, spec.cost.value, "yes" if spec.default else "no", spec.summary
        )
    make_console().print(table)
    return 0


@app.command("show", cls=PlainCommand)
def show(attack: Annotated[str, typer.Argument(help="Attack id.")]) -> int:
    """One attack in full."""
    from privaudit.attacks.registry import find_attack

    for key, value in describe(find_attack(attack).spec).items():
        print(f"{key:<10} {', '.join(value) if isinstance(value, list) else value}")
    return 0


def describe(spec: "AttackSpec") -> dict[str, str | bool | list[str]]:
    """The metadata of one attack, for people and machines."""
    return {
        "id": spec.id,
        "title": spec.title,
        "access": spec.access.value,
        "cost": spec.cost.value,
        "default": spec.default,
        "needs": sorted(signal.value for signal in spec.needs),
        "summary": spec.summary,
        "reference": spec.reference,
    }
