"""What a reference store holds, and how to make room in it. Nothing here loads a reference."""

import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from privaudit.errors import UsageError
from privaudit.training.references.store import PLAN_FILE, read_plan_file

_KEY = re.compile(r"[0-9a-f]{64}")
_SHORTEST_KEY = 6


@dataclass(frozen=True)
class StoredPlan:
    """The references of one plan on disk."""

    key: str
    path: Path
    references: int
    """Number of reference files; each is verified when it is used."""
    size: int
    """Bytes of all files."""
    created: str
    """ISO time, empty when ``plan.json`` is missing or broken."""
    used: datetime
    """When a run last opened the plan."""
    about: str
    """Learner, records, classes and seed in one line."""


def list_plans(root: Path) -> list[StoredPlan]:
    """All plans under ``root``, the last used first; empty when there is no such folder.

    Raises:
        UsageError: the folder cannot be read.
    """
    try:
        folders = [path for path in root.iterdir() if _KEY.fullmatch(path.name) and path.is_dir()]
    except FileNotFoundError:
        return []
    except OSError as failure:
        raise UsageError(
            f"Cannot read the reference store at {str(root)!r}: {failure.strerror}",
            "Correct PRIVAUDIT_STORE or --store",
        ) from failure
    return sorted(map(_stored, folders), key=lambda plan: (plan.used, plan.key), reverse=True)


def select_plans(
    plans: Sequence[StoredPlan],
    *,
    keys: Collection[str] = (),
    older_than_days: float | None = None,
    everything: bool = False,
    now: datetime | None = None,
) -> list[StoredPlan]:
    """Which of ``plans`` to remove. Exactly one of the three choices must be made.

    Args:
        plans: what there is.
        keys: of the plans; six or more first digits suffice when only one plan begins so.
        older_than_days: those not used for this long.
        everything: all of them.
        now: the present, for tests.

    Raises:
        UsageError: no choice or several, or a key that fits no plan or several.
    """
    if [bool(keys), older_than_days is not None, everything].count(True) != 1:
        raise UsageError(
            "Removing plans needs exactly one of KEY, --older-than and --all",
            "Choose one of them",
        )
    if older_than_days is not None:
        limit = (now or datetime.now(UTC)) - timedelta(days=older_than_days)
        return [plan for plan in plans if plan.used < limit]
    if everything:
        return list(plans)
    chosen = {_find(plans, key).key for key in keys}
    return [plan for plan in plans if plan.key in chosen]


def remove_plans(plans: Iterable[StoredPlan]) -> None:
    """Delete the files that the store wrote for ``plans``, and their folders; nothing else.

    Raises:
        UsageError: a file cannot be deleted.
    """
    for plan in plans:
        try:
            # NOTE: plan.json goes last, because it lets an interrupted removal be found and finished.
            for file in [*_files(plan.path), plan.path / PLAN_FILE]:
                file.unlink(missing_ok=True)
            with suppress(OSError):  # it holds other files
                plan.path.rmdir()
        except OSError as failure:
            raise UsageError(
                f"Cannot remove files of the reference store at {str(plan.path)!r}: {failure.strerror}",
                "Check the permissions of the folder",
            ) from failure


def _find(plans: Sequence[StoredPlan], key: str) -> StoredPlan:
    found = [plan for plan in plans if plan.key.startswith(key)]
    if len(found) != 1 or len(key) < _SHORTEST_KEY:
        raise UsageError(
            f"Key {key[:80]!r} fits {len(found)} plans",
            f'Give {_SHORTEST_KEY} or more digits of one key; run "privaudit store list" to see them',
        )
    return found[0]


def _files(folder: Path) -> list[Path]:
    """Finished references and what killed writers left."""
    return [*folder.glob("*.safetensors"), *folder.glob(".*.part")]


def _stored(folder: Path) -> StoredPlan:
    content, files = read_plan_file(folder / PLAN_FILE), _files(folder)
    size, used = 0, folder.stat().st_mtime
    for file in [*files, folder / PLAN_FILE]:
        with suppress(FileNotFoundError):  # another process may be at work
            size += file.stat().st_size
            if file.name == PLAN_FILE:
                used = file.stat().st_mtime
    return StoredPlan(
        key=folder.name,
        path=folder,
        references=sum(file.suffix == ".safetensors" for file in files),
        size=size,
        created=str(content.get("created", "")),
        used=datetime.fromtimestamp(used, UTC),
        about=_about(content),
    )


def _about(content: dict[str, object]) -> str:
    learner, scored = content.get("learner"), content.get("scored")
    if not isinstance(learner, dict) or not isinstance(scored, dict):
        return "plan.json is missing or broken"
    recipe = learner.get("recipe")
    architecture = recipe.get("architecture") if isinstance(recipe, dict) else None
    name = " ".join(str(part) for part in (learner.get("learner"), architecture) if part)
    return f"{name}, {scored.get('n')} records, {content.get('classes')} classes, seed {content.get('seed')}"
