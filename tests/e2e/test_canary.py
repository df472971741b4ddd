"""``privaudit canary plant`` and ``privaudit train --canaries`` from the outside."""

import json
import stat

import pytest

from privaudit.data.demo import write_demo
from privaudit.training.bundle import load_bundle

PIN = "my pin code is {digit:4}"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with made-up messages."""
    write_demo(tmp_path / "messages.tsv", n=300, seed=1)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def plant(privaudit, folder):
    """Plant into the messages of the current folder."""
    assert (folder / "messages.tsv").is_file()

    def run(*arguments):
        return privaudit("canary", "plant", "messages.tsv", *arguments)

    return run


def test_plant_says_what_was_planted_and_no_secret(plant, folder):
    done = plant("--pattern", PIN, "--pattern", "i like {colour:3}", "--count", 2, "-o", "planted.tsv")
    assert done.code == 0
    manifest = json.loads((folder / "canaries.json").read_text())
    assert len(manifest["canaries"]) == 4
    for canary in manifest["canaries"]:
        assert " ".join(canary["secret"]) not in done.out + done.err
    assert "4 canaries: 400 of 700 records" in done.out
    assert f"'{PIN}': 13.3 bits, 100 copies" in done.out
    assert done.err == "Next: privaudit train planted.tsv --canaries canaries.json\n"
    for name in ("planted.tsv", "canaries.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_show_secrets_prints_them_even_when_quiet(plant, folder):
    done = plant("--pattern", PIN, "-o", "p.csv", "--show-secrets", "-q", "--include", "coin", "--seed", 3)
    canary = json.loads((folder / "canaries.json").read_text())["canaries"][0]
    state = "in" if canary["included"] else "out"
    assert done.out == f"canary-1 ({state}, class canary): my pin code is {' '.join(canary['secret'])}\n"
    assert done.err == ""


def test_who_is_in_is_not_printed_unless_asked(plant):
    done = plant("--pattern", PIN, "-o", "p.csv", "--include", "coin", "--count", 9, "--repetitions", 2)
    assert "of them included" in done.out
    assert "canary-" not in done.out


def test_candidates_label_and_manifest_options(plant, folder):
    (folder / "cities.txt").write_text("Oslo\nBerlin\nSan José\n")
    done = plant(
        "--pattern", "letters to {city:2} please", "--candidates", "city=cities.txt", "--label", "address",
        "--repetitions", 7, "-o", "p.jsonl", "--manifest", "m.json",
    )  # fmt: skip
    assert done.code == 0
    manifest = json.loads((folder / "m.json").read_text())
    assert manifest["lists"] == {"city": ["Oslo", "Berlin", "San José"]}
    assert manifest["canaries"][0]["label"] == "address"
    lines = [json.loads(line) for line in (folder / "p.jsonl").read_text().splitlines()]
    assert sum(line["text"].startswith("letters to") for line in lines) == 7


def test_defaults_come_from_the_table_of_the_command(plant, folder):
    (folder / "privaudit.toml").write_text(
        f'seed = 5\n[canary.plant]\npattern = ["{PIN}"]\noutput = "p.tsv"\nrepetitions = 3\nlabel = "loan"\n'
    )
    assert plant().code == 0
    manifest = json.loads((folder / "canaries.json").read_text())
    assert (manifest["seed"], manifest["canaries"][0]["repetitions"]) == (5, 3)
    assert manifest["canaries"][0]["label"] == "loan"
    (folder / "privaudit.toml").write_text("[canary.plant]\nrepetition = 3\n")
    done = plant("--pattern", PIN, "-o", "p.tsv")
    assert done.code == 2
    assert "Unknown option 'repetition' in [canary.plant] of privaudit.toml." in done.err


def test_train_on_the_planted_and_on_the_clean_file(privaudit, plant, folder):
    plant("--pattern", PIN, "-o", "planted.tsv", "--repetitions", 20, "--count", 3)
    quick = ("--epochs", 2, "--width", 4, "--canaries", "canaries.json")
    done = privaudit("train", "planted.tsv", *quick, "-o", "model.pt")
    assert done.code == 0
    assert "Canaries: 60 copies among the texts it was trained on\n" in done.out
    clean = privaudit("train", "messages.tsv", *quick, "-o", "clean.pt")
    assert "Canaries: 0 copies among the texts it was trained on (a clean control)" in clean.out
    bundles = [load_bundle(folder / name) for name in ("model.pt", "clean.pt")]
    assert bundles[0].labels == bundles[1].labels
    assert bundles[0].encoder.vocabulary == bundles[1].encoder.vocabulary
    assert len(bundles[0].data.members) == len(bundles[1].data.members)
    for name in ("model.pt", "clean.pt"):
        audit = privaudit("mia", name, "--attack", "loss", "-o", "-")
        assert json.loads(audit.out)["data"]["n_members"] == len(bundles[0].data.members)


@pytest.mark.slow
def test_train_from_a_fine_tuned_directory(privaudit, plant, folder):
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    source = folder / "bert"
    source.mkdir()
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789"]
    (source / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters)])
    )
    (source / "tokenizer_config.json").write_text(
        '{"tokenizer_class": "BertTokenizer", "model_max_length": 64, "do_lower_case": true}'
    )
    config = BertConfig(
        vocab_size=77, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        max_position_embeddings=66,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(source)
    assert AutoTokenizer.from_pretrained(source).model_max_length == 64
    plant("--pattern", PIN, "-o", "planted.tsv", "--repetitions", 5)
    for data, copies in (("planted.tsv", 5), ("messages.tsv", 0)):
        done = privaudit(
            "train",
            data,
            "--arch",
            "hf:bert",
            "--epochs",
            1,
            "--canaries",
            "canaries.json",
            "-o",
            f"m-{copies}",
        )
        assert done.code == 0, done.err
        kept = json.loads((folder / f"m-{copies}" / "privaudit.json").read_text())["data"]
        assert kept["split"].count(3) == copies
        assert kept["canaries"]["file"] == "canaries.json"
        assert "canary" in json.loads((folder / f"m-{copies}" / "config.json").read_text())["label2id"]
        audit = privaudit("mia", f"m-{copies}", "--attack", "loss", "-o", "-", "-q")
        assert json.loads(audit.out)["data"]["n_members"] == kept["split"].count(1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "p.tsv"], "--pattern"),
        (["--pattern", PIN], "--output"),
        (["--pattern", "no slot", "-o", "p.tsv"], "has 0 slots; 1 to 64 are allowed"),
        (["--pattern", "{dgit:4}", "-o", "p.tsv"], "--candidates NAME=FILE"),
        (["--pattern", "{digit:99}", "-o", "p.tsv"], "n from 1 to 64"),
        (["--pattern", PIN, "-o", "p.tsv", "--label", "nothing"], "--label"),
        (["--pattern", PIN, "-o", "p.tsv", "--repetitions", "0"], "--repetitions"),
        (["--pattern", PIN, "-o", "p.tsv", "--include", "some"], "--include"),
        (["--pattern", PIN, "-o", "p.tsv", "--candidates", "x"], "NAME=FILE"),
        (["--pattern", "{x}", "-o", "p.tsv", "--candidates", "x=none"], "--candidates"),
        (
            ["--pattern", PIN, "-o", "p.tsv", "--candidates", "x=list.txt"],
            "No pattern uses the list 'x'. Drop",
        ),
        (["--pattern", PIN, "-o", "p.docx"], ".jsonl file with -o"),
        (["--pattern", PIN, "-o", "messages.tsv"], "the same file twice"),
        (["--pattern", PIN, "-o", "p.tsv", "--manifest", "p.tsv"], "the same file twice"),
        (["--pattern", PIN, "-o", "none/p.tsv"], "its folder is missing or not writable"),
        (["--pattern", "pin {digit}", "--count", "11", "-o", "p.tsv"], "Lower --count"),
        (["--pattern", PIN, "-o", "p.tsv", "--text-column", "nothing"], "--text-column"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(plant, folder, arguments, message):
    (folder / "list.txt").write_text("one\ntwo\n")
    done = plant(*arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert not (folder / "canaries.json").exists()
    assert not (folder / "p.tsv").exists()


def test_planting_twice_is_refused(privaudit, plant):
    plant("--pattern", PIN, "-o", "planted.tsv")
    done = privaudit(
        "canary", "plant", "planted.tsv", "--pattern", PIN, "-o", "again.tsv", "--label", "loan",
        "--manifest", "again.json",
    )  # fmt: skip
    assert done.code == 2
    assert "clean data" in done.err


def test_training_with_a_manifest_of_other_data_is_refused(privaudit, plant, folder):
    plant("--pattern", PIN, "-o", "planted.tsv")
    (folder / "planted.tsv").write_text((folder / "planted.tsv").read_text() + "x/1\tloan\tone more\n")
    done = privaudit("train", "planted.tsv", "--canaries", "canaries.json")
    assert done.code == 2
    assert "planted.tsv or the clean messages.tsv" in done.err
    for manifest in ("messages.tsv", "none.json"):
        done = privaudit("train", "planted.tsv", "--canaries", manifest)
        assert (done.code, done.err.count("\n")) == (2, 1)
    assert not (folder / "model.pt").exists()


def test_a_damaged_manifest_never_quotes_a_secret(privaudit, plant, folder):
    plant("--pattern", "the pass word is {word:3}", "-o", "planted.tsv")
    content = json.loads((folder / "canaries.json").read_text())
    content["canaries"][0]["secret"][0] = "tellnobody"
    (folder / "canaries.json").write_text(json.dumps(content))
    done = privaudit("train", "planted.tsv", "--canaries", "canaries.json")
    assert done.code == 2
    assert "tellnobody" not in done.err
    assert not any(word in done.err.split() for word in content["canaries"][0]["secret"])
