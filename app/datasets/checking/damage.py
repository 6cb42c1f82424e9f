"""Texts that were read in a wrong encoding, or lost characters on the way."""

from __future__ import annotations

import re

import ftfy
from ftfy.badness import is_bad

LOST = "\ufffd"
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
SETTINGS = ftfy.TextFixerConfig(
    unescape_html=False, normalization=None, uncurl_quotes=False, fix_latin_ligatures=False, fix_character_width=False,
    fix_line_breaks=False, remove_control_chars=True, explain=False,
)  # fmt: skip


def is_damaged(text: str) -> bool:
    """Whether characters of the text are lost, are no characters, or stand for others by a wrong encoding."""
    if LOST in text or CONTROL.search(text):
        return True
    return not text.isascii() and (repaired(text) != text or is_bad(text))


def repaired(text: str) -> str:
    """The text as it was before it was read in a wrong encoding; what is lost stays lost."""
    return ftfy.fix_text(text, SETTINGS)
