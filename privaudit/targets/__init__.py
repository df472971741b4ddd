"""Trained text classifiers, one file per model format. Safe loading lives here and nowhere else."""
