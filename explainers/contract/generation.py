"""The answer of a language model, how it was chosen, and the other tokens that could stand in each place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from .answer import ModelRecord, Rival
from .question import Input, TokenOutput
from .records import Value

MOST_NEW = 1024  # tokens of an answer


class Decoding(Value):
    """How an answer is chosen. With temperature 0 every token is the most probable one, and the seed says nothing."""

    max_tokens: int = Field(128, ge=1, le=MOST_NEW, description="Tokens of the answer at most.")
    temperature: float = Field(
        0.0, ge=0, le=5, description="0: the most probable token each time; above, tokens are drawn, flatter with more."
    )
    top_p: float = Field(
        1.0, gt=0, le=1, description="Draw from the most probable tokens that have this probability together."
    )
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Equal questions with equal seeds have equal answers.")


class SaidToken(Value):
    """One token of an answer: joined, the texts are the answer. rivals: the most probable tokens in its place.

    A token that is only a part of a character has an empty text; the character stands at the last of its tokens.
    """

    text: str
    logprob: float
    id: int
    rivals: tuple[Rival, ...] = ()


class Generation(Value):
    """An answer of a language model.

    prompt: what the model read, with its chat template. ended: by the model itself, or by the limit of tokens.
    """

    model: ModelRecord
    input: Input
    decoding: Decoding
    prompt: str
    prompt_tokens: int
    text: str
    tokens: tuple[SaidToken, ...]
    ended: Literal["end", "limit"]
    timings: Mapping[str, float] = {}

    def output(self, first: int = 0, stop: int | None = None, *, contrast: str | None = None) -> TokenOutput:
        """The outputs to ask for to have tokens first..stop of this answer explained, each and together."""
        ids = tuple(token.id for token in self.tokens)
        return TokenOutput(continuation=self.text, first=first, stop=stop, whole=True, contrast=contrast, ids=ids)
