"""What to do about a limit that did not hold."""
