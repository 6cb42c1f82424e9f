"""How work tells how far it is, and is stopped."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called between batches with the share done; raises Cancelled when asked to stop."""

    def __call__(self, done: float, note: str = "") -> None: ...


def silent(done: float, note: str = "") -> None:
    """Progress for callers that do not watch."""
