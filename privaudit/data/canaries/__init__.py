"""Canaries: made-up secrets, planted into training data to see what a model gives back of them."""
