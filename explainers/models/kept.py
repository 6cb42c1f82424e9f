"""Plain folders that are made once of other files, and kept."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from ..errors import BadModel


def kept_copy(
    path: Path,
    folder: Path,
    write: Callable[[Path, Path], None],
    *,
    verify: Callable[[Path], None] | None = None,
) -> Path:
    """The folder that `write` makes of a file, made now where it is not there yet, whole or not at all.

    write: given the file and a folder that does not exist yet, writes config.json last. verify: called before the file
    is read. Raises BadModel.
    """
    if (folder / "config.json").is_file():
        return folder
    if verify is not None:
        verify(path)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="part-", dir=folder.parent) as scratch:
            made = Path(scratch) / folder.name
            write(path, made)
            if not (folder / "config.json").is_file():  # another process may have been quicker
                shutil.rmtree(folder, ignore_errors=True)
                os.replace(made, folder)
    except OSError as error:
        place = folder.parent.parent
        raise BadModel(f"the plain folder of {path.name} cannot be written below {place}: {error.strerror}") from error
    return folder
