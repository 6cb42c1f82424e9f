"""Small matters of English that filling and swapping words share."""

from __future__ import annotations

import re

# Spelt with a vowel and said with a consonant (unique, European, one), or the other way round (honest, LGBT).
VOWEL = re.compile(r"(?i)(?!(?:uni[^nm]|use|usu|eu|one\b|once))(?:[aeiou]|hono|honest|hour|heir|lgbt)")


def takes_an(word: str) -> bool:
    """Whether the indefinite article before it is `an`."""
    return bool(VOWEL.match(word))
