"""What was audited, what is claimed for it, what is not said, and where the numbers come from."""

import pytest

from privaudit.reports.page import document_of
from privaudit.reports.page.provenance import provenance
from privaudit.reports.page.subject import claim, data, limits
from privaudit.results import BlindBaseline, Claim, ClaimedPhase, File, Interval, NotRun, StaticCheck


@pytest.mark.parametrize(
    ("comparable", "gates", "reason", "said"),
    [
        (True, True, None, "The two sets are comparable"),
        (False, True, None, "No attack can be judged on them"),
        (
            False,
            False,
            "the shift was accepted",
            "Attacks are judged all the same: the shift was accepted.",
        ),
        (
            None,
            True,
            "there are no texts",
            "It was not decided whether the two sets are comparable: there are no texts.",
        ),
    ],
)
def test_whether_the_sets_can_be_compared(make_result, words, comparable, gates, reason, said):
    auc = Interval(value=0.5, low=0.4, high=0.6)
    baseline = BlindBaseline(auc=auc, comparable=comparable, gates=gates, reason=reason, p_value=0.031)
    result = make_result()
    result = result.model_copy(update={"data": result.data.model_copy(update={"blind_baseline": baseline})})
    found = words(data(result))
    assert said in found
    assert "0.500 [0.400, 0.600]" in found
    assert "0.031" in found


@pytest.mark.parametrize(
    ("low", "high", "said"), [(0.43, 0.55, None), (0.056, 0.717, "up to 0.45 away from 0.5")]
)
def test_few_records_cannot_tell_much_apart(make_result, words, low, high, said):
    baseline = BlindBaseline(auc=Interval(value=0.5, low=low, high=high), comparable=True)
    result = make_result()
    result = result.model_copy(update={"data": result.data.model_copy(update={"blind_baseline": baseline})})
    assert ("With so few records" in words(data(result))) == bool(said)
    assert (said or "comparable") in words(data(result))


def test_a_claim_comes_with_how_it_was_accounted(make_result, make_epsilon, words):
    claimed = Claim(
        epsilon=2.0,
        delta=1e-5,
        accountant="pld",
        phases=(ClaimedPhase(noise_multiplier=1.25, sample_rate=0.01, steps=700),),
        notes=("The seed of the noise is known.",),
        versions={"torch": "2.13"},
    )
    checks = (StaticCheck(id="delta", status="warning", text="Delta is above 1/n."),)
    said = words(claim(make_result(claim=claimed, epsilon=make_epsilon(accounted=1.98, checks=checks))))
    for part in (
        "epsilon 1.98 at 1e-05",
        "1.25 0.01 700",
        "The seed of the noise is known.",
        "version of torch 2.13",
        "warning: Delta is above 1/n.",
        "accountant pld",
    ):
        assert part in said
    assert "()" not in said
    assert "This claim was not tested here" in words(claim(make_result(claim=claimed)))
    assert "No differential privacy is claimed" in words(claim(make_result()))


def test_limits_of_the_audit_fit_what_was_done(
    make_result, make_membership, make_extraction, make_epsilon, words
):
    plain = words(limits(make_result(membership=(make_membership(),))))
    assert "nearly blind" in plain
    assert "No planted secret" in plain
    assert "No epsilon was tested" in plain
    full = make_result(
        membership=(make_membership(n_references=4),),
        extraction=(make_extraction(),),
        epsilon=make_epsilon(),
        not_run=(NotRun(attack="rmia", reason="no time"),),
        warnings=("Mind the gap.",),
    )
    said = words(limits(full))
    for absent in ("nearly blind", "No planted secret", "No epsilon was tested"):
        assert absent not in said
    for there in (
        "not which real texts",
        "does not prove that the claim holds",
        "rmia did not finish: no time",
        "Mind the gap.",
    ):
        assert there in said


def test_provenance_is_enough_to_run_it_again(make_result, judged):
    result = judged(make_result(), "not-judged", policy="pyproject.toml (SHA-256 0123)")
    files = (File(name="model.pt", sha256="ab" * 32, size=1234),)
    model = result.model.model_copy(
        update={"files": files, "recipe": {"arch": "bow", "privacy": {"steps": 3}}}
    )
    records = result.data.model_copy(
        update={"files": (File(name="d.tsv", sha256="cd" * 32, size=9),), "split_seed": 11}
    )
    section = provenance(result.model_copy(update={"model": model, "data": records}))
    rows = dict(section.blocks[0].rows)
    assert rows["command"] == "privaudit mia 'my model.pt'"
    assert rows["SHA-256 of the model"] == "5e" * 32
    assert rows["SHA-256 of model.pt"] == f"{'ab' * 32}, 1,234 bytes"
    assert rows["SHA-256 of d.tsv"] == f"{'cd' * 32}, 9 bytes"
    assert rows["recipe"] == "arch bow, privacy.steps 3"
    assert (rows["seed"], rows["seed of the split"], rows["torch"]) == ("7", "11", "2.13")
    assert rows["policy"] == "pyproject.toml (SHA-256 0123)"
    assert section.folded


def test_the_document_reads_in_the_order_of_a_reviewer(
    make_result, make_membership, make_extraction, make_epsilon
):
    result = make_result(
        membership=(make_membership(),), extraction=(make_extraction(),), epsilon=make_epsilon(),
        claim=Claim(epsilon=2.0, delta=1e-5),
    )  # fmt: skip
    assert [section.id for section in document_of(result).sections] == [
        "limits", "success", "attacks", "extraction", "data", "claim", "limits-of-this-audit", "provenance",
    ]  # fmt: skip
