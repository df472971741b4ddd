"""Reference models: many models of the target's recipe, each on a random half of the records."""
