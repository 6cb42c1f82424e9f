"""What questions cost, rows x tokens, before anybody has counted them. About: the tokenizers are in another process."""

from __future__ import annotations

USUAL_PASSES = 512  # of an explanation whose budget is not given
CHARACTERS = 4  # of a token


def tokens_of(*texts: str | None) -> int:
    """Of one row."""
    return 2 + sum(len(text or "") for text in texts) // CHARACTERS


def tokens_of_file(size: int, rows: int) -> int:
    """Of all rows of a file of so many bytes."""
    return 2 * rows + size // CHARACTERS
