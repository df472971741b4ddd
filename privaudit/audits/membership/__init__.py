"""The membership audit: a frozen plan first, then its result. Independent of the command line."""
