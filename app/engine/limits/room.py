"""Which models stay in memory: the one that was asked longest ago goes when another one needs its room."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Callable
from threading import Condition


class Room:
    """Room for models, counted in bytes of their weights. A model at work keeps its room until it is released."""

    def __init__(self, budget: float | None = None) -> None:
        """budget: None for as many models as are asked for."""
        self.budget = math.inf if budget is None else budget
        self._sizes: OrderedDict[str, int] = OrderedDict()  # asked longest ago first
        self._held: Counter[str] = Counter()
        self._changed = Condition()

    def take(self, name: str, size: int, *, drop: Callable[[str], None]) -> None:
        """Makes room and holds it. Waits while all that could go is at work; what is larger than all room is alone.

        drop: called with each model that has to go.
        """
        with self._changed:
            self._sizes.pop(name, None)
            while self._sizes and sum(self._sizes.values()) + size > self.budget:
                idle = next((each for each in self._sizes if not self._held[each]), None)
                if idle is None:
                    self._changed.wait()
                    continue
                del self._sizes[idle]
                drop(idle)
            self._sizes[name] = size
            self._held[name] += 1

    def hold(self, name: str) -> bool:
        """Whether the model has room, which it then keeps until it is released as often as it was held."""
        with self._changed:
            if name not in self._sizes:
                return False
            self._sizes.move_to_end(name)
            self._held[name] += 1
            return True

    def release(self, name: str) -> None:
        with self._changed:
            self._held[name] = max(0, self._held[name] - 1)
            self._changed.notify_all()

    def leave(self, name: str) -> None:
        """Gives up the room of a model that is not there any more."""
        with self._changed:
            self._sizes.pop(name, None)
            self._changed.notify_all()
