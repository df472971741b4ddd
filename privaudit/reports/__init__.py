"""Results rendered for people and machines. Reads results only."""
