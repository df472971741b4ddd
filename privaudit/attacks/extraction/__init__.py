"""Recovering planted words from a classifier: what extraction attacks share."""
