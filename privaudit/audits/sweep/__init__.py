"""Sweeps: models trained in several ways and attacked alike, over defences or over epsilons."""
