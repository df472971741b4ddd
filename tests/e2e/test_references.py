"""Audits with reference models, from the outside."""

import numpy as np
import pytest

from privaudit.results import read_result


def audited(run, model, *arguments):
    out = model.parent / "result.json"
    done = run("mia", model, "-o", out, *arguments)
    return done, read_result(out)


def by_attack(result):
    return {row.attack: row for row in result.membership}


def test_references_find_more_than_the_loss_alone(privaudit, bundle):
    done, result = audited(privaudit, bundle, "--references", 4, "--attack", "loss", "--attack", "lira-eb")
    assert done.code == 0
    rows = by_attack(result)
    assert (rows["loss"].n_references, rows["lira-eb"].n_references) == (0, 4)
    assert rows["lira-eb"].auc.low > rows["loss"].auc.value
    assert not any("reference models" in warning for warning in result.warnings)


def test_exposed_records_carry_a_rate_of_their_own(privaudit, bundle):
    _, result = audited(privaudit, bundle, "--references", 4)
    assert result.records
    for record in result.records:
        assert 1 / 5 <= record.record_fpr <= 1
        assert record.odds > 0
    _, without = audited(privaudit, bundle)
    assert all(record.record_fpr is None for record in without.records)


def test_the_default_set_with_references_is_the_documented_one(privaudit, bundle):
    _, result = audited(privaudit, bundle, "--references", 4)
    assert set(by_attack(result)) == {"loss", "vocabulary", "rmia", "lira-multi"}


def test_without_references_a_hint_says_what_is_missed(privaudit, bundle):
    _, result = audited(privaudit, bundle)
    assert any("reference models" in warning for warning in result.warnings)


def test_no_reference_is_trained_when_no_attack_reads_it(privaudit, bundle, tmp_path):
    done = privaudit("mia", bundle, "--references", 4, "--attack", "loss", "--store", tmp_path / "untouched")
    assert done.code == 0
    assert not (tmp_path / "untouched").exists()


def test_a_second_run_reads_the_store_and_gives_the_same_numbers(privaudit, bundle):
    def numbers():
        _, result = audited(privaudit, bundle, "--references", 4)
        return [row.model_dump(exclude={"seconds"}) for row in result.membership]

    assert numbers() == numbers()


def test_signals_with_references_can_be_audited_again(privaudit, bundle):
    signals = bundle.parent / "signals.npz"
    _, first = audited(privaudit, bundle, "--references", 4, "--attack", "lira-eb", "--signals", signals)
    with np.load(signals) as evidence:
        assert evidence["reference_logits"].shape[0] == 4
        assert evidence["reference_in"].shape == (4, len(evidence["member"]))
    _, again = audited(privaudit, signals, "--attack", "lira-eb")
    assert by_attack(again)["lira-eb"].auc.value == pytest.approx(by_attack(first)["lira-eb"].auc.value)


def test_a_population_gives_offline_attacks_only(privaudit, bundle, sides):
    members, _ = sides
    arguments = ("--references", 4, "--population", members)
    _, result = audited(privaudit, bundle, *arguments)
    assert "lira-eb-offline" in by_attack(result)
    done = privaudit("mia", bundle, *arguments, "--attack", "lira-online")
    assert done.code == 2
    assert done.err.count("\n") == 1


def test_out_of_time_references_leave_their_attacks_inconclusive(privaudit, bundle, tmp_path):
    done, result = audited(
        privaudit, bundle, "--references", 4, "--max-seconds", 0, "--store", tmp_path / "empty"
    )
    assert done.code == 4
    assert {item.attack for item in result.not_run} == {"rmia", "lira-multi"}


@pytest.mark.parametrize(
    "arguments", [("--references", "2"), ("--population", "x.csv"), ("--trainer", "a:b")]
)
def test_references_for_a_model_of_unknown_training_are_refused(privaudit, tmp_path, arguments):
    rows = "".join(f"{i % 2},{i % 3},{0.1 * (i % 7)},{0.2 * (i % 5)},{0.3 * (i % 4)}\n" for i in range(100))
    (tmp_path / "s.csv").write_text("member,label,logit_0,logit_1,logit_2\n" + rows)
    done = privaudit("mia", tmp_path / "s.csv", "--references", "2", *arguments)
    assert done.code == 2
    assert done.err.count("\n") == 1


def test_a_scikit_learn_pipeline_is_cloned(privaudit, sides, tmp_path):
    import skops.io
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    members, nonmembers = sides
    rows = [line.split(",", 1) for line in members.read_text().splitlines()[1:]]
    pipeline = make_pipeline(TfidfVectorizer(), MultinomialNB(alpha=0.01))
    pipeline.fit([text for _, text in rows], [label for label, _ in rows])
    model = tmp_path / "pipeline.skops"
    skops.io.dump(pipeline, model)
    done, result = audited(
        privaudit, model, "--members", members, "--nonmembers", nonmembers, "--references", 4
    )
    assert done.code == 0
    assert by_attack(result)["lira-eb"].n_references == 4
    assert by_attack(result)["lira-eb"].auc.low > 0.5
