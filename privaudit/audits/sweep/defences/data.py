"""What all models of a sweep have in common: records, classes, the canary's template, and the vocabulary."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from privaudit.data.canaries.candidates import complete_lists
from privaudit.data.canaries.draws import draw_labels
from privaudit.data.canaries.manifest import Canary, Manifest
from privaudit.data.canaries.pattern import parse_pattern
from privaudit.data.canaries.template import Template
from privaudit.data.columns import Columns
from privaudit.data.duplicates import distinct, normalise
from privaudit.data.records import Records
from privaudit.data.splits import coin_split
from privaudit.errors import DataError, UsageError
from privaudit.training.canaries import possible_words
from privaudit.training.division import class_list, read_undivided
from privaudit.training.recipe import Recipe
from privaudit.training.references.plan import Population
from privaudit.training.text import HashedVocabulary, Vocabulary, WordNumbers, hashed_vocabulary, words


@dataclass(frozen=True)
class CanaryRequest:
    """The canary that models are trained on, but for its secret."""

    pattern: str = "my pin code is {digit:4}"
    """See :mod:`privaudit.data.canaries.pattern`."""
    candidates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The user's own lists by name."""
    label: str = "own"
    """``own``: a new class; ``random``: a class of the data, drawn once; else the name of one of the data."""


@dataclass(frozen=True, eq=False)
class SweepData:
    """The records after duplicates were removed and coins flipped, and what is planted into them."""

    pool: Population
    """What every model is trained on, a canary's copies apart."""
    holdout: Population
    """What none of them sees."""
    labels: tuple[str, ...]
    """Classes of the models; the canary's own is the last."""
    label: int
    """Class index of the canary."""
    template: Template
    vocabulary: WordNumbers | None
    """A hash, a given list, or the words of the pool, then all that the canary could have, in code point
    order: the same for every model, so it reveals no secret. None for ``hf``, which has its own."""
    duplicates_removed: int
    hashed_alike: int = 0
    """Words that a filling could have and that share their row with another such word."""

    def refuse(self, texts: Sequence[str]) -> None:
        """Make sure that no record is one of ``texts``, which could be a secret.

        Raises:
            DataError: one is.
        """
        known = {normalise(text) for part in (self.pool, self.holdout) for text in part.texts}
        if not known.isdisjoint(map(normalise, texts)):
            raise DataError(
                "A record is the pattern with its slots filled, so it could be a secret",
                "Change --pattern, or remove that record",
            )


def read_sweep_data(
    path: Path,
    columns: Columns,
    canary: CanaryRequest,
    recipe: Recipe,
    *,
    holdout: float,
    seed: int,
    vocabulary_file: Path | None = None,
) -> SweepData:
    """Read the records, remove duplicates, flip the coins, and find the canary's place among them.

    Args:
        path: CSV, TSV, JSONL or Parquet.
        columns: of the file.
        canary: what is planted.
        recipe: of the models; its shortest reach and least word frequency count.
        holdout: probability of a record (group) to be left out, in (0, 1).
        seed: of the coins, and of a random label.
        vocabulary_file: one word a line, for all models.

    Raises:
        UsageError: a pattern, list or label that is not possible, or a canary longer than the models read.
        DataError: a file cannot be used, or the vocabulary lacks words that a filling could have.
    """
    if not 0 < holdout < 1:
        raise UsageError(
            f"--holdout {holdout:g} is not in (0, 1)",
            "Give the share of records to hold out for the accuracy",
        )
    records = read_undivided(path, columns)
    labels = class_list(records)
    label = draw_labels(1, canary.label, seed, records.labels)[0]
    if label not in labels:
        labels = (*labels, label)
    kept = records.select(distinct(records))
    member = coin_split(kept.groups if kept.groups is not None else len(kept), holdout, seed)
    pool, rest = (_population(kept.select(part), labels) for part in (member, ~member))
    manifest = _manifest(canary, label, records)
    vocabulary = None if recipe.architecture == "hf" else _vocabulary(pool, manifest, recipe, vocabulary_file)
    return SweepData(
        pool=pool,
        holdout=rest,
        labels=labels,
        label=labels.index(label),
        template=manifest.template(manifest.canaries[0]),
        vocabulary=vocabulary,
        duplicates_removed=len(records) - len(kept),
        hashed_alike=_alike(vocabulary, manifest) if isinstance(vocabulary, HashedVocabulary) else 0,
    )


def _population(records: Records, labels: tuple[str, ...]) -> Population:
    index = {label: i for i, label in enumerate(labels)}
    numbers = np.array([index[label] for label in records.labels], dtype=np.int64)
    return Population(records.texts, numbers, len(labels), records.groups)


def _manifest(canary: CanaryRequest, label: str, records: Records) -> Manifest:
    """The canary as a manifest states it, with a dummy for the secret, of which every model has its own."""
    pattern = parse_pattern(canary.pattern)
    given = {**canary.candidates, **pattern.inline}
    lists = complete_lists([slot.candidates for slot in pattern.slots], given, records.texts)
    template = pattern.template(lists)
    one = Canary(
        id="canary",
        prefix=template.prefix,
        slots=pattern.slots,
        label=label,
        secret=template.words([0] * len(template.slots)),
    )
    return Manifest(lists=lists, canaries=(one,))


def _vocabulary(pool: Population, manifest: Manifest, recipe: Recipe, file: Path | None) -> WordNumbers:
    length = sum(1 for _ in words(manifest.text(manifest.canaries[0])))
    if length > recipe.max_length:
        raise UsageError(
            f"The canary has {length} words, and the models read at most {recipe.max_length}",
            "Raise --max-length, or shorten --pattern",
        )
    if file is not None:
        given = Vocabulary.from_file(file)
        missing = sorted(possible_words(manifest).difference(given.known))
        if missing:
            # NOTE: secrets of unknown words tie, ties count against the attacker, and all would look private.
            raise DataError(
                f"The vocabulary {file.name} lacks {missing[0][:20]!r}, a word that a secret could have",
                "Add it, or use --vocabulary hash:4096",
            )
        return given
    hashed = hashed_vocabulary(recipe.vocabulary)
    if hashed is not None:
        return hashed
    known = Vocabulary.from_texts(pool.texts, recipe.min_frequency).known
    return Vocabulary((*known, *sorted(possible_words(manifest) - set(known))))


def _alike(vocabulary: HashedVocabulary, manifest: Manifest) -> int:
    rows = Counter(map(vocabulary.number, possible_words(manifest)))
    return sum(count for count in rows.values() if count > 1)
