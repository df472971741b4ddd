"""``cnn``: windows of words."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from privaudit.training.architectures.base import WordNetwork
from privaudit.training.recipe import Recipe

WINDOWS = (3, 4, 5)


class KimCnn(WordNetwork):
    """Filters over windows of 3, 4 and 5 words, maximum over the text (Kim, EMNLP 2014, section 2).

    A window starts at every real word and may run past the end of the text into zeros: a text of one word has
    windows too, and a text has the same windows in every batch.
    """

    def build_encoder(self, recipe: Recipe, dimension: int) -> int:
        """One convolution per window size with ``width`` filters each."""
        self.convolutions = nn.ModuleList(nn.Conv1d(dimension, recipe.width, window) for window in WINDOWS)
        return recipe.width * len(WINDOWS)

    def encode(self, embedded: Tensor, mask: Tensor) -> Tensor:
        """The largest output ``[B, 3 * width]`` of each filter."""
        channels, real = embedded.transpose(1, 2), mask.unsqueeze(1)
        answers = []
        for window, convolution in zip(WINDOWS, self.convolutions, strict=True):
            answer = convolution(functional.pad(channels, (0, window - 1))).relu()
            # NOTE: no answer is negative, so one that is zeroed because it starts in padding never wins.
            answers.append((answer * real).amax(2))
        return torch.cat(answers, dim=1)
