"""Private or ordinary training of one network, by its recipe."""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from privaudit.targets.interface import Ints
from privaudit.training.loop import TrainingHistory, TrainingRun, fit
from privaudit.training.private.fit import fit_private
from privaudit.training.recipe import Recipe


def fit_recipe(
    module: nn.Module,
    recipe: Recipe,
    n: int,
    losses: Callable[[Ints, str], Tensor],
    run: TrainingRun,
    *,
    validation_loss: Callable[[], float] | None,
    tables: Sequence[nn.Embedding] = (),
) -> TrainingHistory:
    """Train ``module`` in place; it is left in evaluation mode.

    Args:
        module: what ``losses`` uses.
        recipe: private where it has ``privacy``.
        n: number of training records.
        losses: of the records at the given positions, with torch's name of a reduction.
        run: seeds, progress and time.
        validation_loss: of ordinary training; private training uses none.
        tables: large ones that only their own ``forward`` reads
            (:func:`privaudit.training.private.fit.fit_private`).

    Raises:
        UsageError: the loss is not finite, or a private recipe asks for something that is not private.
    """
    if recipe.privacy is None:
        return fit(module, recipe, n, lambda positions: losses(positions, "mean"), run, validation_loss)
    return fit_private(module, recipe, n, lambda positions: losses(positions, "none"), run, tables=tables)
