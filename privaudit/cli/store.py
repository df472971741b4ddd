"""``privaudit store``: the trained reference models and the space they take."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from privaudit.cli.command import PlainCommand, PlainGroup
from privaudit.cli.flatten import Offer, flag, flattened, option
from privaudit.cli.option_groups import OutputOptions
from privaudit.cli.reference_options import ReferenceOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from privaudit.training.references.inventory import StoredPlan

app = typer.Typer(
    name="store",
    cls=PlainGroup,
    help="List and prune the trained reference models.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

_Store = Annotated[ReferenceOptions, Offer(only=("store",))]
_Json = Annotated[OutputOptions, Offer(only=("as_json",))]


@app.command("list", cls=PlainCommand)
@flattened
def list_stored(references: _Store, show: _Json) -> int:
    """The stored references, the last used first.

    The references in one row share the data, recipe, seed and version of privaudit.
    """
    from privaudit.training.references.inventory import list_plans

    root = references.root()
    plans = list_plans(root)
    if show.as_json:
        _print_json(root, plans)
    elif plans:
        _print_table(plans)
        print(f"{_size(sum(plan.size for plan in plans))} in {root}")
    else:
        print(f"No references in {root}")
    return 0


@app.command("prune", cls=PlainCommand)
@flattened
def prune(
    references: _Store,
    show: _Json,
    keys: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY", help="Key from `privaudit store list`; its first characters are enough."
        ),
    ] = None,
    older_than: Annotated[float | None, option("DAYS", "Those not used for this long.", min=0)] = None,
    everything: Annotated[bool, flag("All of them.", "--all")] = False,
    dry_run: Annotated[bool, flag("Say what would go, delete nothing.")] = False,
) -> int:
    """Delete references. They can be trained again at any time."""
    from privaudit.training.references.inventory import list_plans, remove_plans, select_plans

    root = references.root()
    plans = select_plans(list_plans(root), keys=keys or (), older_than_days=older_than, everything=everything)
    if not dry_run:
        remove_plans(plans)
    if show.as_json:
        _print_json(root, plans)
        return 0
    if plans:
        _print_table(plans)
    said = "would be deleted" if dry_run else "deleted"
    noun = "plan" if len(plans) == 1 else "plans"
    print(f"{len(plans)} {noun}, {_size(sum(plan.size for plan in plans))} {said}")
    return 0


def _print_table(plans: "Sequence[StoredPlan]") -> None:
    from rich.table import Table

    from privaudit.cli.output import make_console

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("key", "references", "size", "last used", "what they are"):
        table.add_column(heading, justify="right" if heading in {"references", "size"} else "left")
    for plan in plans:
        used = f"{plan.used.astimezone():%Y-%m-%d %H:%M}"
        table.add_row(plan.key[:12], str(plan.references), _size(plan.size), used, plan.about)
    make_console().print(table)


def _print_json(root: Path, plans: "Sequence[StoredPlan]") -> None:
    rows = [
        {
            "key": plan.key,
            "references": plan.references,
            "bytes": plan.size,
            "created": plan.created,
            "used": plan.used.isoformat(timespec="seconds"),
            "about": plan.about,
        }
        for plan in plans
    ]
    print(json.dumps({"store": str(root), "plans": rows}, indent=1))


def _size(size: float) -> str:
    """Bytes for people: ``3.4 MiB``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
