"""Which attacks run when none is named: a fixed rule, and exactly one attack behind ``best``."""

import pytest

from privaudit.attacks.membership.registry import membership_attacks
from privaudit.attacks.membership.selection import best_attack
from privaudit.attacks.membership.spec import Signal
from privaudit.audits.membership.collect import select_attacks
from privaudit.errors import UsageError
from privaudit.targets.interface import Access

OFFLINE = frozenset({Signal.REFERENCES})
ONLINE = OFFLINE | {Signal.REFERENCES_IN}
EXTRAS = ONLINE | {Signal.REFERENCE_EXTRAS}
WHITE = frozenset({Signal.FEATURES, Signal.GRADIENT_NORMS, Signal.UNKNOWN_WORDS})


@pytest.mark.parametrize(
    ("access", "signals", "count", "expected"),
    [
        (Access.WEIGHTS, WHITE | EXTRAS, 64, "lira-multi"),
        (Access.GRADIENTS, EXTRAS, 4, "lira-multi"),
        (Access.WEIGHTS, WHITE | EXTRAS, 3, "lira-eb"),
        (Access.WEIGHTS, WHITE | ONLINE, 64, "lira-eb"),
        (Access.LOGITS, EXTRAS, 64, "lira-eb"),
        (Access.SCORE, ONLINE, 1, "lira-eb"),
        (Access.SCORE, OFFLINE, 64, "lira-eb-offline"),
        (Access.WEIGHTS, WHITE, 0, "self-influence"),
        (Access.WEIGHTS, WHITE | ONLINE, 0, "self-influence"),
        (Access.WEIGHTS, frozenset(), 0, "loss"),
        (Access.SCORE, frozenset(), 0, "loss"),
        (Access.LABEL, frozenset({Signal.LABEL_ROBUSTNESS}), 0, "label-only"),
        (Access.LABEL, ONLINE | {Signal.LABEL_ROBUSTNESS}, 8, "label-only"),
    ],
)
def test_best_is_one_attack_that_can_run(access, signals, count, expected):
    assert best_attack(access, signals, count) == expected
    assert [a.spec.id for a in select_attacks(["best"], access, signals, count)] == [expected]


@pytest.mark.parametrize(
    ("access", "signals", "count", "expected"),
    [
        (Access.WEIGHTS, WHITE | EXTRAS, 64, {"loss", "vocabulary", "rmia", "lira-online", "lira-multi"}),
        (Access.WEIGHTS, WHITE | EXTRAS, 8, {"loss", "vocabulary", "rmia", "lira-multi"}),
        (Access.SCORE, ONLINE, 16, {"loss", "rmia", "lira-online", "lira-eb"}),
        (Access.SCORE, ONLINE, 15, {"loss", "rmia", "lira-eb"}),
        (Access.SCORE, OFFLINE, 64, {"loss", "rmia", "lira-eb-offline"}),
    ],
)
def test_default_set_with_references(access, signals, count, expected):
    assert {a.spec.id for a in select_attacks(None, access, signals, count)} == expected


def test_every_default_attack_is_in_a_default_set_and_no_other():
    chosen: set[str] = set()
    for access in Access:
        for signals in (frozenset(), WHITE, OFFLINE, ONLINE, EXTRAS | WHITE):
            for count in (0, 1, 64):
                if not signals & {Signal.REFERENCES} and count:
                    continue
                if access is not Access.LABEL:
                    chosen |= {a.spec.id for a in select_attacks(None, access, signals, count)}
    assert chosen == {name for name, attack in membership_attacks().items() if attack.spec.default}


def test_an_online_attack_on_offline_references_is_an_error():
    with pytest.raises(UsageError, match="trained on some of the records") as caught:
        select_attacks(["lira-online"], Access.SCORE, OFFLINE, 8)
    assert "lira-online" in str(caught.value)


def test_all_runs_the_reference_attacks_too():
    chosen = {a.spec.id for a in select_attacks(["all"], Access.SCORE, ONLINE, 8)}
    assert {"lira-eb", "lira-eb-offline", "attack-r", "quantile", "loss"} <= chosen
    assert "lira-multi" not in chosen
