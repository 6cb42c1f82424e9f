"""Messages on the socket: four bytes of length, then msgpack. Never pickle: reading a frame runs no code."""

from __future__ import annotations

from asyncio import StreamReader
from typing import Any

import msgpack

LONGEST = 256 * 1024 * 1024


def frame(message: dict[str, Any]) -> bytes:
    packed: bytes = msgpack.packb(message)
    return len(packed).to_bytes(4, "big") + packed


async def read_frame(reader: StreamReader) -> dict[str, Any]:
    """Raises IncompleteReadError at the end of the stream, ValueError for what is not a frame."""
    length = int.from_bytes(await reader.readexactly(4), "big")
    if length > LONGEST:
        raise ValueError(f"a frame of {length} bytes; at most {LONGEST} are allowed")
    message = msgpack.unpackb(await reader.readexactly(length), strict_map_key=True)
    if not isinstance(message, dict):
        raise ValueError("a frame that is not a map")
    return message
