"""From scores to a verdict on a claimed epsilon: violated, consistent or inconclusive."""
