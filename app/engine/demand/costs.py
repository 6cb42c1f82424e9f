"""Costs of questions, rows x tokens, before anybody has counted them. About: the tokenizers are in another process."""

from __future__ import annotations

from ..._library import explainers

USUAL_PASSES = 512  # of an explanation whose budget is not given
CHARACTERS = 4  # of a token
PICTURE = 200  # tokens whose row takes about as long as one of a picture
RECORDING = 1500  # and as one of a recording, however short
PASSES_OF_SOUND = 2**18 // RECORDING  # of a recording whose budget is not given


def tokens_of(*texts: str | None) -> int:
    """Estimated tokens of one row."""
    return 2 + sum(len(text or "") for text in texts) // CHARACTERS


def tokens_of_file(size: int, rows: int) -> int:
    """Estimated tokens of all rows of a file of `size` bytes."""
    return 2 * rows + size // CHARACTERS


def tokens(question: explainers.Question) -> int:
    """Estimated tokens of one masked row of a question."""
    files = {"image": PICTURE, "audio": RECORDING}
    return files.get(question.input.kind) or tokens_of(question.text, question.text_pair)


def estimate(question: explainers.Question) -> int:
    """Estimated cost of an explanation before it is made."""
    usual = PASSES_OF_SOUND if question.input.kind == "audio" else USUAL_PASSES
    return tokens(question) * (question.budget or usual)
