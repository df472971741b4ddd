"""``privaudit mia`` from the outside: exit codes, outputs, and numbers that others can recompute."""

import json
import stat

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from privaudit.attacks.membership.registry import membership_attacks
from privaudit.attacks.membership.spec import Signal
from privaudit.results import json_schema, read_result

ATTACKS_WITHOUT_REFERENCES = {
    name for name, attack in membership_attacks().items() if Signal.REFERENCES not in attack.spec.needs
}


def result_of(run, bundle, *arguments):
    out = bundle.parent / "result.json"
    done = run("mia", bundle, "-o", out, *arguments)
    return done, read_result(out)


def test_a_bundle_needs_no_other_argument(privaudit, bundle):
    done, result = result_of(privaudit, bundle)
    assert done.code == 0
    assert done.out.startswith("NO LIMITS SET")
    assert result.verdict.status == "not-judged"
    assert result.data.source == "bundle-split"
    assert result.data.blind_baseline.gates is False
    assert {m.attack for m in result.membership} >= {
        "loss",
        "vocabulary",
        "self-influence",
        "gradient-norm-last",
    }


def test_numbers_equal_their_definition_on_the_exported_signals(privaudit, bundle):
    signals = bundle.parent / "signals.npz"
    _, result = result_of(privaudit, bundle, "--signals", signals, "--attack", "all")
    with np.load(signals) as evidence:
        member = evidence["member"]
        assert {row.attack for row in result.membership} == ATTACKS_WITHOUT_REFERENCES
        for row in result.membership:
            score = evidence[f"scores__{row.attack}"]
            scored = ~np.isnan(score)
            assert row.auc.value == pytest.approx(roc_auc_score(member[scored], score[scored]), abs=1e-9)
            inside, outside = score[scored & member], score[scored & ~member]
            for rate in row.tpr_at_fpr:
                if rate.tpr is not None:
                    assert rate.tpr == pytest.approx(tpr_by_definition(inside, outside, rate.fpr), abs=1e-12)
                    assert rate.low <= rate.tpr <= rate.high
    assert stat.S_IMODE(signals.stat().st_mode) == 0o600


def tpr_by_definition(inside, outside, fpr):
    thresholds = np.unique(np.concatenate([inside, outside, [np.inf]]))
    rates = [(np.mean(outside >= t), np.mean(inside >= t)) for t in thresholds]
    return max(tpr for false, tpr in rates if false <= fpr)


def test_signals_can_be_audited_again_without_the_model(privaudit, bundle):
    signals = bundle.parent / "signals.npz"
    _, first = result_of(privaudit, bundle, "--signals", signals, "--attack", "loss")
    _, again = result_of(privaudit, signals, "--attack", "loss")
    assert again.membership[0].auc == first.membership[0].auc
    assert again.model.format == "scores"


def test_same_seed_same_result_and_another_seed_another_half(privaudit, bundle):
    def numbers(seed):
        _, result = result_of(privaudit, bundle, "--seed", seed)
        return [m.model_dump(exclude={"seconds"}) for m in result.membership]

    assert numbers(5) == numbers(5)
    assert numbers(5) != numbers(6)


@pytest.mark.parametrize(
    ("threshold", "code", "status"),
    [
        ("vocabulary:auc>0.6", 1, "fail"),
        ("auc>0.6", 1, "fail"),
        ("auc>0.999", 0, "pass"),
        ("tpr@0.0001>0.5", 4, "inconclusive"),
    ],
)
def test_exit_code_follows_the_thresholds_and_the_result_is_written_first(
    privaudit, bundle, threshold, code, status
):
    done, result = result_of(privaudit, bundle, "--fail-if", threshold)
    assert done.code == code
    assert result.verdict.status == status
    assert result.verdict.thresholds[0].expression == threshold


def test_a_threshold_on_best_names_the_attack_that_it_stands_for(privaudit, bundle):
    done, result = result_of(privaudit, bundle, "--attack", "best", "--fail-if", "best:auc>0.6")
    assert done.code == 1
    (attack,), (threshold,) = result.membership, result.verdict.thresholds
    assert (threshold.expression, threshold.attack) == ("best:auc>0.6", "self-influence")
    assert (attack.attack, threshold.bound) == ("self-influence", "self-influence low")
    refused = privaudit("mia", bundle, "--attack", "loss", "--fail-if", "best:auc>0.6")
    assert refused.code == 2
    assert "best stands for self-influence" in refused.err


@pytest.mark.parametrize(("mode", "code"), [("pass", 0), ("fail", 1), ("4", 4)])
def test_on_inconclusive_decides_the_exit_code_and_is_recorded(privaudit, bundle, mode, code):
    done, result = result_of(privaudit, bundle, "--fail-if", "tpr@0.0001>0.5", "--on-inconclusive", mode)
    assert done.code == code
    assert result.verdict.on_inconclusive == mode


@pytest.mark.parametrize(
    "arguments",
    [
        ("--fail-if", "accuracy>0.5"),
        ("--fail-if", "tpr@0.02>0.5"),
        ("--fail-if", "lira-online:auc>0.5"),
        ("--fail-if", "label-only:auc>0.5"),
        ("--fail-if", "epsilon>1"),
        ("--attack", "no-such-attack"),
        ("--references", "-1"),
        ("--references", "0", "--trainer", "a:b"),
        ("--references", "2", "--ray", "auto", "--workers", "2"),
        ("--members", "members.csv"),
        ("--device", "cuda:99"),
        ("--on-inconclusive", "maybe"),
        ("--seed", "-1"),
        ("--no-such-option",),
        ("-o", "no/such/folder/r.json"),
    ],
)
def test_unusable_arguments_exit_2_with_one_line(privaudit, bundle, arguments):
    done = privaudit("mia", bundle, *arguments)
    assert done.code == 2
    assert done.out == ""
    assert done.err.count("\n") == 1


