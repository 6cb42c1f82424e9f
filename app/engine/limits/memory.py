"""How much memory an engine may have where nobody says, a share of the machine's or of the container's, and how it
gives back what it does not need."""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Iterator
from pathlib import Path

SHARE = 0.75  # the rest is for the web process, the job runner and the database
LEAST = 1 << 30
# What a process that computes keeps for later, told by the environment before torch is imported (docs/decisions/0022).
# Arenas of the allocator: more of them, one a thread, keep what each once needed. Compiled kernels of oneDNN: one for
# each shape of a product, 0.3 MB, of which a panel needs about a hundred; by itself it keeps 1,024.
SPARING = {"MALLOC_ARENA_MAX": "2", "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "256"}
GROUPS = Path("/sys/fs/cgroup")
CARD = Path("/dev/nvidiactl")


def give_back() -> None:
    """To the machine what the allocator keeps of freed memory; of an allocator other than glibc's nothing."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def engine_memory(given: int | None, *, device: str) -> int | None:
    """Bytes that the engine's limit is set to; None for no limit: CUDA maps more than it uses."""
    if given is not None:
        return given
    if device.startswith("cuda") or (device == "auto" and CARD.exists()):
        return None
    return max(LEAST, round(SHARE * machine_memory()))


def model_memory(given: int | None, *, engine: int | None) -> int:
    """Bytes of weights that are kept loaded: half of what the engine may have, the rest is for its work.

    engine: its limit; None for none, then of what the machine has.
    """
    return (engine or machine_memory()) // 2 if given is None else given


def machine_memory(groups: Path = GROUPS, own: Path = Path("/proc/self/cgroup")) -> int:
    """Bytes that this process could have at most: the machine's, or what its control groups allow."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in _limits(groups, own):
        try:
            written = path.read_text().strip()
        except OSError:
            continue
        if written.isdecimal():
            found.append(int(written))
    return min(found)


def _limits(groups: Path, own: Path) -> Iterator[Path]:
    """The files with the limits of this process's groups, of both versions of control groups, from its own upwards."""
    yield groups / "memory" / "memory.limit_in_bytes"
    try:
        lines = own.read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        number, _, path = line.partition("::")
        if number == "0":
            folder = groups / path.lstrip("/")
            yield from (above / "memory.max" for above in (folder, *folder.parents) if above.is_relative_to(groups))
