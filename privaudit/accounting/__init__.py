"""What a configured mechanism guarantees: its epsilon, its curve, and the noise for a target epsilon."""
