"""Options of ``privaudit train`` that do not go together."""

from pathlib import Path

from privaudit.errors import UsageError
from privaudit.training.hf_directory import output_is_free
from privaudit.training.recipe import Recipe


def check_options(
    recipe: Recipe, data: Path, output: Path, vocabulary_file: Path | None, manifest: Path | None
) -> None:
    """Refuse before the training what would fail after it.

    Raises:
        UsageError: the output cannot be written, or options exclude each other.
    """
    given = vocabulary_file is not None or recipe.vocabulary != "members"
    if given and (recipe.architecture == "hf" or recipe.embeddings == "characters"):
        raise UsageError("a model with a table of words", "--vocabulary for one without", "Drop --vocabulary")
    if given and recipe.min_frequency > 1:
        raise UsageError(
            "words that are counted, or a --vocabulary", "both", "Drop --min-frequency, or --vocabulary"
        )
    if not output.parent.is_dir():
        raise UsageError("an existing folder to write to", f"{output.parent}", "Create it, or change -o")
    for path, name in ((data, "training data"), (manifest, "manifest of canaries")):
        if path is not None and output.exists() and path.exists() and output.samefile(path):
            raise UsageError("an output file of its own", f"the {name}", "Change -o")
    if recipe.architecture == "hf" and not output_is_free(output):
        raise UsageError("a new or empty directory", f"{output}, which is in use", "Change -o")
    if recipe.architecture != "hf" and output.exists() and not output.is_file():
        # NOTE: the file is replaced in one step, and so would a pipe or a device be.
        kind = "directory" if output.is_dir() else "pipe or device"
        raise UsageError("a file to write", f"the {kind} {output}", "Change -o, for example to model.pt")


def check_private(recipe: Recipe, vocabulary_file: Path | None) -> None:
    """Refuse what would void the claim, or what private training cannot do.

    Raises:
        UsageError: the words would come from the records, or training would watch some of them.
    """
    words = recipe.architecture != "hf" and recipe.embeddings != "characters"
    if words and vocabulary_file is None and recipe.vocabulary == "members":
        raise UsageError(
            "a vocabulary that is not made from the protected records, which would void the claim",
            "none",
            "Give --vocabulary FILE, --vocabulary hash:4096 or --arch hf:DIR",
        )
    if recipe.early_stopping:
        raise UsageError(
            "private training for a fixed number of steps", "--early-stopping", "Drop it, and set --epochs"
        )
