import dataclasses
import stat

import numpy as np
import pytest
import torch

from privaudit.errors import ModelError, UnsafeModelError, UsageError
from privaudit.targets.interface import Access, HasFeatures, HasGradients, HasVocabulary, TextClassifier
from privaudit.training.bundle import Bundle, bundle_classifier, load_bundle, save_bundle
from privaudit.training.bundle_data import BundleData, RecordUse
from privaudit.training.trainer import train

KEYS = ["format", "version", "architecture", "state_dict", "tokenizer", "labels", "recipe", "privacy", "data"]


def saved(bundle, tmp_path):
    path = tmp_path / "model.pt"
    save_bundle(path, bundle)
    return path


def altered(bundle, tmp_path, change):
    """A bundle file whose content went through ``change``."""
    path = saved(bundle, tmp_path)
    content = torch.load(path, weights_only=True)
    change(content)
    torch.save(content, path)
    return path


def test_a_bundle_is_plain_containers_and_tensors_with_the_documented_keys(bundle, tmp_path):
    content = torch.load(saved(bundle, tmp_path), weights_only=True)
    assert list(content) == KEYS
    assert (content["format"], content["version"]) == ("privaudit.bundle", 1)
    assert content["data"]["kept"].dtype == torch.int64
    assert content["data"]["split"].dtype == torch.uint8
    assert content["labels"] == ["food", "music", "weather"]


def test_a_bundle_comes_back_as_it_was(bundle, tmp_path):
    again = load_bundle(saved(bundle, tmp_path))
    assert (again.recipe, again.labels, again.privacy) == (bundle.recipe, bundle.labels, None)
    assert again.encoder == bundle.encoder
    for name, tensor in bundle.state_dict.items():
        assert torch.equal(again.state_dict[name], tensor)
    for name, value in vars(bundle.data).items():
        np.testing.assert_array_equal(getattr(again.data, name), value)


@pytest.mark.parametrize("embeddings", ["words", "characters", "both"])
@pytest.mark.parametrize("name", ["bow", "cnn", "bilstm", "transformer"])
def test_every_architecture_classifies_after_loading_as_before(
    name, embeddings, bundle, corpus, tiny, tmp_path
):
    trained = train(tiny(name, epochs=1, embeddings=embeddings, layers=2), corpus.texts, corpus.labels, 3)
    path = saved(
        dataclasses.replace(
            bundle,
            state_dict=trained.module.state_dict(),
            encoder=trained.encoder,
            recipe=tiny(name, epochs=1, embeddings=embeddings, layers=2),
        ),
        tmp_path,
    )
    target = bundle_classifier(load_bundle(path), path)
    assert all(isinstance(target, kind) for kind in (TextClassifier, HasFeatures, HasGradients))
    assert isinstance(target, HasVocabulary) is (embeddings != "characters")
    assert target.access is Access.WEIGHTS
    outputs = target.outputs(corpus.texts[:30], features=True)
    np.testing.assert_allclose(outputs.logits, trained.logits(corpus.texts[:30]).numpy(), atol=1e-5)
    head = target.head()
    np.testing.assert_allclose(outputs.features @ head.weight.T + head.bias, outputs.logits, atol=1e-5)
    assert (target.gradient_norms(corpus.texts[:3], corpus.labels[:3]) > 0).all()


def test_the_classifier_says_what_it_was_read_from(bundle, tmp_path):
    path = saved(bundle, tmp_path)
    target = bundle_classifier(load_bundle(path), path)
    assert (target.info.format, target.info.architecture) == ("bundle", "bow")
    assert target.info.loader == "torch.load(weights_only=True)"
    assert [file.name for file in target.info.files] == ["model.pt"]
    assert target.info.parameters == sum(t.numel() for t in bundle.state_dict.values())
    unknown, total = target.unknown_words(["rain", "zebra zebra rain"])
    assert (unknown.tolist(), total.tolist()) == ([0, 2], [1, 3])


def test_a_bundle_is_for_its_owner_and_equal_bytes_for_equal_content(bundle, tmp_path):
    first = saved(bundle, tmp_path)
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    (tmp_path / "other").mkdir()
    assert saved(bundle, tmp_path / "other").read_bytes() == first.read_bytes()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["model.pt"]


def test_a_failed_write_leaves_the_old_bundle_and_no_litter(bundle, tmp_path):
    path = saved(bundle, tmp_path)
    before = path.read_bytes()
    broken = dataclasses.replace(bundle, privacy={"claim": lambda: None})
    with pytest.raises(AttributeError, match="pickle"):
        save_bundle(path, broken)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_a_usage_error(bundle, tmp_path):
    with pytest.raises(UsageError, match="-o"):
        save_bundle(tmp_path / "none" / "model.pt", bundle)


def test_loaded_parameters_do_not_hang_on_the_file(bundle, tmp_path):
    path = saved(bundle, tmp_path)
    network = load_bundle(path).network()
    before = network.head.weight.clone()
    path.write_bytes(b"\0" * path.stat().st_size)
    assert torch.equal(network.head.weight, before)
    assert all(parameter.requires_grad for parameter in network.parameters())


def grow(content):
    content["recipe"]["width"] = 4096
    content["recipe"]["layers"] = 48


