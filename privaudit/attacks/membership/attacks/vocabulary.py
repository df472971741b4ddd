"""The vocabulary attack: a word list built from the training texts knows every word of every one of them."""

import numpy as np

from privaudit.attacks.membership.registry import register
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, AttackCost, AttackSpec, Signal
from privaudit.targets.interface import Access, Floats


@register(
    AttackSpec(
        id="vocabulary",
        title="Unknown words",
        # NOTE: the word list need not be readable: the model scores an unknown word as it scores gibberish.
        access=Access.SCORE,
        cost=AttackCost.FREE,
        summary="The model's vocabulary knows every word of a record when it was built from the record too.",
        reference="Defined here (privaudit): the word list is a part of the model that training makes",
        needs=frozenset({Signal.UNKNOWN_WORDS}),
    )
)
def score(signals: Signals, _: AttackContext) -> Floats:
    """Minus the number of unknown words: ``[n]``, whole numbers, at most 0."""
    if signals.unknown_words is None:
        raise ValueError("vocabulary needs the unknown words.")
    return -signals.unknown_words.astype(np.float64)
