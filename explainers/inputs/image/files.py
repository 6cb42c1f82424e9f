"""Files of pictures: PNG, JPEG and WebP, read within limits. Metadata is dropped once the picture is upright.

A file is foreign: its header is judged before a pixel is decoded, and what Pillow raises or warns of is a refusal that
names the file and the limit.
"""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np

from ...contract import ImageInput
from ...contract.question import Pixels
from ...errors import BadInput

FORMATS = ("PNG", "JPEG", "WEBP")
MOST_BYTES = 20 * 2**20
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 16_384  # pixels
LARGEST_SHOWN = 1280  # pixels of the longer side of the copy that a page shows
QUALITY = 85  # of that copy, as WebP counts it
CURE = "save it again as a plain PNG, JPEG or WebP"


def opened(image: ImageInput) -> ImageInput:
    """The picture with its pixels: read from its file where they are not there yet.

    Raises BadInput for a file that cannot be read, or lies beyond a limit, and for a picture of which only the digest
    is known.
    """
    if image.pixels is not None:
        return image
    if image.content is None:
        raise BadInput(f"the pixels of image {image.digest[:12]} are not here: give the image itself")
    return image.read(pixels_of(image.content, name=image.name))


def pixels_of(content: bytes, *, name: str) -> Pixels:
    """The upright pixels (rows, columns, 3) of a file, on white where it is transparent. Raises BadInput."""
    from PIL import Image, ImageFile, UnidentifiedImageError

    if not content:
        raise BadInput(f"{name} is empty: give a PNG, JPEG or WebP file")
    if len(content) > MOST_BYTES:
        raise BadInput(f"{name} has {len(content):,} bytes; a picture may have {MOST_BYTES:,}: make it smaller")
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # a library that is loaded beside may have asked for what is left of a file
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged metadata, which is dropped anyway
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                _refuse_large(image, name)
                return _upright(image)
    except BadInput:
        raise
    except UnidentifiedImageError:
        raise BadInput(f"{name} is no PNG, JPEG or WebP file, or is damaged at its beginning: {CURE}") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise BadInput(f"{name} has more pixels than a picture may have, {MOST_PIXELS:,}: make it smaller") from None
    except MemoryError:
        raise BadInput(f"there is no memory to read {name}: make it smaller") from None
    except Exception as error:  # decoders raise what they like: ValueError, SyntaxError, struct.error, OverflowError …
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise BadInput(f"{name} cannot be read ({reason}): {CURE}") from None


def _refuse_large(image: Any, name: str) -> None:
    """Raises BadInput for what the header promises, before a pixel is decoded."""
    width, height = image.size
    if max(width, height) > LONGEST_SIDE:
        raise BadInput(
            f"{name} is {width:,} x {height:,} pixels; a side may have {LONGEST_SIDE:,}: make the picture smaller"
        )
    if width * height > MOST_PIXELS:
        raise BadInput(
            f"{name} is {width:,} x {height:,} pixels; a picture may have {MOST_PIXELS:,} together: make it smaller"
        )
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":  # which phones save: the picture, then previews of it
        raise BadInput(f"{name} has {frames} frames; one is read: save a single frame of it")


def _upright(image: Any) -> Pixels:
    from PIL import Image

    image.load()
    turned = _turned(image)
    if turned.mode in ("I", "I;16", "I;16B", "I;16L", "F"):  # 16 bits of grey: as shares of the whole range
        grey = np.asarray(turned, dtype=np.float64)
        top = 65535.0 if grey.max() > 255 else 255.0
        turned = Image.fromarray((np.clip(grey / top, 0, 1) * 255).round().astype(np.uint8))
    if turned.has_transparency_data:
        turned = turned.convert("RGBA")
        white = Image.new("RGBA", turned.size, (255, 255, 255, 255))
        turned = Image.alpha_composite(white, turned)
    pixels: Pixels = np.asarray(turned.convert("RGB"), dtype=np.uint8)
    return pixels


def _turned(image: Any) -> Any:
    """The picture as its metadata says it is looked at; as it lies where the metadata cannot be read."""
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # a reader of metadata raises what it likes
        return image


def shown_copy(pixels: Pixels) -> bytes:
    """The picture as a page shows it: WebP without metadata, at most LARGEST_SHOWN pixels on its longer side."""
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((LARGEST_SHOWN, LARGEST_SHOWN), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "WEBP", quality=QUALITY, method=2)
    return out.getvalue()
