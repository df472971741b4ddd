"""``python -m privaudit`` is the same program as ``privaudit``."""

from privaudit.cli.app import main

main()