CHANGES = {
    "format": lambda c: c.update(format="other"),
    "version": lambda c: c.update(version=2),
    "version type": lambda c: c.update(version=True),
    "no recipe": lambda c: c.pop("recipe"),
    "recipe type": lambda c: c.update(recipe=[1]),
    "recipe field": lambda c: c["recipe"].update(width=0),
    "architecture": lambda c: c.update(architecture="cnn"),
    "hf": lambda c: c.update(
        architecture="hf", recipe=c["recipe"] | {"architecture": "hf", "pretrained": "x"}
    ),
    "no state": lambda c: c.pop("state_dict"),
    "missing parameter": lambda c: c["state_dict"].pop("head.weight"),
    "extra parameter": lambda c: c["state_dict"].update(extra=torch.zeros(1)),
    "shape": lambda c: c["state_dict"].update({"head.bias": torch.zeros(4)}),
    "dtype": lambda c: c["state_dict"].update({"head.bias": torch.zeros(3, dtype=torch.int64)}),
    "not finite": lambda c: c["state_dict"].update({"head.bias": torch.full((3,), torch.nan)}),
    "no tensor": lambda c: c["state_dict"].update({"head.bias": [0.0, 0.0, 0.0]}),
    "parameter name": lambda c: c["state_dict"].update({3: torch.zeros(1)}),
    "sizes that lie": grow,
    "labels": lambda c: c.update(labels=["a", "a", "b"]),
    "label type": lambda c: c.update(labels=[1, 2, 3]),
    "too few labels": lambda c: c.update(labels=["a"]),
    "other number of labels": lambda c: c.update(labels=["a", "b"]),
    "tokenizer": lambda c: c.update(tokenizer=None),
    "tokenizer kind": lambda c: c["tokenizer"].update(kind="words-9"),
    "hashed by the tokenizer alone": lambda c: c["tokenizer"].update(kind="hashed-words-1", rows=20),
    "hashed by the recipe alone": lambda c: c["recipe"].update(vocabulary="hash:20"),
    "word type": lambda c: c["tokenizer"]["words"].append(3),
    "word twice": lambda c: c["tokenizer"]["words"].append(c["tokenizer"]["words"][0]),
    "words missing": lambda c: c["tokenizer"]["words"].pop(),
    "length": lambda c: c["tokenizer"].update(max_length=9),
    "privacy": lambda c: c.update(privacy="none"),
    "data": lambda c: c.update(data=None),
    "data field": lambda c: c["data"].pop("sha256"),
    "kept type": lambda c: c["data"].update(kept=torch.zeros(3)),
    "kept order": lambda c: c["data"].update(kept=c["data"]["kept"].flip(0)),
    "kept range": lambda c: c["data"].update(n_records=10),
    "split length": lambda c: c["data"].update(split=c["data"]["split"][:-1]),
    "split value": lambda c: c["data"].update(split=c["data"]["split"].int() + 256),
    "empty": lambda c: c["data"].update(
        kept=torch.zeros(0, dtype=torch.int64), split=torch.zeros(0, dtype=torch.uint8)
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_bundle_that_contradicts_itself_is_one_clear_line(change, bundle, tmp_path):
    path = altered(bundle, tmp_path, change)
    with pytest.raises(ModelError) as caught:
        load_bundle(path)
    message = str(caught.value)
    assert message.endswith(('with "privaudit train".', "Use the release that wrote it."))
    assert "\n" not in message
    assert len(message) < 300


def test_a_program_in_a_bundle_never_runs(bundle, tmp_path):
    marker = tmp_path / "ran"

    class Bomb:
        def __reduce__(self):
            return (type(marker).touch, (marker,))

    path = altered(bundle, tmp_path, lambda content: content.update(privacy={"x": Bomb()}))
    with pytest.raises(UnsafeModelError):
        load_bundle(path)
    assert not marker.exists()


def test_a_truncated_bundle_is_a_model_error(bundle, tmp_path):
    path = saved(bundle, tmp_path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ModelError):
        load_bundle(path)


def test_sides_of_the_data_section(bundle, tmp_path):
    data = bundle.data
    joined = np.concatenate([data.members, data.nonmembers, data.positions(RecordUse.VALIDATION)])
    assert sorted(joined) == data.kept.tolist()
    assert data.members[0] == 6
    assert data.path(tmp_path / "run" / "model.pt") == tmp_path / "run" / "data" / "pool.tsv"


def test_the_data_section_reads_lists_too(bundle):
    plain = bundle.data.to_plain() | {"kept": bundle.data.kept.tolist(), "split": bundle.data.split.tolist()}
    again = BundleData.from_plain(plain)
    np.testing.assert_array_equal(again.kept, bundle.data.kept)
    assert again.split.dtype == np.uint8


@pytest.mark.parametrize("kept", [[0, 1.5], ["a"], [[1], [2]], [True, False], [2**70], None])
def test_a_list_of_other_things_is_no_positions(kept, bundle):
    with pytest.raises(ModelError):
        BundleData.from_plain(bundle.data.to_plain() | {"kept": kept})


def test_a_claim_is_kept(bundle, tmp_path):
    claim = {"epsilon": 8.0, "delta": 1e-5, "steps": 100, "sampler": "poisson"}
    assert load_bundle(saved(dataclasses.replace(bundle, privacy=claim), tmp_path)).privacy == claim


def test_a_bundle_of_another_file_kind_is_refused(tmp_path):
    path = tmp_path / "weights.pt"
    torch.save({"head.weight": torch.zeros(2, 2)}, path)
    with pytest.raises(ModelError, match=r"weights\.pt is not a privaudit bundle"):
        load_bundle(path)


def test_bundle_is_frozen(bundle):
    with pytest.raises(dataclasses.FrozenInstanceError):
        bundle.privacy = {}
    assert isinstance(bundle, Bundle)
