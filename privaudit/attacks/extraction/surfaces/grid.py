"""Which tokens of a text each slot decides, found by reading texts with the model's own tokenizer."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from privaudit.attacks.extraction.surfaces.readers import Tokens
from privaudit.data.canaries.template import Template, draw_fillings
from privaudit.targets.interface import Ints

N_DRAWN = 256
"""Random fillings that must read as the grid says."""


@dataclass(frozen=True, eq=False)
class Probes:
    """Fillings that show how a template is read."""

    template: Template

    @cached_property
    def alone(self) -> list[list[str]]:
        """Per slot the text of each of its candidates, with the first candidate in all other slots."""
        base = [0] * len(self.template.slots)
        return [
            [self.template.render([*base[:s], choice, *base[s + 1 :]]) for choice in range(size)]
            for s, size in enumerate(self.template.sizes)
        ]

    @cached_property
    def drawn(self) -> Ints:
        """Random fillings ``[n, S]``, the same ones every time."""
        return draw_fillings(self.template, N_DRAWN, np.random.default_rng(0))

    @cached_property
    def drawn_texts(self) -> list[str]:
        """Their texts."""
        return [self.template.render(filling) for filling in self.drawn]


@dataclass(frozen=True, eq=False)
class TokenGrid:
    """Texts of one length in which every token is fixed or decided by the choice of one slot."""

    base: Tokens
    """``[L]`` tokens of the first filling."""
    columns: tuple[tuple[int, ...], ...]
    """Per slot the positions it decides, ascending; slot by slot they ascend too."""
    options: tuple[tuple[Tokens, ...], ...]
    """Per slot and candidate the tokens at these positions."""

    def tokens(self, filling: Sequence[int] | Ints) -> Tokens:
        """What the model reads of a filling."""
        row = list(self.base)
        for columns, options, choice in zip(self.columns, self.options, filling, strict=True):
            for column, token in zip(columns, options[choice], strict=True):
                row[column] = token
        return tuple(row)


def align(alone: Sequence[Sequence[Tokens]], drawn: Sequence[Tokens], fillings: Ints) -> TokenGrid | None:
    """The grid of a template, or None where its texts have none.

    They have none when candidates join with others into one token, or differ in their numbers of tokens.

    Args:
        alone: per slot and candidate what is read when all other slots have their first candidate.
        drawn: what is read of ``fillings``.
        fillings: ``[n, S]``, random.
    """
    base = alone[0][0]
    if any(len(row) != len(base) for rows in (*alone, drawn) for row in rows):
        return None
    columns = tuple(
        tuple(i for i, column in enumerate(zip(*rows, strict=True)) if len(set(column)) > 1) for rows in alone
    )
    order = [position for group in columns for position in group]
    if order != sorted(set(order)):
        return None
    options = tuple(
        tuple(tuple(row[i] for i in group) for row in rows)
        for group, rows in zip(columns, alone, strict=True)
    )
    grid = TokenGrid(base, columns, options)
    same = all(grid.tokens(filling) == row for filling, row in zip(fillings, drawn, strict=True))
    return grid if same else None
