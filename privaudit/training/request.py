"""What ``privaudit train`` is asked for, and which of its options exclude each other."""

from dataclasses import dataclass, field
from pathlib import Path

from privaudit.data.columns import Columns
from privaudit.errors import UsageError
from privaudit.training.hf_directory import output_is_free
from privaudit.training.private.claim import PrivacyRequest
from privaudit.training.private.fit import check_private
from privaudit.training.recipe import Recipe


@dataclass(frozen=True)
class TrainingRequest:
    """One model, trained on one data file."""

    data: Path
    """CSV, TSV, JSONL or Parquet."""
    recipe: Recipe
    """What to train; ``hf`` gives a directory, everything else a bundle."""
    output: Path
    """The file or new directory to write."""
    holdout: float = 0.5
    """Probability of a record (group) to be a non-member; 0 trains on all."""
    columns: Columns = field(default_factory=Columns)
    """Of ``data``."""
    vocabulary_file: Path | None = None
    """One word a line."""
    labels_file: Path | None = None
    """One class a line."""
    manifest: Path | None = None
    """Of the canaries in ``data``, or in the planted file that was made from ``data``."""
    privacy: PrivacyRequest | None = None
    """The guarantee to train for; None for ordinary training."""
    noise_seed: int | None = None
    """Of a private run's batches and noise, for experiments: anyone who knows it can subtract the noise. None
    draws 128 bits from the operating system and forgets them."""
    max_seconds: float | None = None
    """No epoch begins after this time."""
    device: str = "cpu"
    """A torch device."""

    def check(self) -> None:
        """Refuse before the training what would fail after it, or void a claim.

        Raises:
            UsageError: the output cannot be written, options exclude each other, the words of a private model
                would come from its records, or its training could not be private.
        """
        self._check_vocabulary()
        self._check_output()
        if self.privacy is not None:
            self._check_private()

    def _check_vocabulary(self) -> None:
        recipe = self.recipe
        if self.vocabulary_file is None and recipe.vocabulary == "members":
            return
        if not recipe.has_word_table:
            raise UsageError("--vocabulary was given, but this model has no word table", "Drop --vocabulary")
        if recipe.min_frequency > 1:
            raise UsageError("--vocabulary and --min-frequency exclude each other", "Drop one of them")

    def _check_output(self) -> None:
        output, architecture = self.output, self.recipe.architecture
        if not output.parent.is_dir():
            raise UsageError(f"No folder at {output.parent}", "Create it, or change -o")
        for path, name in ((self.data, "training data"), (self.manifest, "canary manifest")):
            if path is not None and output.exists() and path.exists() and output.samefile(path):
                raise UsageError(f"-o {output} would overwrite the {name}", "Change -o")
        if architecture == "hf" and not output_is_free(output):
            raise UsageError(f"{output} already exists and is not an empty directory", "Change -o")
        if architecture != "hf" and output.exists() and not output.is_file():
            # NOTE: the file is replaced in one step, and so would a pipe or a device be.
            kind = "directory" if output.is_dir() else "pipe or device"
            raise UsageError(f"{output} is a {kind}, not a file", "Change -o, for example to model.pt")

    def _check_private(self) -> None:
        recipe = self.recipe
        if recipe.has_word_table and self.vocabulary_file is None and recipe.vocabulary == "members":
            raise UsageError(
                "A vocabulary made from the protected records would void the privacy claim",
                "Give --vocabulary FILE, --vocabulary hash:4096 or --arch hf:DIR",
            )
        check_private(recipe)
