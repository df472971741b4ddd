"""Recipes, architectures and the trainers."""
