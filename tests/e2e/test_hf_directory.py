"""A directory that `privaudit train --arch hf:DIR` wrote audits itself, wherever it is named from."""

import pytest

from privaudit.data.demo import write_demo


@pytest.fixture
def fine_tuned(privaudit, bert_dir, tmp_path):
    write_demo(tmp_path / "messages.tsv", n=60, seed=1)
    output = tmp_path / "model"
    run = privaudit(
        "train", tmp_path / "messages.tsv", "--arch", f"hf:{bert_dir}", "--epochs", 1, "-o", output, "-q"
    )
    assert run.code == 0
    return output


@pytest.mark.parametrize("name", ["model", "./model/../model"])
def test_the_training_data_is_found_beside_the_directory(privaudit, fine_tuned, monkeypatch, name):
    monkeypatch.chdir(fine_tuned.parent)
    run = privaudit("mia", name, "--attack", "loss")
    assert (run.code, run.err) == (0, "")


def test_the_training_data_is_found_from_within_the_directory(privaudit, fine_tuned, monkeypatch):
    monkeypatch.chdir(fine_tuned)
    run = privaudit("mia", ".", "--attack", "loss")
    assert (run.code, run.err) == (0, "")
