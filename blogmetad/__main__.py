"""``python -m blogmetad``."""

from blogmetad.cli.app import main

main()
