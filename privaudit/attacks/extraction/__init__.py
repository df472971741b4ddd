"""Inverting a classifier over discrete tokens: what extraction attacks share."""
