"""Models for a bound over many runs: the recipe on a whole pool, with one canary by a coin per model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from privaudit.stats.margins import cross_entropies
from privaudit.training.references.learners.halves import reference_seed
from privaudit.training.references.learners.whole_pool import WholePoolLearner, with_copies
from privaudit.training.references.plan import Bools, ReferenceOutput, ReferencePlan, Singles
from privaudit.training.seeds import SeedStream, derive
from privaudit.training.text import WordEncoder
from privaudit.training.trainer import predict as predict_network
from privaudit.training.untrained import initial_network


def coins(seed: int, n: int) -> Bools:
    """Whether each of n models of a plan with this seed has the canary ``[n]``: independent and fair."""
    return np.array([derive(seed, SeedStream.CANARY_COIN, index) & 1 for index in range(n)], dtype=np.bool_)


@dataclass(frozen=True)
class CoinLearner(WholePoolLearner):
    """Trains the recipe on all records of the pool, and by a coin on the one scored text as well.

    The scored text is the canary, under its label. A model differs from the next one in its seed and its
    coin, which come from different streams. Besides the trained model's logits a plan with ``extras`` keeps
    the canary's loss in the network as it was before training, ``[1, 1]``.
    """

    @property
    def copies(self) -> int:
        """One copy of the canary."""
        return 1

    def describe(self) -> dict[str, object]:
        """See :meth:`WholePoolLearner.describe`."""
        return {"learner": "canary-coin", **super().describe()}

    def learn(self, plan: ReferencePlan, indices: Sequence[int]) -> Iterator[ReferenceOutput]:
        """See :class:`privaudit.training.references.plan.Learner`.

        Raises:
            UsageError: a loss is not finite.
            ModelError: the pretrained directory has no usable encoder and tokenizer.
        """
        (text,), (label,) = plan.scored.texts, plan.scored.labels.tolist()
        included = coins(plan.seed, max(indices) + 1)
        for index in indices:
            seed = reference_seed(plan, index)
            training, validation = self.split_pool(plan, seed)
            training = with_copies(training, text, label, int(included[index]))
            predict = self.train(training, validation, plan.scored.n_classes, seed)
            yield ReferenceOutput(
                index,
                included[index : index + 1],
                predict([text]).astype(np.float32),
                self._before(plan, seed) if plan.extras else None,
            )

    def _before(self, plan: ReferencePlan, seed: int) -> Singles:
        if self.vocabulary is None:
            raise ValueError("a pretrained encoder has no untrained network to compare with")
        recipe = self.recipe
        encoder = WordEncoder(self.vocabulary, recipe.max_length, recipe.embeddings != "words")
        network = initial_network(recipe, len(self.vocabulary), plan.scored.n_classes, seed)
        logits = predict_network(network, encoder.encode_all(plan.scored.texts)).double().numpy()
        return cross_entropies(logits, plan.scored.labels).astype(np.float32)[:, None]
