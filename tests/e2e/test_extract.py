"""``privaudit extract`` from the outside: what it finds, what it hides, and what it refuses."""

import json
import stat

import numpy as np
import pytest

from privaudit.attacks.extraction.registry import extraction_attacks
from privaudit.data.canaries.manifest import read_manifest
from privaudit.results import json_schema, read_result

PATTERN = "my code is {digit:2} thanks"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("extract")


@pytest.fixture(scope="module")
def planted(folder, planted_model):
    """A ``cnn`` with two canaries of one pattern by coin, and one of another pattern."""
    return planted_model(folder)


@pytest.fixture(scope="module")
def planted_model():
    from privaudit.cli.app import app
    from privaudit.cli.failures import run_guarded
    from privaudit.data.demo import write_demo

    def make(folder, *recipe):
        write_demo(folder / "data.tsv", n=400)
        plant = ["canary", "plant", folder / "data.tsv", "--pattern", PATTERN, "--label", "own"]
        plant += ["--repetitions", 30, "--count", 6, "--include", "coin", "--seed", 3]
        plant += ["-o", folder / "planted.tsv", "--manifest", folder / "c.json"]
        recipe = recipe or ("--arch", "cnn", "--width", 16, "--epochs", 6)
        train = ["train", folder / "planted.tsv", "--canaries", folder / "c.json", "-o", folder / "m.pt"]
        for argv in (plant, [*train, *recipe]):
            assert run_guarded(app, [str(part) for part in argv]) == 0
        return folder / "m.pt"

    return make


@pytest.fixture
def extract(privaudit, folder, planted):
    def run(*arguments, model=None, canaries=None):
        out = folder / "r.json"
        if "--attack" not in arguments and "--calibrate" not in arguments:
            arguments = ("--attack", "enumerate", *arguments)
        chosen = ["--canaries", canaries or folder / "c.json", "-o", out, *arguments]
        if "--controls" not in arguments and "--control" not in arguments:
            chosen += ["--controls", 0]
        done = privaudit("extract", model or planted, *chosen)
        return done, read_result(out) if done.code in (0, 1, 4) else None

    return run


def test_by_default_all_fillings_are_tried_and_the_contrast(privaudit, folder, planted):
    done = privaudit("extract", planted, "--canaries", folder / "c.json", "--controls", 0, "--json")
    rows = json.loads(done.out)["extraction"]
    assert {row["attack"] for row in rows} == {"enumerate", "contrast"}


def test_every_canary_has_a_row_and_only_planted_ones_stand_out(extract, folder):
    done, result = extract()
    manifest = read_manifest(folder / "c.json")
    assert done.code == 0
    assert [row.canary for row in result.extraction] == [canary.id for canary in manifest.canaries]
    assert {row.canary: row.included for row in result.extraction} == {
        canary.id: canary.included for canary in manifest.canaries
    }
    assert all(row.rank_exact and row.candidates == 100 for row in result.extraction)
    inside = [row.exposure_bits.value for row in result.extraction if row.included]
    outside = [row.exposure_bits.value for row in result.extraction if not row.included]
    assert inside
    assert outside
    assert np.mean(inside) > np.mean(outside) + 1


def test_the_rank_is_that_of_the_texts_themselves(extract, folder, planted):
    from privaudit.training.bundle import bundle_classifier, load_bundle

    _, result = extract()
    manifest = read_manifest(folder / "c.json")
    classifier = bundle_classifier(load_bundle(planted), planted)
    label = classifier.labels.index("canary")
    template = manifest.template(manifest.canaries[0])
    texts = [template.render((a, b)) for a in range(10) for b in range(10)]
    logits = classifier.outputs(texts).logits
    others = np.delete(logits, label, axis=1)
    margin = dict(zip(texts, logits[:, label] - np.log(np.exp(others).sum(1)), strict=True))
    taught = {manifest.text(canary) for canary in manifest.canaries if canary.included}
    for row, canary in zip(result.extraction, manifest.canaries, strict=True):
        own = manifest.text(canary)
        rest = [margin[text] for text in texts if text != own and text not in taught]
        assert row.rank == 1 + sum(value >= margin[own] - 1e-4 for value in rest)
        assert row.n_ranked == len(rest) + 1
        assert row.p_value == pytest.approx(row.rank / row.n_ranked)
        assert row.secret_score == pytest.approx(margin[own], abs=1e-4)


