"""``privaudit attacks``: what can be run, and what each one means."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from privaudit.cli.command import PlainCommand, PlainGroup
from privaudit.cli.flatten import Offer, flattened
from privaudit.cli.option_groups import OutputOptions

if TYPE_CHECKING:
    from privaudit.attacks.extraction.spec import ExtractionSpec
    from privaudit.attacks.membership.spec import AttackSpec

Description = dict[str, str | bool | list[str]]

app = typer.Typer(
    name="attacks",
    cls=PlainGroup,
    help="List and show the attacks: threat model, cost, reference.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.command("list", cls=PlainCommand)
@flattened
def list_attacks(show: Annotated[OutputOptions, Offer(only=("as_json",))]) -> int:
    """All attacks, with the access they need and what they cost."""
    described = _all()
    if show.as_json:
        print(json.dumps(list(described.values()), indent=1))
        return 0
    from rich.table import Table

    from privaudit.cli.output import make_console

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("id", "kind", "access", "cost", "default", "what it does"):
        table.add_column(heading)
    for attack in described.values():
        default = ("yes" if attack["default"] else "no") if "default" in attack else ""
        table.add_row(
            *(str(attack.get(key, "")) for key in ("id", "kind", "access", "cost")),
            default,
            str(attack["summary"]),
        )
    make_console().print(table)
    return 0


@app.command("show", cls=PlainCommand)
def show_attack(attack: Annotated[str, typer.Argument(metavar="ID", help="Attack id.")]) -> int:
    """One attack in full."""
    from privaudit.errors import UsageError

    described = _all()
    if attack not in described:
        raise UsageError(f"Unknown attack {attack!r}", 'Run "privaudit attacks list"')
    for key, value in described[attack].items():
        print(f"{key:<10} {', '.join(value) if isinstance(value, list) else value}")
    return 0


def _all() -> dict[str, Description]:
    """Every attack by id: membership first, then extraction."""
    from privaudit.attacks.extraction.registry import extraction_attacks
    from privaudit.attacks.membership.registry import membership_attacks

    described = {name: describe(attack.spec) for name, attack in membership_attacks().items()}
    return described | {
        name: describe_extraction(attack.spec) for name, attack in extraction_attacks().items()
    }


def describe(spec: "AttackSpec") -> Description:
    """The metadata of one membership attack, for people and machines."""
    return {
        "id": spec.id,
        "kind": "membership",
        "title": spec.title,
        "access": spec.access.value,
        "cost": spec.cost.value,
        "default": spec.default,
        "needs": sorted(signal.value for signal in spec.needs),
        "summary": spec.summary,
        "reference": spec.reference,
    }


def describe_extraction(spec: "ExtractionSpec") -> Description:
    """The metadata of one extraction attack. Its cost is its budget of evaluations."""
    return {
        "id": spec.id,
        "kind": "extraction",
        "title": spec.title,
        "access": spec.access.value,
        "cost": "search",
        "summary": spec.summary,
        "reference": spec.reference,
    }
