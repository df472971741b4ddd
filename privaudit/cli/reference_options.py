"""The models that an audit trains beside the audited one: options and requests."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from privaudit.cli.flatten import group, option
from privaudit.errors import UsageError

if TYPE_CHECKING:
    from privaudit.audits.extraction.controls import ControlRequest
    from privaudit.audits.reference_models import ReferenceRequest
    from privaudit.training.references.backends.interface import Backend


@group
class ReferenceOptions:
    """The further models of an audit: how many, how, where they are trained and kept."""

    section: ClassVar = "References"
    references: Annotated[
        int | None,
        option(
            "N",
            "Reference models to train; default: 8 if the training recipe is known, else 0.",
            envvar="PRIVAUDIT_REFERENCES",
            min=0,
        ),
    ] = None
    population: Annotated[
        Path | None,
        option("FILE", "Train references on these records instead of the audited ones (offline attacks)."),
    ] = None
    reference_mode: Annotated[
        Literal["full", "frozen"],
        option(None, "For Hugging Face models: fine-tune everything, or only heads on the frozen encoder."),
    ] = "full"
    trainer: Annotated[
        str | None, option("MODULE:FUNCTION", "Function that trains one model the way yours was trained.")
    ] = None
    workers: Annotated[
        int | None,
        option("N", "Processes that train models; default: one per core.", envvar="PRIVAUDIT_WORKERS", min=1),
    ] = None
    ray: Annotated[
        str | None,
        option(
            "ADDRESS", "Train models on a Ray cluster: auto, local or an address.", envvar="PRIVAUDIT_RAY"
        ),
    ] = None
    store: Annotated[
        Path | None,
        option(
            "DIR", "Where trained models are kept; default: in your cache folder.", envvar="PRIVAUDIT_STORE"
        ),
    ] = None

    def request(self) -> "ReferenceRequest | None":
        """The request for references; None for ``--references 0``.

        Raises:
            UsageError: options contradict each other, or there is no place for the store.
        """
        if self.references == 0:
            if self.population or self.trainer:
                given = "--population" if self.population else "--trainer"
                raise UsageError(f"{given} was given with --references 0", f"Drop {given} or --references 0")
            return None
        from privaudit.audits.reference_models import ReferenceRequest

        return ReferenceRequest(
            store=self.root(),
            backend=self.backend(),
            count=self.references,
            population=self.population,
            mode=self.reference_mode,
            trainer=self.trainer,
        )

    def root(self) -> Path:
        """Where trained models are kept.

        Raises:
            UsageError: there is no place for the user's cache.
        """
        from privaudit.training.references.store import default_root

        return self.store or default_root(os.environ)

    def backend(self) -> "Backend":
        """Where models are trained: in this process, in a pool of processes, or on a Ray cluster.

        Raises:
            UsageError: ``--workers`` and ``--ray`` are both given.
        """
        if self.ray is not None:
            if self.workers is not None:
                raise UsageError("--workers was given with --ray", "Drop --workers: the cluster decides")
            from privaudit.training.references.backends.ray import RayBackend

            return RayBackend(self.ray)
        from privaudit.training.references.backends.local import LocalBackend
        from privaudit.training.references.backends.process import ProcessBackend, usable_cores
        from privaudit.training.references.backends.serial import SerialBackend

        if (self.workers or usable_cores()) == 1:
            return SerialBackend()
        return LocalBackend() if self.workers is None else ProcessBackend(self.workers)


@group
class ControlOptions:
    """Models without canaries, to compare extraction with."""

    section: ClassVar = "Controls"
    controls: Annotated[
        int | None,
        option(
            "N",
            "Clean models to compare extraction with; default: 4 if the recipe is known and cheap.",
            min=0,
        ),
    ] = None
    control: Annotated[
        Path | None, option("MODEL", "Your own model, trained the same way without the canaries.")
    ] = None

    def request(self, references: ReferenceOptions) -> "ControlRequest | None":
        """The request for clean controls; None for ``--controls 0``.

        Raises:
            UsageError: options contradict each other, or there is no place for the store.
        """
        if self.control is not None and self.controls is not None:
            raise UsageError("--controls and --control were both given", "Drop one of them")
        if self.controls == 0:
            return None
        from privaudit.audits.extraction.controls import ControlRequest

        return ControlRequest(
            store=references.root(), backend=references.backend(), count=self.controls, model=self.control
        )
