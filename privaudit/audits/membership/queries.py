"""Further queries around every record, in chunks, each text once per chunk, until the time is up."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from privaudit.attacks.membership.draws import record_rng
from privaudit.attacks.membership.perturbations import COPIES, WordPool, damaged_copies, neighbours
from privaudit.attacks.membership.transforms import cross_entropy
from privaudit.progress import Progress
from privaudit.stopwatch import Deadline
from privaudit.targets.interface import Floats, HasGradients, Ints, TextClassifier

_CHUNK_RECORDS = 256
_CHUNK_CHARACTERS = 1 << 20
"""Of original text; the copies have COPIES times that. A longer record makes a chunk of its own."""


@dataclass(frozen=True, eq=False)
class Queries:
    """What is asked of a target about n records; an answer is whole, or None if the deadline cut it off."""

    target: TextClassifier
    ids: Sequence[str]
    texts: Sequence[str]
    label: Ints
    seed: int
    progress: Progress
    deadline: Deadline

    def gradient_norms(self) -> Floats | None:
        """Norm of each record's loss gradient over all parameters, ``[n]``."""
        target = self.target
        if not isinstance(target, HasGradients):
            raise ValueError("This target gives no gradients; available() says so.")

        def answer(rows: slice) -> Floats:
            return target.gradient_norms(self.texts[rows], self.label[rows])

        return self._in_chunks("gradient norms", (len(self.label),), answer)

    def label_robustness(self) -> Floats | None:
        """Share of each record's damaged copies that are predicted as its label, ``[n]``."""

        def answer(rows: slice) -> Floats:
            copies = [
                damaged_copies(text, record_rng(self.seed, "damaged-copies", record))
                for record, text in zip(self.ids[rows], self.texts[rows], strict=True)
            ]
            agrees = self._logits(copies).argmax(axis=2) == self.label[rows, None]
            return np.asarray(agrees.mean(axis=1), dtype=np.float64)

        return self._in_chunks("damaged copies", (len(self.label),), answer)

    def neighbour_losses(self) -> Floats | None:
        """Losses of each record's word-replacement neighbours under its own label, ``[n, COPIES]``."""
        pool = WordPool.of(self.texts)

        def answer(rows: slice) -> Floats:
            copies = [
                neighbours(text, pool, record_rng(self.seed, "neighbours", record))
                for record, text in zip(self.ids[rows], self.texts[rows], strict=True)
            ]
            logits = self._logits(copies)
            labels = np.repeat(self.label[rows], COPIES)
            return cross_entropy(logits.reshape(len(labels), -1), labels).reshape(-1, COPIES)

        return self._in_chunks("neighbours", (len(self.label), COPIES), answer)

    def _in_chunks(
        self, task: str, shape: tuple[int, ...], answer: Callable[[slice], Floats]
    ) -> Floats | None:
        result = np.empty(shape)
        self.progress.start(task, shape[0])
        for rows in _chunks(self.texts):
            if self.deadline.passed:
                return None
            result[rows] = answer(rows)
            self.progress.advance(rows.stop - rows.start)
        return result

    def _logits(self, copies: list[list[str]]) -> Floats:
        """``[records, COPIES, C]``; copies that are alike are asked for once."""
        distinct = {text: i for i, text in enumerate(dict.fromkeys(text for row in copies for text in row))}
        logits = self.target.outputs(list(distinct)).logits
        return logits[[[distinct[text] for text in row] for row in copies]]


def _chunks(texts: Sequence[str]) -> Iterator[slice]:
    start = characters = 0
    for position, text in enumerate(texts):
        full = position - start == _CHUNK_RECORDS or characters + len(text) > _CHUNK_CHARACTERS
        if full and position > start:
            yield slice(start, position)
            start, characters = position, 0
        characters += len(text)
    if start < len(texts):
        yield slice(start, len(texts))
