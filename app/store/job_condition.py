"""Whether jobs are being run, as pages, probes and metrics tell it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Doing = Literal["running", "starting", "failing", "elsewhere"]
QUICK_ENDS = 2  # after so many in a row jobs are said not to run; one is mended before anybody notices


MISSED = 2  # looks in a row without a worker elsewhere, so that one may be started again meanwhile


@dataclass(frozen=True, slots=True)
class Halt:
    """Why no job is run. Jobs wait meanwhile; none is lost."""

    said: str  # without hosts, users and paths
    inside: str = ""  # for whoever runs the server


NOBODY = Halt(
    "no worker is at work",
    "no worker holds the lock of the jobs: start `whence worker` with this database, or see why it ended",
)


@dataclass
class RunnerCondition:
    """The job runner of this process; `elsewhere` where another process's worker takes the jobs."""

    doing: Doing = "starting"
    halt: Halt | None = None
    starts: int = 0
    _quick: int = field(default=0, repr=False)

    def started(self) -> None:
        self.starts += 1

    def at_work(self) -> None:
        self.doing, self.halt, self._quick = "running", None, 0

    def looked(self, *, found: bool) -> None:
        """found: whether a worker elsewhere is at work."""
        self._quick = 0 if found else self._quick + 1
        if found:
            self.doing, self.halt = "elsewhere", None
        elif self._quick >= MISSED:
            self.doing, self.halt = "failing", NOBODY

    def ended(self, said: str, inside: str = "", *, quick: bool) -> None:
        """said, inside: why. quick: soon after its start."""
        self._quick = self._quick + 1 if quick else 0
        if self._quick >= QUICK_ENDS:
            self.doing, self.halt = "failing", Halt(said, inside)
        else:
            self.doing, self.halt = "starting", None
