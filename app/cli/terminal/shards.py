"""Answers to many texts on their way into a file: kept beside it some at a time, so that a command that was killed and
is given again goes on where it stood. The file itself is there whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MOST_ROWS = 1024
KEPT_EVERY = 2.0  # seconds of work that a kill loses at most, beside the text in hand


@dataclass(frozen=True, slots=True)
class Shard:
    """Answers to the rows from start to before stop, `failed` of which are errors."""

    start: int
    stop: int
    failed: int
    body: bytes


@dataclass
class Shards:
    """out: the file that is to be. key: of everything the answers depend on; another key begins anew."""

    out: Path
    key: str
    clock: Callable[[], float] = time.monotonic
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self._since = self.clock()

    @property
    def folder(self) -> Path:
        return self.out.with_name(f".{self.out.name}.{self.key[:16]}.parts")

    def stored(self) -> Iterator[Shard]:
        """The stored shards that follow one another without a gap from the first row on."""
        stop = 0
        while (path := self.folder / f"{stop:012}").is_file():
            head, _, body = path.read_bytes().partition(b"\n")
            start, stop, failed = map(int, head.split())
            yield Shard(start, stop, failed, body)

    def due(self, rows: int) -> bool:
        return rows >= MOST_ROWS or self.clock() - self._since >= KEPT_EVERY

    def keep(self, shard: Shard) -> None:
        """It is there whole or not at all, also when the machine fails."""
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"{shard.start:012}"
        whole(path, lambda part: part.write_bytes(b"%d %d %d\n" % (shard.start, shard.stop, shard.failed) + shard.body))
        self._since = self.clock()

    def finish(self, write: Callable[[Path, Iterator[bytes]], Any]) -> None:
        """Makes the file of all shards, and removes what is kept beside it."""
        whole(self.out, lambda part: write(part, (shard.body for shard in self.stored())))
        for folder in self.out.parent.glob(f".{_literal(self.out.name)}.*.parts"):
            shutil.rmtree(folder, ignore_errors=True)


def key_of(*asked: Any) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()


def whole(path: Path, write: Callable[[Path], Any]) -> None:
    """`write` is given another path; what it leaves there takes the file's place at once."""
    part = path.with_name(f".{path.name}.part")
    try:
        write(part)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _literal(name: str) -> str:
    """The file name with the characters escaped that glob would read as a pattern."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
