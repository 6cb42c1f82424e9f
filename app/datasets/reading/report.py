"""The rows of a file that could not be read: all are counted, the first are listed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .faults import told
from .schemas import Fault

LISTED = 100


@dataclass
class BadRows:
    most: int = LISTED
    count: int = 0
    listed: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        self.count += 1
        if len(self.listed) < self.most:
            self.listed.append(fault)

    def told(self, most: int = LISTED) -> Iterator[str]:
        """A line for each fault with its place, reason and cure, and one for those that are not listed."""
        yield from map(told, self.listed[:most])
        if self.count > (shown := min(most, len(self.listed))):
            yield f"… and {self.count - shown:,} more"