def test_sets_that_differ_in_their_texts_give_no_verdict_whatever_was_found(privaudit, bundle, sides):
    members, nonmembers = sides
    members.write_text(members.read_text().replace("\n", " indeed\n").replace("text indeed", "text"))
    arguments = ("--members", members, "--nonmembers", nonmembers, "--fail-if", "auc>0.1")
    done, result = result_of(privaudit, bundle, *arguments, "--on-inconclusive", "pass")
    assert done.code == 4
    assert result.verdict.status == "inconclusive"
    assert result.data.blind_baseline.comparable is False
    accepted, result = result_of(privaudit, bundle, *arguments, "--accept-shift")
    assert accepted.code == 1
    assert any("--accept-shift" in warning for warning in result.warnings)


def test_records_from_outside_are_audited(privaudit, bundle, sides):
    members, nonmembers = sides
    done, result = result_of(privaudit, bundle, "--members", members, "--nonmembers", nonmembers)
    assert done.code == 0
    assert result.data.source == "files"
    assert result.data.n_members + result.data.n_nonmembers + result.data.duplicates.exact_removed == 400


def test_max_seconds_leaves_unfinished_attacks_inconclusive(privaudit, bundle):
    done, result = result_of(
        privaudit, bundle, "--attack", "loss", "--attack", "label-only", "--max-seconds", 0
    )
    assert done.code == 4
    assert [m.attack for m in result.membership] == ["loss"]
    assert [m.attack for m in result.not_run] == ["label-only"]


def test_dry_run_prints_the_plan_and_writes_nothing(privaudit, bundle):
    out = bundle.parent / "result.json"
    done = privaudit("mia", bundle, "--dry-run", "-o", out, "--attack", "label-only")
    assert done.code == 0
    assert "label-only" in done.out
    assert "Inference" in done.out
    assert not out.exists()


def test_json_on_stdout_is_the_whole_output_and_fits_the_schema(privaudit, bundle):
    import jsonschema

    for arguments in (("--json",), ("-o", "-")):
        done = privaudit("mia", bundle, "-q", *arguments)
        jsonschema.validate(json.loads(done.out), json_schema())
        assert done.err == ""


def test_texts_stay_out_of_the_result_unless_asked_for(privaudit, bundle):
    text = (bundle.parent / "messages.tsv").read_text().splitlines()
    texts = {line.split("\t")[1] for line in text}
    _, hidden = result_of(privaudit, bundle)
    assert all(record.text is None for record in hidden.records)
    assert not any(t in (bundle.parent / "result.json").read_text() for t in texts)
    _, shown = result_of(privaudit, bundle, "--show-texts")
    assert all(record.text in texts for record in shown.records)


def test_configuration_environment_and_flags_in_that_order(privaudit, bundle, monkeypatch):
    monkeypatch.chdir(bundle.parent)
    (bundle.parent / "privaudit.toml").write_text('seed = 1\n[mia]\nattack = ["loss"]\n')
    _, from_file = result_of(privaudit, bundle)
    assert (from_file.provenance.seed, [m.attack for m in from_file.membership]) == (1, ["loss"])
    assert from_file.provenance.settings["attack"] == "loss (configuration)"
    monkeypatch.setenv("PRIVAUDIT_SEED", "2")
    _, from_environment = result_of(privaudit, bundle)
    assert from_environment.provenance.seed == 2
    _, from_flag = result_of(privaudit, bundle, "--seed", 3)
    assert from_flag.provenance.seed == 3


def test_misspelled_configuration_is_refused(privaudit, bundle, monkeypatch):
    monkeypatch.chdir(bundle.parent)
    (bundle.parent / "privaudit.toml").write_text('[mia]\nfali-if = ["auc>0.6"]\n')
    done = privaudit("mia", bundle)
    assert done.code == 2
    assert "fali-if" in done.err


def test_moved_or_changed_training_data_is_never_guessed(privaudit, bundle):
    data = bundle.parent / "messages.tsv"
    moved = data.rename(bundle.parent / "elsewhere.tsv")
    assert privaudit("mia", bundle).code == 2
    assert privaudit("mia", bundle, "--data", moved).code == 0
    moved.write_text(moved.read_text() + "transfer\tone more\n")
    done = privaudit("mia", bundle, "--data", moved)
    assert done.code == 2
    assert "SHA-256" in done.err


def test_claims_typed_by_hand_are_recorded(privaudit, bundle):
    _, result = result_of(privaudit, bundle, "--claim-epsilon", 8, "--claim-delta", 1e-5)
    assert (result.claim.epsilon, result.claim.delta) == (8, 1e-5)


def test_groups_are_the_unit_of_membership(privaudit, tmp_path):
    from privaudit.data.demo import demo_records

    rows = [f"{label}\t{text}\tuser{i // 4}\n" for i, (label, text) in enumerate(demo_records(600, seed=3))]
    (tmp_path / "d.tsv").write_text("label\ttext\tuser\n" + "".join(rows))
    model = tmp_path / "m.pt"
    assert privaudit("train", tmp_path / "d.tsv", "--group-column", "user", "-o", model, "-q").code == 0
    _, result = result_of(privaudit, model)
    assert result.data.n_groups == 150
    loss = next(m for m in result.membership if m.attack == "loss")
    assert loss.n_members + loss.n_nonmembers == 150
    assert loss.auc_within_class.value is None
    assert loss.auc_within_class.reason
