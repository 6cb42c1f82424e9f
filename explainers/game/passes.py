"""Every pass through a network is told before it begins, however deep in a method it lies.

So whoever asked can stop the work, or do other work first, between any two passes; and passes can be counted. What
listens belongs to the context: work that is let in meanwhile is to run in a context of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias

from ..contract import Progress

Listener: TypeAlias = Callable[[int], None]
_LISTENERS: ContextVar[tuple[Listener, ...]] = ContextVar("listeners", default=())


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """From here to the end of the block `listener` hears of every pass how many rows it has; what it raises ends the
    work, such as Cancelled."""
    token = _LISTENERS.set((*_LISTENERS.get(), listener))
    try:
        yield
    finally:
        _LISTENERS.reset(token)


def begins(rows: int) -> None:
    """Called by models before each pass, outside every gradient mode: a listener may run another model here."""
    for listener in _LISTENERS.get():
        listener(rows)


@contextmanager
def told_to(progress: Progress) -> Iterator[Progress]:
    """Gives a progress callback to hand on; with every pass, `progress` hears again what it was told last."""
    last = (0.0, "")

    def hand_on(done: float, note: str = "") -> None:
        nonlocal last
        last = (done, note)
        progress(done, note)

    with heard_by(lambda rows: progress(*last)):
        yield hand_on
