"""Private or ordinary training of one network, as its recipe says."""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from privaudit.progress import Progress
from privaudit.targets.interface import Ints
from privaudit.training.loop import TrainingHistory, fit
from privaudit.training.private.fit import fit_private
from privaudit.training.recipe import Recipe


def fit_recipe(
    module: nn.Module,
    recipe: Recipe,
    n: int,
    losses: Callable[[Ints, str], Tensor],
    *,
    seed: int,
    noise_seed: int | None,
    progress: Progress,
    validation_loss: Callable[[], float] | None,
    max_seconds: float | None,
    tables: Sequence[nn.Embedding] = (),
) -> TrainingHistory:
    """Train ``module`` in place; it is left in evaluation mode.

    Args:
        module: what ``losses`` uses.
        recipe: private where it has ``privacy``.
        n: number of training records.
        losses: of the records at the given positions, with torch's name of a reduction.
        seed: of this model.
        noise_seed: of a private run's batches and noise; when None they follow from ``seed``.
        progress: told once per step.
        validation_loss: of ordinary training; private training looks at none.
        max_seconds: no epoch begins after this time.
        tables: large ones that nothing reads but their own ``forward``
            (:func:`privaudit.training.private.fit.fit_private`).

    Raises:
        UsageError: the loss is not finite, or a private recipe asks for what is not.
    """
    if recipe.privacy is None:
        return fit(
            module,
            recipe,
            n,
            lambda positions: losses(positions, "mean"),
            seed=seed,
            progress=progress,
            validation_loss=validation_loss,
            max_seconds=max_seconds,
        )
    return fit_private(
        module,
        recipe,
        n,
        lambda positions: losses(positions, "none"),
        seed=seed,
        noise_seed=noise_seed,
        progress=progress,
        max_seconds=max_seconds,
        tables=tables,
    )
