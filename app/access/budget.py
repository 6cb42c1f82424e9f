"""Budgets of callers: rows that go through a model x their tokens. Who overspends waits; others do not."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import OverBudget

MINUTE = 60.0
MOST_OWED = 5  # minutes of refilling that a job may leave as a debt: it runs behind everybody who waits
MOST_CALLERS = 10_000  # whoever has not asked for longest is forgotten, with a full purse


class Purse:
    """Refills steadily, up to one minute's worth. Asking is possible while there is anything in it.

    What an answer costs is known only afterwards, so it is estimated first and put right then; a single large question
    may leave a debt, which has to be refilled before the next one.
    """

    def __init__(self, per_minute: int, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self.at_once = at_once
        self.clock = clock
        self.held = float(per_minute)
        self.looked = clock()
        self.in_hand = 0

    @contextmanager
    def paying(self, estimate: float) -> Iterator[Callable[[float], None]]:
        """Gives a function to call with what it cost. What fails costs what was estimated. Raises OverBudget."""
        self._refuse_while_empty()
        if self.in_hand >= self.at_once:
            raise OverBudget(f"{self.in_hand} of your questions are being answered already", retry_after=1)
        self.held -= estimate
        self.in_hand += 1
        try:
            yield lambda cost: self._put_right(estimate - cost)
        finally:
            self.in_hand -= 1

    def charge(self, cost: float) -> None:
        """For a job, when it is sent. Raises OverBudget."""
        self._refuse_while_empty()
        self.held = max(self.held - cost, -MOST_OWED * self.per_minute)

    def _refuse_while_empty(self) -> None:
        self._refill()
        if self.held <= 0:
            wait = math.ceil((1 - self.held) / self.per_minute * MINUTE)
            raise OverBudget(
                f"{self.per_minute:,} rows x tokens a minute are used up; ask again in {wait} s",
                retry_after=wait,
            )

    def _put_right(self, too_much: float) -> None:
        self.held = min(self.per_minute, self.held + too_much)

    def _refill(self) -> None:
        now = self.clock()
        self.held = min(self.per_minute, self.held + (now - self.looked) / MINUTE * self.per_minute)
        self.looked = now


class Purses:
    """A purse for each caller, by the key's id or the user."""

    def __init__(self, per_minute: int, at_once: int) -> None:
        self.per_minute = per_minute
        self.at_once = at_once
        self._purses: OrderedDict[str, Purse] = OrderedDict()

    def of(self, caller: str) -> Purse:
        purse = self._purses.get(caller)
        if purse is None:
            purse = self._purses[caller] = Purse(self.per_minute, self.at_once)
            if len(self._purses) > MOST_CALLERS:
                self._purses.popitem(last=False)
        self._purses.move_to_end(caller)
        return purse
