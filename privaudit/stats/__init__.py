"""Small, pure statistics on numpy arrays."""