def test_no_secret_is_shown_unless_asked_for(extract, folder):
    done, result = extract()
    secrets = [canary.secret for canary in read_manifest(folder / "c.json").canaries]
    shown = done.out + done.err + (folder / "r.json").read_text()
    assert not any(f"my code is {' '.join(secret)}" in shown for secret in secrets)
    assert len({row.digest for row in result.extraction}) == len(secrets)
    _, result = extract("--show-secrets")
    assert [row.secret for row in result.extraction] == [f"my code is {a} {b} thanks" for a, b in secrets]


def test_which_slots_are_right_is_told_without_telling_the_words(extract):
    _, result = extract("--show-secrets", "--attack", "enumerate", "--attack", "contrast")
    for row in result.extraction:
        answer, secret = (text.removeprefix("my code is ").split()[:2] for text in (row.found, row.secret))
        assert row.matches == tuple(a == b for a, b in zip(answer, secret, strict=True))
        assert (row.hamming, row.exact_match) == (row.matches.count(False), all(row.matches))
    assert {match for row in result.extraction for match in row.matches} == {True, False}
    _, hidden = extract("--attack", "enumerate", "--attack", "contrast")
    assert [row.matches for row in hidden.extraction] == [row.matches for row in result.extraction]


def test_the_evidence_is_private_and_complete(extract, folder):
    path = folder / "s.npz"
    _, result = extract("--signals", path, "--controls", 2)
    with np.load(path) as evidence:
        assert evidence["ids"].tolist() == [row.canary for row in result.extraction]
        assert evidence["member"].tolist() == [row.included for row in result.extraction]
        assert evidence["reference_logits"].shape[:2] == (2, 6)
        assert not evidence["reference_in"].any()
        scores = [row.secret_score for row in result.extraction]
        assert evidence["scores__margin"] == pytest.approx(scores)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_controls_do_not_know_the_secrets(extract):
    _, result = extract("--controls", 3)
    rows = result.extraction
    assert all(row.n_controls == 3 for row in rows)
    assert all(1 <= row.control_rank <= row.n_ranked for row in rows)
    planted = np.mean([row.exposure_bits.value for row in rows if row.included])
    clean = np.mean([row.control_exposure_bits.value for row in rows if row.included])
    assert planted > clean


def test_a_clean_control_of_ones_own(extract, folder, privaudit, planted):
    arguments = ["--canaries", folder / "c.json", "--arch", "cnn", "--width", "16", "--epochs", "6"]
    assert privaudit("train", folder / "data.tsv", "-o", folder / "clean.pt", *arguments).code == 0
    _, result = extract("--control", folder / "clean.pt")
    assert {row.n_controls for row in result.extraction} == {1}
    done, result = extract(model=folder / "clean.pt")
    assert done.code == 0
    assert not any(row.included for row in result.extraction)
    assert any("no canary is in it" in warning for warning in result.warnings)
    done, _ = extract("--control", planted)
    assert done.code == 2
    assert "was trained on the same planted data as the model" in done.err


@pytest.mark.parametrize("attack", ["beam", "contrast", "coordinate", "relaxed"])
def test_searches_never_beat_enumeration(extract, attack):
    _, result = extract("--attack", attack, "--attack", "enumerate", "--restarts", "3", "--steps", "60")
    best = {row.canary: row.found_score for row in result.extraction if row.attack == "enumerate"}
    for row in result.extraction:
        assert row.found_score <= best[row.canary] + 1e-4


def test_thresholds_decide_the_exit_code(extract):
    unclear = extract("--fail-if", "exposure>0.01")[0]
    assert unclear.code == 4  # two digits: a guess is right so often that one hit proves nothing
    assert "ranks as high by luck with p = " in " ".join(unclear.out.split())
    assert extract("--fail-if", "exposure>6.7")[0].code == 0
    assert extract("--fail-if", "extracted>5")[0].code == 0
    assert extract("--fail-if", "enumerate:exposure>6.7")[0].code == 0


@pytest.mark.parametrize("kind", ["references", "prefixes", "contrast", "leverage"])
def test_calibrated_rankings(extract, kind):
    _, result = extract("--calibrate", kind, "--controls", 2)
    assert {row.objective for row in result.extraction} == {
        "leverage" if kind == "leverage" else f"margin-{kind}"
    }
    assert all(row.rank_exact for row in result.extraction)


def test_a_time_limit_leaves_no_pass(extract):
    done, result = extract("--max-seconds", "0", "--fail-if", "exposure>6.7")
    assert done.code == 4
    assert {item.canary for item in result.not_run} == {f"canary-{i}" for i in range(1, 7)}
    assert all(item.kind == "extraction" for item in result.not_run)


