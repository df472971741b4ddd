"""A result of another model than the one that is there is refused."""

import hashlib
import shutil

import pytest

from privaudit.errors import ResultError, UsageError
from privaudit.gate.model_files import check_model, find_model
from privaudit.results import File, Model


def model_of(path, *files, digest=None):
    """As an audit of ``path`` would describe it; files are pairs of folder and name."""
    read = [
        File(name=name, sha256=hashlib.sha256(content).hexdigest(), size=len(content))
        for folder, name in files
        for content in [(folder / name).read_bytes()]
    ]
    whole = hashlib.sha256("".join(file.sha256 for file in read).encode()).hexdigest()
    return Model(
        path=str(path), format="bundle", architecture="a", loader="l", files=read, access="weights",
        digest=digest or whole,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """A model of each kind."""
    (tmp_path / "model.pt").write_bytes(b"bundle")
    hugging = tmp_path / "hf"
    hugging.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (hugging / name).write_text(f"content of {name}")
    shutil.copytree(hugging, tmp_path / "tok")
    (tmp_path / "model.onnx").write_bytes(b"graph")
    return tmp_path


def test_one_file_is_known_by_its_content_whatever_its_name(folder):
    model = model_of("model.pt", (folder, "model.pt"))
    check_model(model, folder / "model.pt")
    (folder / "renamed.pt").write_bytes(b"bundle")
    check_model(model, folder / "renamed.pt")
    (folder / "model.pt").write_bytes(b"bundles")
    with pytest.raises(
        ResultError, match=r"The result is not of model\.pt with SHA-256 .*Audit the model again"
    ):
        check_model(model, folder / "model.pt")


def test_every_file_of_a_directory_counts(folder):
    names = ("config.json", "model.safetensors", "tokenizer.json")
    model = model_of("hf", *((folder / "hf", name) for name in names))
    check_model(model, folder / "hf")
    (folder / "hf" / "README.md").write_text("notes")
    check_model(model, folder / "hf")
    (folder / "hf" / "tokenizer.json").write_text("another")
    with pytest.raises(ResultError, match=r"tokenizer\.json"):
        check_model(model, folder / "hf")
    (folder / "hf" / "tokenizer.json").unlink()
    with pytest.raises(ResultError, match=r"The audited model\'s tokenizer\.json is missing at"):
        check_model(model, folder / "hf")


@pytest.mark.parametrize(
    ("audited", "added", "stale"),
    [
        ("model.safetensors", "pytorch_model.bin", False),
        ("pytorch_model.bin", "model.safetensors", True),
        ("pytorch_model.bin", "tokenizer.json", True),
        ("model.safetensors", "tokenizer_config.json", True),
        ("model.safetensors", "added_tokens.json", True),
        ("model.safetensors", "adapter_config.json", True),
        ("pytorch_model.bin", "training_args.bin", False),
        ("model.safetensors", "model-00001-of-00002.safetensors", True),
    ],
)
def test_what_would_be_loaded_in_their_place_or_on_top_makes_it_stale(tmp_path, audited, added, stale):
    (tmp_path / audited).write_text("weights")
    model = model_of(tmp_path, (tmp_path, audited))
    (tmp_path / added).write_text("new")
    if not stale:
        check_model(model, tmp_path)
        return
    with pytest.raises(ResultError, match=f"{added} in .* was not part of the audited model"):
        check_model(model, tmp_path)


def test_an_onnx_file_has_its_tokenizer_elsewhere(folder):
    tokenizer = folder / "tok"
    model = model_of("model.onnx", (folder, "model.onnx"), (tokenizer, "tokenizer.json"))
    check_model(model, folder / "model.onnx", [tokenizer])
    with pytest.raises(ResultError, match="name it with --model and the folder of its tokenizer"):
        check_model(model, folder / "model.onnx")
    (tokenizer / "tokenizer.json").write_text("another")
    with pytest.raises(ResultError, match=r"tokenizer\.json"):
        check_model(model, folder / "model.onnx", [tokenizer])


def test_another_onnx_file_is_not_taken_for_the_audited_one_beside_it(folder):
    tokenizer = folder / "tok"
    model = model_of("model.onnx", (folder, "model.onnx"), (tokenizer, "tokenizer.json"))
    (folder / "new.onnx").write_bytes(b"trained again")
    with pytest.raises(ResultError, match=r"The result is not of new\.onnx.*Audit the model again"):
        check_model(model, folder / "new.onnx", [tokenizer])
    (folder / "new.onnx").write_bytes(b"graph")
    (folder / "model.onnx").unlink()
    check_model(model, folder / "new.onnx", [tokenizer])


def test_a_link_is_what_it_leads_to(folder):
    model = model_of("model.pt", (folder, "model.pt"))
    (folder / "link.pt").symlink_to("model.pt")
    check_model(model, folder / "link.pt")
    (folder / "model.pt").write_bytes(b"trained again")
    with pytest.raises(ResultError, match="Audit the model again"):
        check_model(model, folder / "link.pt")


def test_names_in_a_result_never_lead_out_of_the_models_folder(folder):
    model = model_of("hf", (folder / "hf", "config.json"), (folder / "hf", "tokenizer.json"))
    away = [file.model_copy(update={"name": f"../tok/{file.name}"}) for file in model.files]
    with pytest.raises(ResultError, match="is missing at"):
        check_model(model.model_copy(update={"files": tuple(away)}), folder / "hf")


def test_no_model_there_and_no_model_in_the_result(folder):
    model = model_of("model.pt", (folder, "model.pt"))
    with pytest.raises(UsageError, match="Correct --model"):
        check_model(model, folder / "none.pt")
    with pytest.raises(ResultError, match="A result of a bundle has no model file to check"):
        check_model(model_of("data.tsv"), folder / "model.pt")


def test_it_is_looked_for_where_the_result_says_in_the_order_of_the_folders(folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    model = model_of("model.pt", (folder, "model.pt"))
    assert find_model(model, [other, folder]) == folder / "model.pt"
    assert find_model(model, [other]) is None
    absolute = model.model_copy(update={"path": str(folder / "model.pt")})
    assert find_model(absolute, [other]) == folder / "model.pt"
    assert find_model(model.model_copy(update={"path": ""}), [folder]) is None
