"""Words of a text, and the search for one in a text: both by the same borders."""

from __future__ import annotations

import re
from functools import lru_cache

HAN = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # written without spaces: every sign is a word
LETTER = rf"[^\W_{HAN}]"
WORD = re.compile(rf"{LETTER}+(?:['’]{LETTER}+)*|[{HAN}]|[?!…]|[:;]-?[)(D]")
WORDLIKE = re.compile(LETTER)
OPENS, CLOSES = rf"(?<!{LETTER})(?<!{LETTER}['’])", rf"(?!{LETTER})(?!['’]{LETTER})"


def words_of(text: str) -> list[str]:
    """The words of a text, case folded. Chinese and Japanese signs are words each; so are ? and !."""
    return [each.replace("’", "'") for each in WORD.findall(text.casefold())]


@lru_cache(maxsize=256)
def holding(needle: str) -> re.Pattern[str]:
    """A pattern that finds the needle, case folded, with whole words at its ends; blanks in it fit any blanks."""
    folded = needle.casefold().strip().replace("’", "'")
    parts = [re.escape(part).replace("'", "['’]") for part in folded.split()]
    before = OPENS if WORDLIKE.match(folded[:1]) else ""
    after = CLOSES if WORDLIKE.match(folded[-1:]) else ""
    return re.compile(before + r"\s+".join(parts) + after)


def holds(text: str, needle: str) -> bool:
    return holding(needle).search(text.casefold()) is not None
