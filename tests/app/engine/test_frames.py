from __future__ import annotations

import asyncio

import pytest

from app.engine.frames import LONGEST, frame, read_frame


async def read(data: bytes) -> dict[str, object]:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return await read_frame(reader)


def test_a_message_comes_back_exactly() -> None:
    """Floats bit for bit, bytes as bytes, text in any script."""
    message = {"id": 1, "scores": [0.1 + 0.2, 1e-300], "arrays": {"relations": b"\x00\xff"}, "text": "这部电影 😀"}

    assert asyncio.run(read(frame(message))) == message


@pytest.mark.parametrize(
    "data",
    [b"\x00\x00", b"\x00\x00\x00\x05ab", (LONGEST + 1).to_bytes(4, "big"), b"\x00\x00\x00\x01\x01"],
    ids=["cut length", "cut body", "too long", "no map"],
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    """Nothing is allocated for a length that is a lie."""
    with pytest.raises((asyncio.IncompleteReadError, ValueError)):
        asyncio.run(read(data))
