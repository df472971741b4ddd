"""Which attacks run when none is named. Fixed by access and number of references, never by what was found.

Every attack beside another widens the simultaneous intervals of both, so the sets are small and fixed here:

- Without references: every attack that is default and needs none.
- With references: ``loss`` (what a reader compares with), ``vocabulary`` (a channel that no other sees),
  ``rmia`` (what others publish with few references), from :data:`MANY_REFERENCES` references on
  ``lira-online`` (what others publish with many), and the one that :func:`best_attack` names. The attacks on
  outputs alone are left out: references carry what they carry, and more.
"""

from collections.abc import Set

from privaudit.attacks.membership.spec import Signal
from privaudit.targets.interface import Access

BEST_ATTACK = "best"
"""Stands for the attack that :func:`best_attack` names."""
MANY_REFERENCES = 16
"""From here on a variance per record is worth estimating by itself."""
SEVERAL_REFERENCES = 4
"""From here on ``lira-multi`` can learn from attacks on its references."""


def best_attack(access: Access, signals: Set[Signal], n_references: int) -> str:
    """The attack that was strongest on held-out data for what is there: ``benchmarks/attack_strength.py``.

    ========================================== =====================
    references                                 attack
    ========================================== =====================
    IN and OUT, with extras, 4 or more         ``lira-multi``
    IN and OUT                                 ``lira-eb``
    OUT alone                                  ``lira-eb-offline``
    none, weights of a linear last layer       ``self-influence``
    none, scores                               ``loss``
    none, labels alone                         ``label-only``
    ========================================== =====================
    """
    if n_references > 0 and Signal.REFERENCES in signals and access.allows(Access.SCORE):
        if Signal.REFERENCES_IN not in signals:
            return "lira-eb-offline"
        several = n_references >= SEVERAL_REFERENCES and Signal.REFERENCE_EXTRAS in signals
        return "lira-multi" if several and access.allows(Access.GRADIENTS) else "lira-eb"
    if Signal.FEATURES in signals and access.allows(Access.WEIGHTS):
        return "self-influence"
    return "loss" if access.allows(Access.SCORE) else "label-only"


def default_with_references(access: Access, signals: Set[Signal], n_references: int) -> tuple[str, ...]:
    """Ids of the default set where there are references; those that cannot run are for the caller to drop."""
    many = ("lira-online",) if n_references >= MANY_REFERENCES else ()
    return ("loss", "vocabulary", "rmia", *many, best_attack(access, signals, n_references))
