"""Private training from the outside."""

import json

import pytest

SMALL = ("--width", 8, "--epochs", 2, "--vocabulary", "hash:200")


@pytest.fixture
def messages(trained):
    return trained / "messages.tsv"


def test_a_private_model_says_what_it_keeps_and_the_audit_reads_it(privaudit, messages, tmp_path):
    model = tmp_path / "private.pt"
    done = privaudit("train", messages, *SMALL, "--epsilon", 2, "-o", model)
    assert done.code == 0
    (line,) = [line for line in done.out.splitlines() if line.startswith("Privacy: ")]
    assert "epsilon 2.00 at delta 1e-05 for adding or removing one record" in line
    assert "automatic clipping, norm 1" in line
    audited = privaudit("mia", model, "--json", "--attack", "loss")
    claim = json.loads(audited.out)["claim"]
    assert claim["epsilon"] == pytest.approx(2, abs=0.01)
    assert (claim["sampler"], claim["vocabulary"], claim["source"]) == ("poisson", "hash:200", "bundle")


def test_noise_can_be_given_and_its_seed_is_owned_up_to(privaudit, messages, tmp_path):
    options = ("--noise-multiplier", 1, "--clip", 0.5, "--noise-seed", 7, "--delta", 1e-4)
    done = privaudit("train", messages, *SMALL, *options, "-o", tmp_path / "m.pt")
    assert done.code == 0
    assert "noise 1," in done.out
    assert "clip norm 0.5" in done.out
    assert "delta 0.0001" in done.out
    assert "the noise follows from seed 7: anyone who knows it can subtract the noise" in done.out


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--epsilon", 8), "--vocabulary FILE, --vocabulary hash:4096 or --arch hf:DIR"),
        ((*SMALL, "--clip", "1.0"), "--epsilon"),
        ((*SMALL, "--noise-seed", "1"), "--noise-seed"),
        ((*SMALL, "--epsilon", 8, "--noise-multiplier", 1), "both or neither"),
        ((*SMALL, "--epsilon", 8, "--clip", "tight"), "--clip"),
        ((*SMALL, "--epsilon", 8, "--early-stopping"), "--early-stopping"),
        ((*SMALL, "--epsilon", 8, "--delta", 0.1), "--delta"),
        ((*SMALL, "--epsilon", -1), "Epsilon -1.0 is not a finite number above 0"),
        (("--noise-multiplier", 1, "--vocabulary", "hash:5"), "--vocabulary"),
    ],
)
def test_what_would_not_be_private_is_refused_before_training(privaudit, messages, tmp_path, options, word):
    model = tmp_path / "m.pt"
    done = privaudit("train", messages, *options, "-o", model)
    assert (done.code, done.out) == (2, "")
    assert word in done.err
    assert not model.exists()
    assert "Traceback" not in done.err


def test_privacy_stands_beside_other_defences(privaudit, messages, tmp_path):
    small = ("--arch", "bow", "--width", 8, "--epochs", 2, "--models", 2, "--controls", 1, "--repetitions", 5)
    pattern = ("--pattern", "my pin is {0|1|2|3|4:1}", "--defences", "none,dp:1", "--store", tmp_path / "s")
    refused = privaudit("sweep", messages, *small, *pattern)
    assert refused.code == 2
    assert "--vocabulary hash:4096" in refused.err
    out = tmp_path / "sweep.json"
    done = privaudit("sweep", messages, *small, *pattern, "--vocabulary", "hash:300", "-o", out)
    assert done.code == 0
    assert "for all 5 copies of a secret together" in done.out
    rows = json.loads(out.read_text())["sweep"]["defences"]
    assert [row["epsilon"] for row in rows] == [None, pytest.approx(1, abs=0.01)]
