"""``privaudit store``: the reference models that were trained, and the room they take."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from privaudit.cli.command import PlainCommand, PlainGroup

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

_Folder = Annotated[
    Path | None,
    typer.Option(
        "--store",
        help="Folder of the store; default: in the user's cache directory.",
        envvar="PRIVAUDIT_STORE",
    ),
]
_AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@app.command("list", cls=PlainCommand)
def list_stored(store: _Folder = None, as_json: _AsJson = False) -> int:
    """What references there are, the last used first.

    The references of one row have the data, recipe, seed and version of privaudit in common.
    """
    from privaudit.training.references.inventory import list_plans

    root = _root(store)
    plans = list_plans(root)
    if as_json:
        _print_json(root, plans)
    elif plans:
        _print_table(plans)
        print(f"{_size(sum(plan.size for plan in plans))} in {root}")
    else:
        print(f"No references in {root}")
    return 0


@app.command("prune", cls=PlainCommand)
def prune(
    keys: Annotated[
        list[str] | None, typer.Argument(help="Keys from `privaudit store list`; their beginning suffices.")
    ] = None,
    older_than: Annotated[
        float | None,
        typer.Option("--older-than", help="Those not used for so many days.", min=0, metavar="DAYS"),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, delete nothing.")] = False,
    store: _Folder = None,
    as_json: _AsJson = False,
) -> int:
    """Delete references. They can be trained again at any time."""
    from privaudit.training.references.inventory import list_plans, remove_plans, select_plans

    root = _root(store)
    plans = select_plans(list_plans(root), keys=keys or (), older_than_days=older_than, everything=everything)
    if not dry_run:
        remove_plans(plans)
    if as_json:
        _print_json(root, plans)
        return 0
    if plans:
        _print_table(plans)
    said = "would be deleted" if dry_run else "deleted"
    noun = "plan" if len(plans) == 1 else "plans"
    print(f"{len(plans)} {noun}, {_size(sum(plan.size for plan in plans))} {said}")
    return 0


def _root(store: Path | None) -> Path:
    from privaudit.training.references.store import default_root

    return store or default_root(os.environ)


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
