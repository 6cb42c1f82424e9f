"""`python -m app.cli` is the command `whence`."""

from . import main

main()
