"""``python -m bandeau.cli``."""

from bandeau.cli import main

main()
