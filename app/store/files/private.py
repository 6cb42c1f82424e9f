"""Files of an installation are its owner's: databases, arrays, uploads and logs hold what people typed."""

from __future__ import annotations

import os

OTHERS = 0o077


def keep_files_private() -> None:
    """Take from everybody else the rights to files that this process and those it starts will make."""
    os.umask(OTHERS)
