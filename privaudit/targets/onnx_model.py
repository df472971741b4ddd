"""An ONNX classifier with a Hugging Face tokenizer beside it: logits only."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from privaudit.errors import MissingExtraError, ModelError
from privaudit.progress import SILENT, Progress
from privaudit.targets.batches import MAX_RECORDS, check_finite, check_shape, length_batches
from privaudit.targets.digests import file_digests, one_line
from privaudit.targets.huggingface import DEFAULT_MAX_LENGTH, class_names, read_config
from privaudit.targets.interface import Access, Floats, ModelInfo, Outputs
from privaudit.targets.onnx_scan import external_files
from privaudit.targets.tokenizer import TokenEncoder, open_tokenizer

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids"})
_NUMBERS = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


def open_onnx(path: Path, tokenizer: Path | None = None, device: str = "cpu") -> "OnnxClassifier":
    """Open the ONNX file ``path`` with the tokenizer saved in the directory ``tokenizer``, else beside it.

    Class names come from ``id2label`` in the ``config.json`` there, else they are "0" … "C-1".

    Raises:
        UnsafeModelError: the file refers to data outside its folder, or the tokenizer wants code of its own.
        MissingExtraError: onnxruntime is not installed.
        ModelError: the file is damaged, or its inputs and outputs are not those of a text classifier.
    """
    tokenizer_dir = path.parent if tokenizer is None else tokenizer
    external = external_files(path)
    session = _session(path, device)
    pretrained, vocabulary_files = open_tokenizer(tokenizer_dir)
    has_config = (tokenizer_dir / "config.json").is_file()
    config = read_config(tokenizer_dir) if has_config else {}
    inputs = _inputs(session, path)
    fixed_batch, fixed_length = _fixed_sizes(session)
    positions = config.get("max_position_embeddings")
    limits = [int(pretrained.model_max_length), *([positions] if isinstance(positions, int) else [])]
    limit = fixed_length or min([n for n in limits if 0 < n < 1 << 24], default=DEFAULT_MAX_LENGTH)
    info = ModelInfo(
        format="onnx",
        architecture="ONNX graph",
        loader=f"onnxruntime, no custom operators; texts truncated to {limit} tokens",
        files=file_digests([path, *external], path.parent) + file_digests(vocabulary_files, tokenizer_dir),
    )
    encoder = TokenEncoder(pretrained, limit, set(inputs), fixed=fixed_length is not None)
    labels = class_names(config, tokenizer_dir) if has_config else None
    return OnnxClassifier(session, encoder, labels, info, batch_size=fixed_batch)


class OnnxClassifier:
    """Logits of an onnxruntime session; black box.

    Args:
        session: with the inputs of a Hugging Face encoder.
        encoder: makes its input tensors.
        labels: class names, None for "0" … "C-1".
        info: where the model came from.
        batch_size: the number of records per call where the graph fixes it.
    """

    access = Access.LOGITS

    def __init__(
        self,
        session: "InferenceSession",
        encoder: TokenEncoder,
        labels: Sequence[str] | None,
        info: ModelInfo,
        *,
        batch_size: int | None = None,
    ) -> None:
        self.info = info
        self._session, self.encoder, self._batch_size = session, encoder, batch_size
        self._types = {item.name: _NUMBERS[item.type] for item in session.get_inputs()}
        self._output = _output_name(session)
        probe = self._rows(["one", "two words"][:batch_size])
        check_shape(probe.shape, len(probe), labels)
        self.labels: tuple[str, ...] = tuple(
            labels if labels is not None else map(str, range(probe.shape[1]))
        )

    def outputs(
        self, texts: Sequence[str], *, features: bool = False, progress: Progress = SILENT
    ) -> Outputs:
        """One row per text; there are no features. See :class:`TextClassifier`."""
        del features
        logits = np.empty((len(texts), len(self.labels)), dtype=np.float64)
        progress.start("model outputs", len(texts))
        for batch in length_batches(texts, max_records=self._batch_size or MAX_RECORDS):
            rows = self._rows([texts[i] for i in batch])
            check_shape(rows.shape, len(batch), self.labels)
            logits[batch] = rows
            progress.advance(len(batch))
        check_finite(logits)
        return Outputs(logits)

    def _rows(self, texts: list[str]) -> Floats:
        """Run one batch; a graph with a fixed batch size gets its last text repeated."""
        padded = texts + texts[-1:] * ((self._batch_size or 0) - len(texts))
        feed: dict[str, NDArray[np.generic]] = {
            name: tensor.numpy().astype(self._types[name]) for name, tensor in self.encoder(padded).items()
        }
        try:
            (answer,) = self._session.run([self._output], feed)
        except Exception as error:
            # NOTE: onnxruntime raises classes of its own C++ module, without a common base.
            raise ModelError(
                f"The model fails on {len(texts)} texts ({one_line(error)})",
                "Check that tokenizer and model belong together",
            ) from None
        return np.asarray(answer, dtype=np.float64)[: len(texts)]


def _session(path: Path, device: str) -> "InferenceSession":
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError("onnxruntime", "onnx", "reading ONNX files") from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    wanted = ["CUDAExecutionProvider"] if device.startswith("cuda") else []
    available = onnxruntime.get_available_providers()
    if wanted and wanted[0] not in available:
        raise ModelError(
            f"This onnxruntime does not run on {device}, only with {', '.join(available)}",
            "Install onnxruntime-gpu or use --device cpu",
        )
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=[*wanted, "CPUExecutionProvider"])
    except Exception as error:
        # NOTE: onnxruntime raises classes of its own C++ module, without a common base.
        raise ModelError(
            f"Can't load {path.name} as ONNX ({one_line(error)})",
            "Export the model again with standard operators",
        ) from None


def _inputs(session: "InferenceSession", path: Path) -> list[str]:
    """Names of the graph's inputs, which must be those that a tokenizer gives."""
    items = session.get_inputs()
    unknown = [item.name for item in items if item.name not in _INPUTS or item.type not in _NUMBERS]
    if unknown or not any(item.name == "input_ids" for item in items):
        found = ", ".join(f"{item.name}: {item.type}" for item in items[:5])
        raise ModelError(
            f"The inputs of {path.name} are {found or 'none'}",
            f"Export it with the integer inputs {', '.join(sorted(_INPUTS))}",
        )
    return [item.name for item in items]


def _fixed_sizes(session: "InferenceSession") -> tuple[int | None, int | None]:
    """Batch size and text length where the graph fixes them."""
    shape = [*session.get_inputs()[0].shape, None, None][:2]
    batch, length = (size if isinstance(size, int) else None for size in shape)
    return batch, length


def _output_name(session: "InferenceSession") -> str:
    """The output called ``logits``, else the first of two dimensions and floating-point type."""
    outputs = session.get_outputs()
    floats = [item for item in outputs if "float" in item.type or "double" in item.type]
    named = [item for item in floats if item.name == "logits"]
    flat = [item for item in floats if len(item.shape) == 2]
    if not named and not flat:
        found = ", ".join(f"{item.name}: {item.type}{item.shape}" for item in outputs[:3])
        raise ModelError(
            f"No output of logits [B, C] among {found}",
            "Export a classifier whose output is called logits",
        )
    return str((named or flat)[0].name)
