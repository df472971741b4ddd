"""Contrast: how much a filling needs each of its words, beside how much the model likes it.

A network that pools over the words of a text is as sure of ``7 7 6 5`` as of the secret ``7 6 5 3`` once it
has memorised it: the margin has a plateau of fillings that repeat the strongest words, and the
secret is rarely its highest point. What sets the secret apart is that each of its words carries something:
exchange one and the margin falls, while a repeated word can go. With the margin ``φ`` and S slots,

    contrast(f) = φ(f) - (1 - 1/S) · mean over slots s of  T log Σ_c exp(φ(f with c in slot s) / T)

Times S it is the margin plus S - 1 times the mean conditional log-probability of a slot's word given the
others (Besag's pseudo-likelihood, JRSS B 36, 1974, with margins over T as energies): one judgement of the
whole, and S - 1 of the parts. For a margin that is a sum over slots it has the order of the margin. T = 1/2
and the weight were chosen on models with other secrets than those that benchmarks/README.md reports.
"""

import numpy as np
from scipy.special import logsumexp

from privaudit.attacks.extraction.ranking import Margins, Pool
from privaudit.targets.interface import Floats

TEMPERATURE = 0.5


def contrast_weight(slots: int) -> float:
    """What the parts count against the whole; 0 for one slot, where contrast and margin have one order."""
    return 1.0 - 1.0 / slots


def soft_maximum(margins: Floats, axis: int = -1) -> Floats:
    """``T log Σ exp(margins / T)`` along an axis, which is kept with length 1."""
    found: Floats = TEMPERATURE * logsumexp(margins / TEMPERATURE, axis=axis, keepdims=True)
    return found


def contrasted(pool: Pool, margins: Margins) -> Margins:
    """The contrast of every filling of an exact pool, and of its secrets; it costs no evaluation.

    Raises:
        ValueError: the pool is a sample, which lacks the neighbours of its fillings.
    """
    if not pool.exact:
        raise ValueError("contrast needs the margins of all neighbours")
    sizes = pool.template.sizes
    table = margins.pool.reshape(sizes)
    parts = np.zeros_like(table)
    for slot in range(len(sizes)):
        parts += soft_maximum(table, axis=slot)
    values = (table - contrast_weight(len(sizes)) / len(sizes) * parts).ravel()
    return Margins(values, values[pool.secret_rows])
