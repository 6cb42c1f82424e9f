"""Files of pictures, most of them hostile: refused by name and limit before a pixel too many is decoded."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from explainers import BadInput
from explainers.inputs.image import files
from explainers.inputs.image.files import pixels_of, shown_copy

PIXELS = np.random.default_rng(0).integers(0, 256, (30, 50, 3), dtype=np.uint8)


def saved(form: str, pixels: Any = PIXELS, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, form, **options)
    return out.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *, rows: int | None = None, more: bytes = b"") -> bytes:
    """A black picture whose header promises width x height, and whose data hold so many rows."""
    data = zlib.compress(bytes((3 * min(width, 100) + 1) * (min(height, 100) if rows is None else rows)))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def jpeg_that_lies(width: int, height: int) -> bytes:
    held = bytearray(saved("JPEG"))
    at = held.index(b"\xff\xc0") + 5
    held[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(held)


def animated(form: str) -> bytes:
    frames = [Image.fromarray(np.roll(PIXELS, step, axis=1)) for step in range(3)]
    out = io.BytesIO()
    frames[0].save(out, form, save_all=True, append_images=frames[1:])
    return out.getvalue()


HOSTILE = {
    "nothing": (b"", "is empty"),
    "a text": (b"<svg onload=alert(1)>", "no PNG, JPEG or WebP"),
    "a form that is not read": (saved("GIF"), "no PNG, JPEG or WebP"),
    "half a PNG": (saved("PNG")[: len(saved("PNG")) // 2], "cannot be read"),
    "half a JPEG": (saved("JPEG")[:600], "cannot be read"),
    "half a WebP": (saved("WEBP")[:200], "cannot be read|no PNG"),
    "a side of 30,000 pixels": (png(30_000, 2), "a side may have 16,384"),
    "a side of 30,000 pixels, real": (saved("PNG", np.zeros((1, 30_000, 3), dtype=np.uint8)), "30,000 x 1"),
    "a bomb of 100 megapixels": (png(10_000, 10_000), "may have"),
    "a bomb of 60 megapixels": (png(10_000, 6_000), "may have 40,000,000"),
    "a bomb of a billion pixels": (png(2**31 - 1, 2**31 - 1), "may have|cannot be read|no PNG"),
    "a JPEG that lies": (jpeg_that_lies(60_000, 60_000), "may have"),
    "a text chunk that grows": (
        png(9, 9, more=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(80 << 20)))),
        "cannot be read",
    ),
    "frames of an animation": (animated("PNG"), "3 frames"),
    "frames of a WebP": (animated("WEBP"), "3 frames"),
    "more bytes than a picture has": (b"\x89PNG" + bytes(files.MOST_BYTES), "may have 20,971,520"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_by_its_name_and_limit(name: str) -> None:
    """Every one raises BadInput with the file's name and the cure, and takes little memory."""
    content, said = HOSTILE[name]
    tracemalloc.start()
    try:
        with pytest.raises(BadInput, match=said) as refused:
            pixels_of(content, name="holiday.png")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert str(refused.value).startswith("holiday.png")
    assert peak < 64 << 20


def test_a_polyglot_is_a_picture_and_nothing_else() -> None:
    """A page behind the end of a JPEG, or in its metadata, is not in the copy that is kept."""
    exif = Image.Exif()
    exif[0x010E] = "<script>zyx</script>"
    content = saved("JPEG", exif=exif, comment=b"<script>zyx") + b"PK\x03\x04<script>zyx</script>"
    copy = shown_copy(pixels_of(content, name="both.jpg"))

    assert b"zyx" not in copy
    assert Image.open(io.BytesIO(copy)).size == (50, 30)


@pytest.mark.parametrize("turned", range(1, 9))
def test_every_orientation_is_undone(turned: int) -> None:
    """The pixels are those of the upright picture, whichever way the file lies."""
    exif = Image.Exif()
    exif[0x0112] = turned
    undone = {2: np.fliplr, 3: lambda p: np.rot90(p, 2), 4: np.flipud, 5: lambda p: p.transpose(1, 0, 2)}
    undone |= {6: lambda p: np.rot90(p, -1), 7: lambda p: np.rot90(p, 2).transpose(1, 0, 2), 8: np.rot90}
    wanted = undone.get(turned, lambda p: p)(PIXELS)

    assert np.array_equal(pixels_of(saved("PNG", exif=exif), name="a"), wanted)


def test_what_is_transparent_is_white_and_grey_has_three_colours() -> None:
    """Sixteen bits of grey keep their range."""
    clear = np.zeros((4, 4, 4), dtype=np.uint8)
    deep = np.linspace(0, 65535, 16).reshape(4, 4).astype(np.uint16)

    assert (pixels_of(saved("PNG", clear), name="a") == 255).all()
    assert pixels_of(saved("PNG", deep), name="a")[..., 0].ravel().tolist() == [17 * step for step in range(16)]
    assert pixels_of(saved("JPEG", PIXELS[..., 0]), name="a").shape == (30, 50, 3)


def test_damaged_metadata_harms_nothing() -> None:
    """A photo whose EXIF is cut short is read as it lies."""
    content = saved("JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")

    assert pixels_of(content, name="a").shape == PIXELS.shape
