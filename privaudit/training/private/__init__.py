"""Differentially private training: exact per-example clipping, Poisson batches, Gaussian noise."""
