"""How a trained classifier answers to the fillings of a template: one architecture, one file."""

from privaudit.attacks.extraction.surfaces.open import open_surface

__all__ = ["open_surface"]
