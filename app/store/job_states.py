from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    QUEUED = "queued"  # stored; the runner has not begun it
    RUNNING = "running"  # shards are worked on, or will be again once a runner that died has been restarted
    CANCELLING = "cancelling"  # somebody asked it to stop; the batch in hand ends first
    CANCELLED = "cancelled"  # stopped on request; what was finished is kept, and a retry goes on behind it
    FAILED = "failed"  # an error that trying again at once would not mend; a retry goes on behind what was finished
    DONE = "done"  # every shard and the result are stored


FINAL = frozenset({State.CANCELLED, State.FAILED, State.DONE})
RETRIED = frozenset({State.CANCELLED, State.FAILED})
