"""Membership inference and canary extraction."""
