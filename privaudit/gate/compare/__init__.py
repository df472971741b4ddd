"""A result beside an earlier one."""
