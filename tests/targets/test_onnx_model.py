import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from privaudit.errors import ModelError, UnsafeModelError
from privaudit.targets.interface import Access, HasFeatures, HasGradients
from privaudit.targets.onnx_model import open_onnx
from privaudit.targets.onnx_scan import external_files

EXAMPLES = {"graph": lambda request: (request.getfixturevalue("onnx_file"), {})}
"""What the contract tests open."""


def rewrite(path, change):
    model = onnx.load(path, load_external_data=False)
    change(model)
    onnx.save(model, path)


def set_shape(model, *shape):
    for item in model.graph.input:
        dimensions = item.type.tensor_type.shape.dim
        for dimension, size in zip(dimensions, shape, strict=True):
            dimension.ClearField("dim_param")
            if size is None:
                dimension.dim_param = "free"
            else:
                dimension.dim_value = size


def test_outputs_equal_the_graph(onnx_file, texts, tokenizer_dir):
    from transformers import AutoTokenizer

    target = open_onnx(onnx_file, onnx_file.parent)
    table = numpy_helper.to_array(onnx.load(onnx_file).graph.initializer[0])
    ids = AutoTokenizer.from_pretrained(tokenizer_dir)(texts)["input_ids"]
    expected = np.array([table[row].sum(0) for row in ids])
    np.testing.assert_allclose(target.outputs(texts).logits, expected, atol=1e-5)
    assert target.access is Access.LOGITS
    assert not isinstance(target, (HasFeatures, HasGradients))
    assert "model.onnx" in {file.name for file in target.info.files}


@pytest.mark.parametrize("shape", [(1, None), (3, None), (None, 12), (1, 12), (2, 12)])
def test_fixed_sizes_of_the_graph_are_kept(onnx_file, texts, shape):
    short = [text for text in texts if len(text) < 30]
    expected = open_onnx(onnx_file, onnx_file.parent).outputs(short).logits
    rewrite(onnx_file, lambda model: set_shape(model, *shape))
    np.testing.assert_allclose(
        open_onnx(onnx_file, onnx_file.parent).outputs(short).logits, expected, atol=1e-5
    )


def test_labels_are_numbered_without_configuration(onnx_file):
    (onnx_file.parent / "config.json").unlink()
    assert open_onnx(onnx_file, onnx_file.parent).labels == ("0", "1")


def test_labels_that_do_not_fit_are_told(onnx_file, fails):
    (onnx_file.parent / "config.json").write_text('{"id2label": {"0": "a", "1": "b", "2": "c"}}')
    assert "2 logits for 3 labels" in fails(ModelError, open_onnx, onnx_file, onnx_file.parent)


def test_unknown_inputs_are_told(onnx_file, fails):
    def rename(model):
        model.graph.input[0].name = "pixels"
        model.graph.node[0].input[1] = "pixels"

    rewrite(onnx_file, rename)
    assert "pixels" in fails(ModelError, open_onnx, onnx_file, onnx_file.parent)


def test_missing_logits_are_told(onnx_file, fails):
    def integer_output(model):
        model.graph.node.append(helper.make_node("Cast", ["logits"], ["classes"], to=TensorProto.INT64))
        model.graph.output[0].CopyFrom(helper.make_tensor_value_info("classes", TensorProto.INT64, ["B", 2]))

    rewrite(onnx_file, integer_output)
    assert "classes" in fails(ModelError, open_onnx, onnx_file, onnx_file.parent)


def test_nan_outputs_are_counted(onnx_file, fails):
    def poison(model):
        table = numpy_helper.to_array(model.graph.initializer[0]).copy()
        table[8] = np.nan
        model.graph.initializer[0].CopyFrom(numpy_helper.from_array(table, "table"))

    rewrite(onnx_file, poison)
    target = open_onnx(onnx_file, onnx_file.parent)
    assert "1 of 2 records, first for record 2" in fails(ModelError, target.outputs, ["the dog", "the cat"])


def test_custom_operators_are_not_loaded(onnx_file, fails):
    def custom(model):
        model.graph.node[0].domain = "evil.ops"
        model.opset_import.append(helper.make_opsetid("evil.ops", 1))

    rewrite(onnx_file, custom)
    fails(ModelError, open_onnx, onnx_file, onnx_file.parent)


@pytest.mark.parametrize("keep", [0, 1, 10, 0.5, 0.99])
def test_truncated_file_is_damaged(onnx_file, fails, keep):
    data = onnx_file.read_bytes()
    onnx_file.write_bytes(data[: keep if isinstance(keep, int) else int(len(data) * keep)])
    fails(ModelError, open_onnx, onnx_file, onnx_file.parent)


def test_missing_tokenizer_is_told(onnx_file, tmp_path, fails):
    (tmp_path / "empty").mkdir()
    assert "tokenizer" in fails(ModelError, open_onnx, onnx_file, tmp_path / "empty")


def externalise(path, location):
    """Move the table into a file beside the model and refer to it as ``location``."""
    model = onnx.load(path)
    table = model.graph.initializer[0]
    (path.parent / "table.bin").write_bytes(table.raw_data)
    table.ClearField("raw_data")
    table.data_location = TensorProto.EXTERNAL
    entry = table.external_data.add()
    entry.key, entry.value = "location", location
    onnx.save(model, path)


def test_external_data_beside_the_model_is_read_and_digested(onnx_file, texts):
    before = open_onnx(onnx_file, onnx_file.parent).outputs(texts).logits
    externalise(onnx_file, "table.bin")
    target = open_onnx(onnx_file, onnx_file.parent)
    np.testing.assert_array_equal(target.outputs(texts).logits, before)
    assert "table.bin" in {file.name for file in target.info.files}


@pytest.mark.parametrize("location", ["../outside.bin", "/etc/hostname", "sub/../../outside.bin", "link.bin"])
def test_external_data_outside_the_folder_is_refused(onnx_file, fails, location):
    (onnx_file.parent.parent / "outside.bin").write_bytes(b"x" * 160)
    (onnx_file.parent / "link.bin").symlink_to(onnx_file.parent.parent / "outside.bin")
    externalise(onnx_file, location)
    assert location in fails(UnsafeModelError, open_onnx, onnx_file, onnx_file.parent)


def test_missing_external_data_is_told(onnx_file, fails):
    externalise(onnx_file, "absent.bin")
    assert "absent.bin" in fails(ModelError, open_onnx, onnx_file, onnx_file.parent)


def test_external_data_inside_subgraphs_and_attributes_is_found(tmp_path, fails):
    tensor = TensorProto(name="t", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../hidden.bin"
    constant = helper.make_node("Constant", [], ["c"])
    constant.attribute.append(helper.make_attribute("value", tensor))
    branch = helper.make_graph([constant], "branch", [], [])
    choice = helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)
    onnx_path = tmp_path / "x.onnx"
    onnx_path.write_bytes(helper.make_model(helper.make_graph([choice], "g", [], [])).SerializeToString())
    assert "hidden.bin" in fails(UnsafeModelError, external_files, onnx_path)


def test_nesting_without_end_is_refused(tmp_path, fails):
    def field(number, content):
        size, length = len(content), b""
        while True:
            length += bytes([size & 127 | (128 if size > 127 else 0)])
            size >>= 7
            if not size:
                return bytes([number << 3 | 2]) + length + content

    message = b""
    for _ in range(500):
        message = field(1, field(5, field(6, message)))
    (tmp_path / "deep.onnx").write_bytes(field(7, message))
    assert "deeply" in fails(ModelError, external_files, tmp_path / "deep.onnx")
