"""The files of a model folder that decide what the model computes, each judged before it is read.

What lies beside them is never opened: pickles, checkpoints, logs and models in other formats do no harm there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import BadModel
from .contents import read_object, refuse_code

BLOBS = "blobs"  # where the cache of a hub keeps the files that its snapshots link to


@dataclass(frozen=True, slots=True)
class Used:
    """A folder as the loader sees it. roots: the folders that its files may lie in; None allows any."""

    folder: Path
    roots: Sequence[Path] | None = None

    def has(self, name: str) -> bool:
        """Whether the file is there. Raises BadModel where it is no regular file, or a link out of the folder."""
        path = self.folder / name
        if not os.path.lexists(path):
            return False
        target = path.resolve()
        if not target.is_relative_to(self.folder):
            self._refuse_outside(name, target)
        if not target.exists() or not stat.S_ISREG(target.stat().st_mode):
            raise BadModel(f"{name} is not a regular file")
        return True

    def checked(self, name: str) -> dict[str, Any]:
        """The JSON object in the file. Raises BadModel for another value, or a field that names code or a place."""
        value = read_object(self.folder / name)
        refuse_code(value, name)
        return value

    def _refuse_outside(self, name: str, target: Path) -> None:
        """Raises BadModel but for the link of a hub's snapshot to the blobs of the same cache."""
        if self.folder.parent.name != "snapshots" or target.parent != self.folder.parent.parent / BLOBS:
            raise BadModel(f"{name} is a link that leads out of the folder: put the file itself in its place")
        if self.roots is not None and not any(target.is_relative_to(root) for root in self.roots):
            raise BadModel(
                f"{name} is a link to {target.parent}, which lies outside the folders that models may be loaded from: "
                "allow the folder of the whole cache, or copy the model with cp -rL"
            )
