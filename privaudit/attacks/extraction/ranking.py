"""Where a secret stands among the fillings of its template.

Ranks are taken on margins, which have the same order as the loss. Ties count against the attacker: the rank
is the number of fillings that score at least as high, the secret itself included. Other planted secrets of
the template are left out: the model was trained on them too, so they are no controls.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from privaudit.attacks.extraction.enumeration import LARGEST, all_margins, first_best, tie_range
from privaudit.attacks.extraction.objectives import objective_scores
from privaudit.attacks.extraction.spec import Objective, Surface
from privaudit.data.canaries.template import Template, all_fillings, draw_fillings, numbered, numbers_of
from privaudit.targets.interface import Floats, Ints

SAMPLE = 100_000
"""Fillings of a sample where not all can be ranked: exposures up to 16.6 bits."""


@dataclass(frozen=True, eq=False)
class Margins:
    """Margins under one label over a :class:`Pool`, of the target or calibrated."""

    pool: Floats
    """``[F]`` of the fillings that secrets are ranked among."""
    secrets: Floats
    """``[M]``."""


@dataclass(frozen=True, eq=False)
class Pool:
    """What the secrets of one template are ranked among: all fillings, or a uniform sample of them."""

    template: Template
    secrets: Ints
    """``[M, S]``."""
    sample: Ints | None
    """``[n, S]`` drawn independently; None: all fillings by number."""

    @classmethod
    def of(
        cls, template: Template, secrets: Ints, rng: np.random.Generator, *, sample: int = SAMPLE
    ) -> "Pool":
        """All fillings where there are at most :data:`LARGEST`, else ``sample`` of them."""
        exact = template.n_fillings <= LARGEST
        return cls(template, secrets, None if exact else draw_fillings(template, sample, rng))

    @property
    def exact(self) -> bool:
        """Whether it holds every filling."""
        return self.sample is None

    @property
    def asked(self) -> Ints:
        """What a model is asked, ``[N, S]``: all fillings by number, or the sample and then the secrets."""
        if self.sample is None:
            return all_fillings(self.template)
        return np.concatenate([self.sample, self.secrets])

    @property
    def n_asked(self) -> int:
        """N, without making them."""
        return self.template.n_fillings if self.sample is None else len(self.sample) + len(self.secrets)

    @property
    def secret_rows(self) -> Ints:
        """``[M]`` where the secrets stand in :attr:`asked`."""
        if self.sample is None:
            return numbers_of(self.template, self.secrets)
        return len(self.sample) + np.arange(len(self.secrets))

    def margins(self, surface: Surface, label: int) -> Margins:
        """Margins of a model: one pass serves all secrets.

        Raises:
            UsageError: too many fillings for a pool that was made exact by hand.
        """
        return self.margins_under(surface, [label])[0]

    def margins_under(self, surface: Surface, labels: Sequence[int]) -> list[Margins]:
        """The same under several labels, in one pass."""
        if self.sample is None:
            return [Margins(row, row[self.secret_rows]) for row in all_margins(surface, labels)]
        logits = surface.logits(self.asked)
        return [self.read(logits, label) for label in labels]

    def read(self, logits: Floats, label: int) -> Margins:
        """Margins from logits that are there already.

        Args:
            logits: of :attr:`asked`, ``[N, C]``.
            label: class index.
        """
        values = objective_scores(logits, label, Objective.MARGIN)
        if self.sample is None:
            return Margins(values, values[self.secret_rows])
        return Margins(values[: len(self.sample)], values[self.secret_rows])

    def rank(self, margins: Margins, secret: int, others: Ints | None = None) -> "Ranked":
        """Where the secret with this index stands.

        Args:
            margins: of the target, plain or calibrated.
            secret: index in ``secrets``.
            others: ``[m, S]`` other planted fillings, left out; None without any.
        """
        counted = np.ones(len(margins.pool), dtype=np.bool_)
        if others is not None and len(others):
            others = others[(others != self.secrets[secret]).any(axis=1)]
            if self.sample is None:
                counted[numbers_of(self.template, others)] = False
            else:
                for other in others:
                    counted &= (self.sample != other).any(axis=1)
        margin = float(margins.secrets[secret])
        low, high = tie_range(margin)
        pool = margins.pool[counted]
        better, at_least = int((pool > high).sum()), int((pool >= low).sum())
        ties = at_least - better - (1 if self.exact else 0)
        return Ranked(margin, better, ties, len(pool), self.exact)


@dataclass(frozen=True)
class Ranked:
    """Where one secret stands."""

    margin: float
    better: int
    """Fillings of the pool with a higher margin."""
    ties: int
    """Other fillings of the pool with the same margin."""
    compared: int
    """Fillings of the pool that count: all with the secret among them, or those of the sample."""
    exact: bool
    """Whether the pool holds every filling: :attr:`rank` is then the rank among all."""

    @property
    def among(self) -> int:
        """Fillings among which :attr:`rank` counts, the secret itself included."""
        return self.compared if self.exact else self.compared + 1

    @property
    def at_least(self) -> int:
        """Other fillings of the pool that score at least as high."""
        return self.better + self.ties

    @property
    def rank(self) -> int:
        """1 + :attr:`at_least`, in the pool."""
        return 1 + self.at_least


def calibrated(margins: Margins, references: Sequence[Margins]) -> Margins:
    """Margins less their mean over reference models trained without the canary, for the same pool.

    What any model of this data says of a filling is taken off; what is left is due to the canary.
    Objective ``margin-references``.
    """
    return Margins(
        margins.pool - np.mean([reference.pool for reference in references], axis=0),
        margins.secrets - np.mean([reference.secrets for reference in references], axis=0),
    )


def best_of(pool: Pool, margins: Margins, excluded: Ints | None = None) -> tuple[int, ...]:
    """What enumeration extracts: the filling of an exact pool with the highest margin, plain or calibrated.

    Among ties it is the one with the lowest number; the numbers in ``excluded`` are no answer.

    Raises:
        ValueError: the pool is a sample.
    """
    if not pool.exact:
        raise ValueError("the best of a sample is not the best of all")
    return tuple(map(int, numbered(pool.template, np.array([first_best(margins.pool, excluded)]))[0]))
