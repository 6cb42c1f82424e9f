"""Parts of speech by HanTa (Wartena 2019), whose English model lies inside its package on PyPI.

The model file is a pickle, so it is loaded only if its SHA-256 is the pinned one: it is then as trustworthy as the code
of the package it came with.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

FILE = "morphmodel_en.pgz"
SHA256 = "99ddc9b14b3fe604b245e2d7a3aef59ab1bdd06b1bae4f4ce74738902e2a0265"
TOKEN = re.compile(r"[’'][^\W\d_]+|\w+(?:-\w+)*|[^\w\s]")


class TaggerMissing(RuntimeError):
    """HanTa is not there, or its model is another one than was tested."""


@lru_cache(maxsize=1)
def _tagger() -> Any:
    found = importlib.util.find_spec("HanTa")
    folder = Path(found.origin).parent if found and found.origin else None
    if folder is None or not (folder / FILE).is_file():
        raise TaggerMissing("the tagger HanTa is not installed; swapping `her` needs it: pip install hanta")
    digest = hashlib.sha256((folder / FILE).read_bytes()).hexdigest()
    if digest != SHA256:
        raise TaggerMissing(
            f"{FILE} of the installed HanTa has SHA-256 {digest}, not the one that was tested: {SHA256}"
        )
    from HanTa.HanoverTagger import HanoverTagger

    return HanoverTagger(str(folder / FILE))  # by the name alone it would first look in the working folder


def tagged(text: str) -> list[tuple[int, str, str]]:
    """(offset, token, tag) with the tags of BNC's C5 set (NN1, AJ0, PNP …); punctuation is PUN."""
    found = [(match.start(), match[0]) for match in TOKEN.finditer(text)]
    if not found:
        return []
    tags = _tagger().tag_sent([token.replace("’", "'") for _, token in found])
    return [(start, token, str(tag)) for (start, token), (_, _, tag) in zip(found, tags, strict=True)]
