"""Records, readers, splits and the checks that make two sets comparable."""
