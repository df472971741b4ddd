"""Templates that a model cannot read as they are meant are refused: an attack on them would find nothing."""

from collections.abc import Sequence

from privaudit.attacks.extraction.surfaces.grid import Probes
from privaudit.attacks.extraction.surfaces.readers import Reader, Tokens, Unknown
from privaudit.data.canaries.template import Template
from privaudit.errors import DataError


def check_prefix(probes: Probes, reader: Reader) -> None:
    """The tokens of the prefix must stand unchanged before every candidate.

    Spaces at its end do not count, because many tokenizers give them to the word that follows.

    Raises:
        DataError: they do not.
    """
    prefix = probes.template.prefix.rstrip()
    (known,) = reader.split([prefix])
    texts = probes.alone[0] + probes.drawn_texts
    if any(row[: len(known)] != known for row in reader.split(texts)):
        raise DataError(
            f"The tokenizer splits the prefix {prefix[-20:]!r} differently before some candidates",
            "End the prefix with a space or a punctuation mark",
        )


def check_known(probes: Probes, unknown: Unknown) -> None:
    """Every word that slots contribute must be one that the model knows.

    Args:
        probes: texts of the template.
        unknown: per text the number of unknown words, and of all words.

    Raises:
        DataError: one is unknown, or is not read at all.
    """
    template = probes.template
    around = " ".join((template.prefix, *(slot.then for slot in template.slots)))
    (allowed,), (fixed,) = unknown([" ".join(around.split())])
    for number, texts in enumerate(probes.alone, start=1):
        strange, count = unknown(texts)
        if (strange > allowed).any() or (count <= fixed).any():
            raise _unknown(template, number, unknown)
    strange, count = unknown(probes.drawn_texts)
    if (strange > allowed).any() or (count <= fixed).any():
        raise _unknown(template, None, unknown)


def _unknown(template: Template, number: int | None, unknown: Unknown) -> DataError:
    """Names the candidate to blame where it can; what slots join into may be the secret and is not quoted."""
    for i, slot in enumerate(template.slots, start=1):
        strange, count = unknown(slot.candidates)
        for candidate, n_strange, n_words in zip(slot.candidates, strange, count, strict=True):
            if n_strange or not n_words:
                return _not_known(f"{candidate[:20]!r} of slot {i}")
    return _not_known(f"what slot {number} becomes in its text" if number else "what its slots join into")


def _not_known(got: str) -> DataError:
    return DataError(
        f"The model's vocabulary does not have {got}",
        "Train with --canaries, or take candidates from the vocabulary",
    )


def check_distinct(probes: Probes, alone: Sequence[Sequence[Tokens]], reader: Reader) -> None:
    """The model must read every slot, and each of its candidates as something else.

    Args:
        probes: texts of the template.
        alone: what is read of ``probes.alone``.
        reader: of the model.

    Raises:
        DataError: it does not.
    """
    for number, (texts, rows) in enumerate(zip(probes.alone, alone, strict=True), start=1):
        seen: dict[Tokens, int] = {}
        for choice, row in enumerate(rows):
            other = seen.setdefault(row, choice)
            if other == choice:
                continue
            if len(set(reader.split([texts[other], texts[choice]]))) > 1:
                raise DataError(
                    f"Slot {number} lies beyond the {reader.limit} tokens that the model reads",
                    "Shorten the prefix",
                )
            first, second = (probes.template.slots[number - 1].candidates[i][:20] for i in (other, choice))
            raise DataError(
                f"The model reads {first!r} and {second!r} of slot {number} alike", "Leave one of them out"
            )
