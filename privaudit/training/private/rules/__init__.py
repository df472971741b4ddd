"""Per-example gradients of each kind of layer, from what it read and the gradient at what it gave."""

from privaudit.training.private.rules.layers import Layer, layer_of
from privaudit.training.private.rules.parts import Gradient, GradientPart, NameOf, RowGradient, gathered

__all__ = ["Gradient", "GradientPart", "Layer", "NameOf", "RowGradient", "gathered", "layer_of"]