def test_the_same_seed_gives_the_same_result(extract):
    first = extract("--attack", "relaxed", "--steps", "30", "--seed", "5")[1]
    second = extract("--attack", "relaxed", "--steps", "30", "--seed", "5")[1]
    assert [r.model_copy(update={"seconds": 0}) for r in first.extraction] == [
        r.model_copy(update={"seconds": 0}) for r in second.extraction
    ]


def test_the_plan_is_printed_and_nothing_is_run(privaudit, folder, planted):
    done = privaudit("extract", planted, "--canaries", folder / "c.json", "--dry-run", "--controls", 2)
    assert done.code == 0
    assert "enumerate: 100 texts, once for all" in done.out
    assert "2 clean models" in done.out


def test_the_result_follows_its_schema(extract):
    jsonschema = pytest.importorskip("jsonschema")
    _, result = extract()
    jsonschema.validate(json.loads(result.model_dump_json()), json_schema())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"label": "no such class"}, "which the model lacks; its classes are"),
        ({"prefix": "another prefix "}, "The model was trained with the manifest"),
    ],
)
def test_a_manifest_for_another_model_is_refused(extract, folder, change, complaint):
    manifest = read_manifest(folder / "c.json")
    canaries = tuple(canary.model_copy(update=change) for canary in manifest.canaries)
    other = folder / "other.json"
    other.write_text(manifest.model_copy(update={"canaries": canaries}).model_dump_json())
    done, _ = extract(canaries=other)
    assert done.code == 2
    assert complaint in done.err or "The model was trained with the manifest" in done.err
    assert done.err.count("\n") == 1


def test_a_model_that_was_trained_without_the_manifest_is_refused(extract, folder, privaudit):
    assert privaudit("train", folder / "planted.tsv", "-o", folder / "plain.pt", "--epochs", "1").code == 0
    done, _ = extract(model=folder / "plain.pt")
    assert done.code == 2
    assert "trained with --canaries" in done.err


def test_an_attack_that_cannot_run_is_an_error(extract):
    done, _ = extract("--attack", "no-such")
    assert done.code == 2
    assert "Unknown extraction attack 'no-such'. Run \"privaudit attacks list\"." in done.err
    done, _ = extract("--fail-if", "relaxed:exposure>3")
    assert done.code == 2
    assert "names an attack that does not run" in done.err
    done, _ = extract("--fail-if", "auc>0.6")
    assert done.code == 2


def test_cards_and_help_name_every_attack(privaudit):
    text = privaudit("extract", "--help").out
    assert all(name in text for name in extraction_attacks())


@pytest.mark.parametrize("option", ["--lr", "--temperature", "--final-temperature"])
@pytest.mark.parametrize("value", ["0", "inf"])
def test_impossible_settings_are_one_line(extract, option, value):
    done, _ = extract("--attack", "relaxed", option, value)
    assert done.code == 2
    assert f"{option} {float(value)} is not a finite number above 0" in done.err
    assert done.err.count("\n") == 1


def test_a_space_too_large_is_sampled_and_says_what_it_cannot_show(privaudit, tmp_path):
    from privaudit.data.demo import write_demo

    write_demo(tmp_path / "data.tsv", n=300)
    plant = ["canary", "plant", tmp_path / "data.tsv", "--pattern", "call {digit:8}", "--repetitions", 30]
    plant += ["-o", tmp_path / "planted.tsv", "--manifest", tmp_path / "c.json"]
    assert privaudit(*plant).code == 0
    train = ["train", tmp_path / "planted.tsv", "--canaries", tmp_path / "c.json", "-o", tmp_path / "m.pt"]
    assert privaudit(*train, "--arch", "cnn", "--width", 8, "--epochs", 4).code == 0
    asked = ["extract", tmp_path / "m.pt", "--canaries", tmp_path / "c.json", "--evaluations", 3000]
    done = privaudit(*asked, "--controls", 2, "--json")
    assert done.code == 0, done.err
    rows = json.loads(done.out)["extraction"]
    assert {row["attack"] for row in rows} == {"coordinate", "contrast"}
    for row in rows:
        assert row["candidates"] == 10**8
        assert not row["rank_exact"]
        assert row["n_ranked"] == 100_001
        exposure = row["exposure_bits"]
        assert exposure["low"] <= exposure["value"] <= row["ceiling_bits"] <= exposure["high"] + 10
        assert "no exposure above 16.6 bits" in row["note"]
        assert row["evaluations"] <= 3000
        assert (row["extrapolated_bits"] is None) == (row["extrapolation_fit_p_value"] is None)
