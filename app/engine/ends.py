"""Why a process with models ended, in words: by how the system says it ended."""

from __future__ import annotations

import signal

STUCK = 75  # the exit code of an engine whose batch did not end within twice the cap
MEMORY_CURE = "more memory, a smaller model, or another WHENCE_ENGINE_MEMORY"


def reason_of(code: int | None, *, memory: int | None = None) -> str:
    """A clause that goes on after "the process ended".

    code: the exit code, or a negative number of a signal. memory: bytes that the process might have.
    """
    limit = "" if memory is None else f" (its limit is {memory:,} bytes)"
    if code is None:
        return "for a reason that is not known"
    if code == -signal.SIGKILL:
        return f"killed by the system (SIGKILL), most likely because memory ran out{limit}: it needs {MEMORY_CURE}"
    if code == -signal.SIGABRT:
        return f"by an abort (SIGABRT), most likely because it was given no more memory{limit}: it needs {MEMORY_CURE}"
    if code in (-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGILL, -signal.SIGFPE):
        name = signal.Signals(-code).name
        return f"by a crash ({name}): a file is damaged or changed meanwhile, or meets a fault of torch or tokenizers"
    if code == STUCK:
        return "because one batch did not end within twice WHENCE_EXPLANATION_SECONDS"
    if code < 0:
        return f"by signal {-code}"
    return f"with code {code}; its log says more"


def out_of_memory(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, is that no memory was given."""
    while error is not None:
        if isinstance(error, MemoryError) or "can't allocate memory" in str(error) or "out of memory" in str(error):
            return True
        error = error.__cause__
    return False
