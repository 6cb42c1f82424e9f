from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from .._library import explainers
from ..schemas import MOST_MESSAGES, MOST_PASSAGES, Message, Name, PromptInput, Request, Text


class GenerationRequest(Request, explainers.Decoding):
    """A question to a language model: `text`, with `system` and `passages`, or a whole conversation as `messages`."""

    model: Name = explainers.DEFAULT_LANGUAGE_MODEL
    text: Text | None = Field(None, description="What the user asks.")
    system: Text | None = Field(None, description="Instructions that stand before the question.")
    passages: Annotated[list[Text], Field(max_length=MOST_PASSAGES)] = Field([], description="Texts to answer from.")
    messages: Annotated[list[Message], Field(min_length=1, max_length=MOST_MESSAGES)] | None = Field(
        None, description="A conversation instead of text and system; the last message is the user's."
    )
    stream: bool = Field(False, description="Answer with server-sent events: the text as it comes, then the record.")

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if (self.text is None) == (self.messages is None):
            raise ValueError("give either text or messages")
        if self.messages is not None and self.system is not None:
            raise ValueError("system stands beside text; in a conversation it is the first of messages")
        self.asked  # noqa: B018 - raises ValueError with the reason
        return self

    @property
    def asked(self) -> explainers.PromptInput | explainers.TextInput:
        """The input: a text alone stays one, so that a model without a chat template can go on from it."""
        if self.messages is not None:
            return PromptInput(kind="prompt", messages=self.messages, passages=self.passages).prompt
        assert self.text is not None
        if self.system is None and not self.passages:
            return explainers.TextInput(text=self.text)
        return explainers.PromptInput.of(self.text, system=self.system, passages=self.passages)

    @property
    def decoding(self) -> explainers.Decoding:
        return explainers.Decoding(**{name: getattr(self, name) for name in explainers.Decoding.model_fields})


class GenerationOut(explainers.Generation):
    """An answer under its permanent key. `POST /v1/explanations` with `input` and outputs of kind tokens says why."""

    key: str
