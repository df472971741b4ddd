"""Training on planted data, and on the same data without the canaries.

Both kinds of model get the same classes, the same vocabulary and the same coins for the ordinary records. All
that differs between them is whether the copies were trained on.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path

import numpy as np

from privaudit.data.canaries.found import copies
from privaudit.data.canaries.manifest import Canary, Manifest, read_manifest
from privaudit.data.canaries.template import Template
from privaudit.data.readers import file_sha256
from privaudit.data.records import Records
from privaudit.errors import DataError
from privaudit.targets.interface import Ints
from privaudit.training.bundle_data import ManifestFile
from privaudit.training.recipe import Recipe
from privaudit.training.text import Vocabulary, words

MOST_WORDS = 100_000
"""Words that one place of a pattern may add to a vocabulary."""

# NOTE: wherever such a sign stands, a word ends, whatever is before and after it (see ``text.words``).
_BREAK = re.compile(r"[^\w'\u2019]")


@dataclass(frozen=True, eq=False)
class TrainingCanaries:
    """The canaries of a training run."""

    manifest: Manifest
    file: ManifestFile
    positions: Ints
    """``[c]`` increasing positions of the copies in the data; none when these are the clean data."""

    @property
    def labels(self) -> frozenset[str]:
        """Classes that the model must have, canaries or not."""
        return frozenset(canary.label for canary in self.manifest.canaries)

    def vocabulary(self, texts: Sequence[str], recipe: Recipe) -> Vocabulary:
        """The words of the ordinary members, then in code point order all that a canary could have had.

        The copies themselves are not counted: neither the presence of a word nor its rank reveals a secret.
        A network without a table of words gets those of the members alone.

        Args:
            texts: of the ordinary members.
            recipe: of the model.

        Raises:
            DataError: the slots could make too many different words.
        """
        known = Vocabulary.from_texts(texts, recipe.min_frequency).known
        if recipe.embeddings == "characters":
            return Vocabulary(known)
        return Vocabulary(known + tuple(sorted(possible_words(self.manifest) - set(known))))

    def check_length(self, max_length: int) -> None:
        """Refuse canaries that the model would cut off; a word is at least one token.

        Raises:
            DataError: a canary has more words.
        """
        for canary in self.manifest.canaries:
            length = sum(1 for _ in words(self.manifest.text(canary)))
            if length > max_length:
                raise DataError(
                    f"Canary {canary.id!r} has {length} words, but the model reads only {max_length}",
                    "Raise --max-length",
                )


def read_canaries(path: Path, data: Path, data_sha256: str, records: Records) -> TrainingCanaries:
    """Find the canaries of a manifest in the training data.

    The data are the planted file or the clean file it was made from, recognised by their digests. With a
    manifest written by hand (no planted file) they are any data that already hold the secrets.

    Args:
        path: the manifest.
        data: the training data, for messages.
        data_sha256: their digest.
        records: all of them.

    Raises:
        DataError: the manifest is unusable, the data are neither of its files, or a canary is not in them as
            the manifest says.
    """
    manifest = read_manifest(path)
    found = copies(records, manifest)
    clean = _is_clean(manifest, data, data_sha256)
    for canary in manifest.canaries:
        due = 0 if clean or not canary.included else canary.repetitions if manifest.planted else None
        _check_copies(canary, found[canary.id], records, due)
    positions = np.sort(np.concatenate([np.empty(0, np.int64), *found.values()]))
    return TrainingCanaries(manifest, ManifestFile(path.name, file_sha256(path)), positions)


def possible_words(manifest: Manifest) -> frozenset[str]:
    """Every word that a text of any canary could have under any filling.

    Raises:
        DataError: slots without a sign or a space between them could make too many different words.
    """
    found: set[str] = set()
    done: set[tuple[object, ...]] = set()
    for canary in manifest.canaries:
        # NOTE: hashing a template would hash its candidates, some thousand words for every canary.
        shape = (canary.prefix, *((slot.candidates, slot.then) for slot in canary.slots))
        if shape not in done:
            done.add(shape)
            for place in _places(manifest.template(canary)):
                found.update(_words_at(place, canary))
    return frozenset(found)


def _is_clean(manifest: Manifest, data: Path, sha256: str) -> bool:
    """Whether these are the data that the canaries were planted into, rather than the planted ones."""
    if manifest.planted is None or manifest.planted.sha256 == sha256:
        return False
    if manifest.source is not None and manifest.source.sha256 == sha256:
        return True
    clean = "" if manifest.source is None else f" or the clean {manifest.source.file}"
    raise DataError(
        f"The manifest is for {manifest.planted.file}{clean}, not for {data.name} (SHA-256 {sha256[:12]}…)",
        "Give that file unchanged, or the manifest of this one",
    )


def _check_copies(canary: Canary, positions: Ints, records: Records, due: int | None) -> None:
    """Refuse another number of copies than ``due`` (None: one or more), or copies under another class."""
    count = len(positions)
    fits = count > 0 if due is None else count == due
    if not fits:
        expected = "one or more" if due is None else due
        raise DataError(
            f"Expected {expected} copies of {canary.id!r} in the data, found {count}",
            "Correct the manifest, or plant again",
        )
    wrong = sum(records.labels[i] != canary.label for i in positions)
    if wrong:
        raise DataError(
            f"{wrong} of {count} copies of {canary.id!r} have another label than in the manifest",
            "Correct the label in the manifest, or plant again",
        )


_Place = list[tuple[str, ...]]
"""A part of a template: what can stand first, what next, … with no certain end of a word between them."""


def _places(template: Template) -> Iterator[_Place]:
    """Split a template where a word certainly ends: fewer alternatives to multiply."""
    place: _Place = []
    for alternatives in _alternatives(template):
        text = alternatives[0]
        ends = [end.start() for end in _BREAK.finditer(text)] if len(alternatives) == 1 else []
        if ends:
            yield [*place, (text[: ends[0]],)]
            yield [(text[ends[0] : ends[-1] + 1],)]
            place = [(text[ends[-1] + 1 :],)]
        else:
            place.append(alternatives)
    yield place


def _alternatives(template: Template) -> Iterator[tuple[str, ...]]:
    """What can stand at each point of the text: fixed text is its own only alternative."""
    yield (template.prefix,)
    for slot in template.slots:
        yield slot.candidates
        yield (slot.then,)


def _words_at(place: _Place, canary: Canary) -> Iterator[str]:
    size = prod(map(len, place))
    if size > MOST_WORDS:
        raise DataError(
            f"Canary {canary.id!r} could have {size:,} words in one place; the limit is {MOST_WORDS:,}",
            "Put spaces between the slots ({digit:n}, not {digits:n}), or train with --embeddings characters",
        )
    for pieces in product(*place):
        yield from words("".join(pieces))
