"""``python -m streams.commands`` is ``closeloop``."""

from streams.commands.root import main

main()
