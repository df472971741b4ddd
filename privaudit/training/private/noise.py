"""Gaussian noise, drawn at once or only when it is first needed.

Between two batches that contain a word, DP-SGD adds noise to the word's row at every step and reads none of
it. :class:`LateNoise` draws the sum of these terms in one draw when the row is read next. The law of
everything that is ever read, and of the released table, stays the same (docs/design/0010).
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from privaudit.training.seeds import SeedStream

_STATE_BYTES, _STATE_WORDS, _STATE_START = 5056, 624, 3
"""Layout of the CPU generator's state in torch: 64-bit numbers, of which 624 are the state of MT19937."""


def noise_generator(seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """The generator of a run's noise.

    On a CPU all 19,968 bits of its state are drawn from ``seed``: torch's own seeding keeps 32 bits, which
    can be tried one after another. On other devices the seed has 63 bits.

    Args:
        seed: any non-negative integer, of 128 bits where it must not be guessed.
        device: where the noise is needed.

    Raises:
        RuntimeError: this version of torch lays out the state differently.
    """
    sequence = np.random.SeedSequence([seed, SeedStream.NOISE])
    generator = torch.Generator(device)
    generator.manual_seed(int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1)))
    if torch.device(device).type == "cpu":
        state = generator.get_state()
        if len(state) != _STATE_BYTES:
            raise RuntimeError(f"the generator state has {len(state)} bytes, not {_STATE_BYTES}")
        words = state.numpy().view(np.uint64)
        words[_STATE_START : _STATE_START + _STATE_WORDS] = sequence.generate_state(_STATE_WORDS, np.uint32)
        generator.set_state(state)
    return generator


def fill_with_noise(
    target: Tensor, deviation: float, generator: torch.Generator, padding: int | None = None
) -> Tensor:
    """Overwrite ``target`` with normal noise and return it; the row ``padding``, never trained, gets none."""
    target.normal_(0.0, deviation, generator=generator)
    if padding is not None:
        target[padding] = 0
    return target


class LateNoise:
    """The noise of one embedding table, drawn for a row when the row is read.

    Only for updates of the form ``row -= rate * (gradient + noise)`` with rates that do not depend on the
    data. The table must be read through its own ``forward`` alone, before which its rows are brought up to
    date; any other reader calls :meth:`flush` first. The padding row is left as it is: its gradient
    is always zero, so it is a constant.

    Args:
        table: whose ``forward`` is hooked until :meth:`close`.
        generator: of the noise.
    """

    def __init__(self, table: nn.Embedding, generator: torch.Generator) -> None:
        self._table, self._generator = table, generator
        self._due = 0.0
        # NOTE: variances are summed over thousands of steps and subtracted from each other.
        self._drawn = torch.zeros(len(table.weight), dtype=torch.float64, device=table.weight.device)
        if table.padding_idx is not None:
            self._drawn[table.padding_idx] = torch.inf
        self._hook: RemovableHandle = table.register_forward_pre_hook(self._before_reading)

    def add(self, variance: float) -> None:
        """Owe every row one more noise term with ``variance`` per coordinate."""
        self._due += variance

    def pending(self, rows: Tensor) -> Tensor:
        """Variance ``[r]`` that is owed to each of ``rows [r]``."""
        return (self._due - self._drawn[rows]).clamp_(min=0)

    def flush(self) -> None:
        """Bring the whole table up to date."""
        self._bring(torch.arange(len(self._drawn), device=self._drawn.device))

    def close(self) -> None:
        """Bring the table up to date and remove the hook."""
        self.flush()
        self._hook.remove()

    def _before_reading(self, _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self._bring(torch.unique(inputs[0]))

    @torch.no_grad()
    def _bring(self, rows: Tensor) -> None:
        deviation = self.pending(rows).sqrt_()
        # NOTE: two readings without a step between them must not write to what the first one's graph holds.
        if not deviation.any():
            return
        weight = self._table.weight
        noise = weight.new_empty(len(rows), weight.shape[1]).normal_(generator=self._generator)
        weight.index_add_(0, rows, noise.mul_(deviation.to(weight.dtype).unsqueeze(1)))
        self._drawn[rows] = self._drawn[rows].clamp_(min=self._due)
