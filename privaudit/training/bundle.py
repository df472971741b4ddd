"""The bundle ``model.pt``: a trained network with everything an audit needs, in one file without code."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from privaudit.errors import ModelError, UsageError
from privaudit.files import PRIVATE, replaced
from privaudit.targets.digests import file_digest
from privaudit.targets.interface import ModelInfo
from privaudit.targets.safe_load import safe_torch_load
from privaudit.targets.torch_classifier import TorchClassifier, VocabularyTorchClassifier
from privaudit.training.architectures import WordNetwork, build
from privaudit.training.bundle_data import RETRAIN, BundleData, field, typed
from privaudit.training.recipe import Recipe
from privaudit.training.text import HashedVocabulary, Vocabulary, WordEncoder, hashed_vocabulary

FORMAT, VERSION = "privaudit.bundle", 1
_TOKENIZER, _HASHED = "words-1", "hashed-words-1"
"""Names of the rules that split a text into words and number them; a new rule needs a new name."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """The content of a bundle."""

    state_dict: Mapping[str, Tensor]
    encoder: WordEncoder
    labels: tuple[str, ...]
    """Class names by index."""
    recipe: Recipe
    data: BundleData
    privacy: dict[str, object] | None = None
    """The claimed differential privacy; None for ordinary training."""

    @property
    def architecture(self) -> str:
        """Name of the architecture."""
        return self.recipe.architecture

    def network(self) -> WordNetwork:
        """The trained network, in evaluation mode.

        Raises:
            ModelError: the parameters do not fit the recipe, the vocabulary and the labels.
        """
        # NOTE: on the meta device nothing is allocated, so a recipe that lies about its size costs nothing.
        with torch.device("meta"):
            network = build(self.recipe, len(self.encoder.vocabulary), len(self.labels))
        _check_shapes(network.state_dict(), self.state_dict)
        parameters = {name: tensor.detach().clone() for name, tensor in self.state_dict.items()}
        network.load_state_dict(parameters, assign=True)
        return network.eval()


def save_bundle(path: Path, bundle: Bundle) -> None:
    """Write ``bundle`` to ``path``: all or nothing, and readable by its owner alone (mode 0600).

    Raises:
        UsageError: the file cannot be written.
    """
    content = {
        "format": FORMAT,
        "version": VERSION,
        "architecture": bundle.architecture,
        "state_dict": {
            name: tensor.detach().cpu().contiguous() for name, tensor in bundle.state_dict.items()
        },
        "tokenizer": _tokenizer_to_plain(bundle.encoder),
        "labels": list(bundle.labels),
        "recipe": bundle.recipe.to_plain(),
        "privacy": bundle.privacy,
        "data": bundle.data.to_plain(),
    }
    try:
        with replaced(path, mode=PRIVATE) as file:
            torch.save(content, file)
    except OSError as error:
        raise UsageError(
            f"Cannot write {path}: {error.strerror or type(error).__name__}", "Choose another place with -o"
        ) from None


def load_bundle(path: Path) -> Bundle:
    """Read a bundle without executing anything in it, and check every field.

    Raises:
        UnsafeModelError: the file holds more than plain containers and tensors.
        ModelError: it is not a bundle, of a newer version, damaged, or contradicts itself.
    """
    content = safe_torch_load(path)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ModelError(f"{path.name} is not a privaudit bundle", RETRAIN)
    version = field(content, "version", int)
    if version != VERSION:
        raise ModelError(
            f"{path.name} is a bundle of version {version}; this release reads version {VERSION}",
            "Use the release that wrote it",
        )
    recipe = Recipe.from_plain(field(content, "recipe", dict))
    architecture = field(content, "architecture", str)
    if architecture != recipe.architecture or architecture == "hf":
        raise ModelError(f"The bundle's architecture {architecture[:40]!r} does not fit its recipe", RETRAIN)
    privacy: dict[str, object] | None = field(content, "privacy", (dict, type(None)))
    bundle = Bundle(
        state_dict=_checked_state(field(content, "state_dict", dict)),
        encoder=_tokenizer_from_plain(field(content, "tokenizer", dict), recipe),
        labels=checked_labels(field(content, "labels", list)),
        recipe=recipe,
        data=BundleData.from_plain(field(content, "data", dict)),
        privacy=privacy,
    )
    bundle.network()
    return bundle


def bundle_classifier(bundle: Bundle, path: Path, device: str = "cpu") -> TorchClassifier:
    """The classifier of a bundle, for the attacks.

    Args:
        bundle: what :func:`load_bundle` read.
        path: where it was read from.
        device: a torch device.

    Returns:
        With ``unknown_words`` unless every word is spelled or hashed, because then no word is unknown.

    Raises:
        ModelError: the file cannot be read again for its digest.
    """
    info = ModelInfo(
        format="bundle",
        architecture=bundle.architecture,
        loader="torch.load(weights_only=True)",
        files=(file_digest(path, path.parent),),
    )
    network = bundle.network()
    if bundle.recipe.embeddings == "characters" or isinstance(bundle.encoder.vocabulary, HashedVocabulary):
        return TorchClassifier(network, bundle.encoder, bundle.labels, info, device=device)
    vocabulary = bundle.encoder.vocabulary.unknown
    return VocabularyTorchClassifier(
        network, bundle.encoder, bundle.labels, info, device=device, vocabulary=vocabulary
    )


def checked_labels(labels: list[object]) -> tuple[str, ...]:
    """At least two different class names.

    Raises:
        ModelError: they are not.
    """
    names = tuple(typed(label, str, "a label") for label in labels)
    if len(set(names)) != len(names) or len(names) < 2:
        found = f"{len(names)} labels, {len(set(names))} of them distinct"
        raise ModelError(f"A model needs two or more distinct labels, but this one has {found}", RETRAIN)
    return names


def _tokenizer_to_plain(encoder: WordEncoder) -> dict[str, object]:
    reading = {"max_length": encoder.max_length, "characters": encoder.characters}
    match encoder.vocabulary:
        case Vocabulary(known):
            return {"kind": _TOKENIZER, "words": list(known), **reading}
        case HashedVocabulary(rows):
            return {"kind": _HASHED, "rows": rows, **reading}
    raise TypeError("a bundle holds a list of words or their hash")


def _tokenizer_from_plain(plain: dict[str, object], recipe: Recipe) -> WordEncoder:
    vocabulary = _vocabulary_from_plain(plain, recipe)
    characters, length = field(plain, "characters", bool), field(plain, "max_length", int)
    if characters != (recipe.embeddings != "words") or length != recipe.max_length:
        raise ModelError("The bundle's tokenizer does not match its recipe", RETRAIN)
    return WordEncoder(vocabulary, length, characters)


def _vocabulary_from_plain(plain: dict[str, object], recipe: Recipe) -> Vocabulary | HashedVocabulary:
    kind, hashed = field(plain, "kind", str), hashed_vocabulary(recipe.vocabulary)
    if kind not in (_TOKENIZER, _HASHED):
        raise ModelError(
            f"Unknown tokenizer {kind[:40]!r} in the bundle; this release knows {_TOKENIZER} and {_HASHED}",
            RETRAIN,
        )
    if (kind == _HASHED) != (hashed is not None) or (hashed and field(plain, "rows", int) != hashed.rows):
        raise ModelError("The bundle's tokenizer does not match its recipe", RETRAIN)
    if hashed is not None:
        return hashed
    known = tuple(typed(word, str, "a word") for word in field(plain, "words", list))
    if len(set(known)) != len(known):
        raise ModelError("The bundle's vocabulary repeats a word", RETRAIN)
    return Vocabulary(known)


def _checked_state(plain: dict[str, object]) -> dict[str, Tensor]:
    state = {
        typed(name, str, "a parameter's name"): typed(t, Tensor, str(name)[:60]) for name, t in plain.items()
    }
    for name, tensor in state.items():
        if tensor.dtype != torch.float32 or not bool(torch.isfinite(tensor).all()):
            raise ModelError(
                f"Parameter {name} ({tensor.dtype}) does not hold finite float32 numbers", RETRAIN
            )
    return state


def _check_shapes(expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> None:
    for name in sorted(expected.keys() | found.keys()):
        due, got = (f"{list(side[name].shape)}" if name in side else "nothing" for side in (expected, found))
        if due != got:
            raise ModelError(f"Parameter {name} does not fit the recipe: {due} needed, {got} found", RETRAIN)
