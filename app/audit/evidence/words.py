"""Words as tables count them, and words that are masked until somebody asks for them."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

WORD = re.compile(r"[\w'’-]+")
MASKED = Path(__file__).parents[1] / "data" / "lexicons" / "masked.sha256"


def plain_word(text: str) -> str:
    """Lower case, without punctuation at its sides."""
    return re.sub(r"^[\W_]+|[\W_]+$", "", text.casefold().replace("’", "'"))


@cache
def masked_hashes() -> frozenset[str]:
    """SHA-256 of case-folded terms that no page shows before it is asked to. The terms themselves are nowhere here."""
    return frozenset(MASKED.read_text(encoding="ascii").split()) if MASKED.is_file() else frozenset()


def digest_of(term: str) -> str:
    return hashlib.sha256(term.casefold().strip().encode()).hexdigest()


def is_masked(text: str) -> bool:
    """Whether a word, its singular or a part between hyphens is on the list."""
    plain = plain_word(text)
    forms = {
        plain,
        *plain.split("-"),
        *(form[: -len(end)] for form in (plain,) for end in ("s", "es", "'s") if form.endswith(end)),
    }
    return any(form and digest_of(form) in masked_hashes() for form in forms)


def mask(text: str) -> str:
    """The first letter and dots: readable as a mask, not as the word."""
    return text[:1] + "•" * (len(text) - 1)


def masked_text(text: str) -> str:
    """The text with every listed word masked; as long as before."""
    return WORD.sub(lambda found: mask(found[0]) if is_masked(found[0]) else found[0], text)


def masked_name(word: str) -> str:
    """A listed word as its mask and the start of its hash, the same in every case; any other word as it is."""
    plain = plain_word(word)
    return f"{mask(plain)}·{digest_of(plain)[:4]}" if is_masked(word) else word


def masked_names(text: str) -> str:
    """The text with every listed word as its name: two texts that differ in such a word alone stay two."""
    return WORD.sub(lambda found: masked_name(found[0]), text)
