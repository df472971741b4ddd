"""Per-example gradients of each kind of layer, from its input and the gradient at its output."""

from privaudit.training.private.rules.layers import Layer, layer_of
from privaudit.training.private.rules.parts import Gradient, GradientPart, NameOf, RowGradient, merged

__all__ = ["Gradient", "GradientPart", "Layer", "NameOf", "RowGradient", "layer_of", "merged"]
