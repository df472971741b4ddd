"""The files in fixtures/ are what their script makes, and the main job runs on them."""

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest

FIXTURES = Path(__file__).parents[1] / "fixtures"
DEMO = FIXTURES / "demo"


@pytest.fixture(scope="module")
def make_demo():
    spec = importlib.util.spec_from_file_location("make_demo", FIXTURES / "make_demo.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_makes_the_same_messages(make_demo, tmp_path):
    assert make_demo.write_messages(tmp_path).read_bytes() == (DEMO / "messages.tsv").read_bytes()


def test_the_bundle_names_the_messages_beside_it():
    from privaudit.data.readers import file_sha256
    from privaudit.training.bundle import load_bundle

    data = load_bundle(DEMO / "model.pt").data
    assert data.path(DEMO / "model.pt").resolve() == (DEMO / "messages.tsv").resolve()
    assert data.sha256 == file_sha256(DEMO / "messages.tsv")


def test_the_script_makes_the_same_model(make_demo, tmp_path):
    from privaudit.data.readers import read_records
    from privaudit.training.bundle import bundle_classifier, load_bundle

    made = make_demo.write_model(tmp_path, DEMO / "messages.tsv")
    kept, again = load_bundle(DEMO / "model.pt"), load_bundle(made)
    assert (kept.labels, kept.recipe) == (again.labels, again.recipe)
    assert kept.encoder.vocabulary.known == again.encoder.vocabulary.known
    np.testing.assert_array_equal(kept.data.split, again.data.split)
    texts = read_records(DEMO / "messages.tsv").texts
    logits = [bundle_classifier(b, made).outputs(texts).logits for b in (kept, again)]
    # NOTE: training may differ in its last digits from one kind of processor to the next.
    np.testing.assert_allclose(logits[0], logits[1], atol=0.01)


def test_together_they_are_small_and_not_private():
    assert sum(path.stat().st_size for path in DEMO.iterdir()) <= 400_000
    assert {path.name for path in DEMO.iterdir()} == {"messages.tsv", "model.pt"}


@pytest.mark.parametrize("mode", [0o644, 0o444])
def test_the_main_job_runs_whatever_the_file_mode(tmp_path, mode, capsys):
    from privaudit.cli.app import app
    from privaudit.cli.failures import run_guarded

    shutil.copytree(DEMO, tmp_path / "demo")
    for path in (tmp_path / "demo").iterdir():
        path.chmod(mode)
    assert run_guarded(app, ["mia", str(tmp_path / "demo" / "model.pt"), "--attack", "loss"]) == 0
    assert "1,039 members, 1,022 non-members" in capsys.readouterr().out
