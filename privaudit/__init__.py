"""Audit what a trained text classifier reveals about the texts it was trained on."""

__version__ = "0.1.0"
