"""The confidence attack: a model is sure of what it has seen, whatever the label."""

from privaudit.attacks.membership.registry import register
from privaudit.attacks.membership.signals import Signals
from privaudit.attacks.membership.spec import AttackContext, AttackCost, AttackSpec
from privaudit.attacks.membership.transforms import softplus, top_margins
from privaudit.targets.interface import Access, Floats


@register(
    AttackSpec(
        id="confidence",
        title="Top confidence",
        access=Access.SCORE,
        cost=AttackCost.FREE,
        summary="The largest class probability is high when the model was trained on the record; "
        "no label is needed.",
        reference="Salem et al., ML-Leaks, NDSS 2019 (arXiv 1806.01246), Adversary 3",
    )
)
def score(signals: Signals, _: AttackContext) -> Floats:
    """``ln max_j p_j``: ``[n]``, in ``[-ln C, 0]``, kept apart where the probability itself rounds to one."""
    return -softplus(-top_margins(signals))
