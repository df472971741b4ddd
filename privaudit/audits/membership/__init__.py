"""The membership audit: a frozen plan first, then its result. Knows nothing of the command line."""
