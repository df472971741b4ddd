"""The manifest of a planting: what was planted, where, and who knows the secrets. Written with mode 0600."""

import secrets
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from privaudit.data.canaries.template import Slot, Template
from privaudit.errors import DataError

Include = Literal["all", "coin"]
MEND = "Give the manifest that `privaudit canary plant` wrote, or see docs/canaries.md to write one by hand"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SlotEntry(_Part):
    """A slot as the manifest states it."""

    candidates: str = Field(min_length=1)
    """Name of one of the manifest's lists of candidates."""
    then: str = ""
    """Fixed text after the slot."""


class Canary(_Part):
    """One secret and how it was planted."""

    id: str = Field(min_length=1, max_length=100)
    prefix: str
    """What the adversary knows: the text before the first slot, its last space included."""
    slots: tuple[SlotEntry, ...] = Field(min_length=1)
    label: str
    """The class under which it stands in the training data."""
    repetitions: int = Field(default=1, ge=1)
    included: bool = True
    """Whether its coin put it into the planted data; an excluded canary is a control."""
    secret: tuple[str, ...] = Field(min_length=1)
    """The chosen candidate of each slot."""


class SourceFile(_Part):
    """A data file by its name and content."""

    file: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(_Part):
    """All canaries of one planting."""

    format: Literal["privaudit.canaries"] = "privaudit.canaries"
    version: Literal[1] = 1
    lists: dict[str, tuple[str, ...]]
    """Candidates by name; slots refer to them."""
    canaries: tuple[Canary, ...] = Field(min_length=1)
    include: Include = "all"
    """``coin``: an independent fair coin per canary decided whether it is in, as epsilon bounds need."""
    seed: int | None = Field(default=None, ge=0)
    """Of secrets, coins and places; None for a manifest written by hand."""
    source: SourceFile | None = None
    """The clean data."""
    planted: SourceFile | None = None
    """The data with the canaries in it; None where the secrets are in the data already."""
    key: str = Field(default_factory=lambda: secrets.token_hex(32), pattern=r"^[0-9a-f]{64}$")
    """Random key of the digests that name a secret in reports: a plain hash of a PIN is no redaction."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name, candidates in self.lists.items():
            if len(candidates) < 2 or len(set(candidates)) < len(candidates) or "" in candidates:
                raise ValueError(f"list {name!r} needs two or more different candidates, none empty")
        ids = [canary.id for canary in self.canaries]
        if len(set(ids)) < len(ids):
            raise ValueError("two canaries have the same id")
        for canary in self.canaries:
            unknown = [slot.candidates for slot in canary.slots if slot.candidates not in self.lists]
            if unknown:
                raise ValueError(f"canary {canary.id!r} names the list {unknown[0]!r}, which is not there")
            if len(canary.secret) != len(canary.slots):
                raise ValueError(f"canary {canary.id!r} needs one secret word per slot")
            for slot, word in zip(canary.slots, canary.secret, strict=True):
                if word not in self.lists[slot.candidates]:
                    raise ValueError(
                        f"canary {canary.id!r} has a secret word that is no candidate of its slot"
                    )
        return self

    def template(self, canary: Canary) -> Template:
        """Prefix and slots of one of the canaries."""
        slots = tuple(Slot(self.lists[slot.candidates], slot.then) for slot in canary.slots)
        return Template(canary.prefix, slots)

    def text(self, canary: Canary) -> str:
        """The whole text of a canary, its secret included."""
        template = self.template(canary)
        return template.render(template.filling(canary.secret))


def read_manifest(path: Path) -> Manifest:
    """Read and check a manifest.

    Raises:
        DataError: it cannot be read, or is not a manifest; the message never quotes a secret.
    """
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        raise DataError(f"Can't read the manifest {path.name} ({type(failure).__name__})", MEND) from None
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as failure:
        first = failure.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "the top level"
    reason = first["msg"].removeprefix("Value error, ")
    raise DataError(f"{path.name} is not a manifest of canaries: at {place}, {reason}", MEND)
