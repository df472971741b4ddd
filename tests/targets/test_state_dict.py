import pickle

import numpy as np
import pytest
import torch

from privaudit.errors import ModelError, UnsafeModelError
from privaudit.targets.state_dict import open_state_dict


def example(name):
    def save(request):
        factory = request.getfixturevalue("factory_module") + ":build"
        return request.getfixturevalue("save_state_dict")(name), {"factory": factory}

    return save


EXAMPLES = {"torch": example("weights.pt"), "safetensors": example("weights.safetensors")}
"""What the contract tests open."""


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"model_state_dict": state, "optimizer": {"lr": 0.1}},
        lambda state: {"model": state, "stats": [1, 2]},
        lambda state: {f"module.{k}": v for k, v in state.items()},
        lambda state: {"state_dict": {f"model.{k}": v for k, v in state.items()}},
        lambda state: {f"module._orig_mod.{k}": v for k, v in state.items()},
        lambda state: {k: v.half() for k, v in state.items()},
    ],
)
def test_wrapped_checkpoints(save_state_dict, factory_module, texts, wrap):
    plain = open_state_dict(save_state_dict(), f"{factory_module}:build").outputs(texts).logits
    wrapped = (
        open_state_dict(save_state_dict("wrapped.pt", wrap), f"{factory_module}:build").outputs(texts).logits
    )
    np.testing.assert_allclose(wrapped, plain, atol=1e-2)


def test_weights_come_from_the_file(save_state_dict, factory_module, texts):
    path = save_state_dict(wrap=lambda state: {k: torch.zeros_like(v) for k, v in state.items()})
    assert not open_state_dict(path, f"{factory_module}:build").outputs(texts).logits.any()


def test_labels_are_numbered_without_names(save_state_dict, factory_module):
    assert open_state_dict(save_state_dict(), f"{factory_module}:unlabelled").labels == ("0", "1")


@pytest.mark.parametrize(
    ("wrap", "part"),
    [
        (lambda s: {k: v for k, v in s.items() if k != "head.bias"}, "without head.bias"),
        (lambda s: {**s, "extra.weight": torch.zeros(1)}, "unknown extra.weight"),
        (lambda s: {**s, "head.weight": torch.zeros(3, 8)}, "head.weight [3, 8] instead of [2, 8]"),
        (
            lambda s: {**s, "head.weight": torch.zeros(2, 8, dtype=torch.long)},
            "torch.int64 instead of torch.float32",
        ),
        (lambda s: {"weights": s, "epoch": 1}, "'weights', 'epoch'"),
        (lambda s: list(s.values()), "a list"),
        (lambda _: {}, "an empty dict"),
        (lambda _: {1: torch.zeros(1)}, "keys 1"),
    ],
)
def test_mismatches_are_named(save_state_dict, factory_module, fails, wrap, part):
    path = save_state_dict(wrap=wrap)
    assert part in fails(ModelError, open_state_dict, path, f"{factory_module}:build")


def test_nan_weights_are_told(save_state_dict, factory_module, fails, texts):
    path = save_state_dict(wrap=lambda s: {**s, "head.bias": torch.tensor([float("nan"), 0])})
    target = open_state_dict(path, f"{factory_module}:build")
    assert "24 of 24" in fails(ModelError, target.outputs, texts)


@pytest.mark.parametrize(
    ("function", "part"),
    [
        (":broken", "KeyError: 'no such\\nvocabulary'"),
        (":wrong_type", "a Bag"),
        (":absent", "AttributeError"),
        (":three_labels", "2 logits for 3 labels"),
        ("", "--factory"),
        (":", "--factory"),
        (":not a name", "--factory"),
    ],
)
def test_failing_factories_are_told(save_state_dict, factory_module, fails, function, part):
    assert part in fails(ModelError, open_state_dict, save_state_dict(), factory_module + function)


def test_module_that_cannot_be_imported(save_state_dict, fails):
    assert "ModuleNotFoundError" in fails(
        ModelError, open_state_dict, save_state_dict(), "no.such.module:build"
    )


def test_code_is_refused_before_the_factory_is_called(tmp_path, factory_module, fails, bomb):
    path = tmp_path / "x.pth"
    path.write_bytes(pickle.dumps({"w": bomb}))
    fails(UnsafeModelError, open_state_dict, path, f"{factory_module}:broken")
