"""The extraction attacks: one attack, one file."""
