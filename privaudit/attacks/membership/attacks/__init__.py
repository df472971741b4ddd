"""One membership attack, one file."""
