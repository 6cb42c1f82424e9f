"""Parts that the schemas of several features share."""

from __future__ import annotations

import base64
import math
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from ._library import explainers

LONGEST_TEXT = 20_000  # characters; the models of this kind read about 2,500


MOST_FILE = 20 * 2**20  # bytes of a picture or a recording; inputs/*/files.py of the library hold to it too
MOST_ENCODED = (MOST_FILE + 2) // 3 * 4  # characters of the largest file in base64

MOST_CLASSES = 10_000  # that a model may have
MOST_MESSAGES = 40  # of a conversation
MOST_PASSAGES = 20
LISTED_CLASSES = 100  # of a prediction or a model, where nobody asks for more


class Frozen(BaseModel):
    """A value, or a part of a file that somebody wrote: no field that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Record(Frozen):
    """Something the application answers."""


class Request(BaseModel):
    """Something a caller asks: exact types, and no field that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def first_error(error: ValidationError) -> str:
    """The field of the first error and what is allowed there, in one line."""
    first = error.errors()[0]
    place, said = ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")
    return f"{place}: {said}" if place else said


def _readable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("the text contains a NUL character (U+0000); remove it")
    if not text.strip():
        raise ValueError("the text is empty or only white space; give at least one visible character")
    return text


def _finite(value: Any) -> Any:
    """JSON as Python reads it may hold NaN, Infinity and halves of surrogate pairs, which no answer could hold."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("NaN and Infinity are not numbers of JSON; leave the option out or give a number")
    if isinstance(value, str) and ("\x00" in value or any(0xD800 <= ord(c) <= 0xDFFF for c in value)):
        raise ValueError("a string contains NUL or a lone surrogate; remove it")
    if isinstance(value, dict):
        for key, inner in value.items():
            _finite(key)
            _finite(inner)
    if isinstance(value, list):
        for inner in value:
            _finite(inner)
    return value


Text = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_TEXT, description="Taken as it is: offsets count its Unicode code points."),
    AfterValidator(_readable),
]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Options = Annotated[dict[str, Any], AfterValidator(_finite), Field(max_length=50)]


class TextInput(Request):
    """One input of a model: a text, or a pair of texts for a model that reads pairs."""

    text: Text
    text_pair: Text | None = None


class Message(Request):
    """One turn of a conversation."""

    role: explainers.Role
    text: Text


class PromptInput(Request):
    """A prompt of a language model: a conversation, and passages to answer from."""

    kind: Literal["prompt"]
    messages: Annotated[list[Message], Field(min_length=1, max_length=MOST_MESSAGES)]
    passages: Annotated[list[Text], Field(max_length=MOST_PASSAGES)] = []

    @model_validator(mode="after")
    def _can_be_answered(self) -> Self:
        self.prompt  # noqa: B018 - raises ValueError with the reason
        return self

    @property
    def prompt(self) -> explainers.PromptInput:
        return explainers.PromptInput.model_validate(self.model_dump())

    @property
    def text(self) -> str:
        """All parts as one text."""
        return self.prompt.text

    @property
    def text_pair(self) -> None:
        """A prompt has no second text."""


class FileInput(Request):
    """A file in base64, under the name that errors and the history call it by."""

    kind: str
    data: Annotated[str, Field(min_length=1, max_length=MOST_ENCODED)] = Field(description="The file in base64.")
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="The name of the file: what errors and the history call it."
    )
    _reads: ClassVar[type[explainers.FileInput]]
    _file: explainers.FileInput = PrivateAttr()

    @model_validator(mode="after")
    def _is_a_file(self) -> Self:
        try:
            content = base64.b64decode(self.data, validate=True)
        except ValueError:
            raise ValueError("data is not base64: encode the bytes of the file, without a prefix") from None
        self._file = self._reads.sent(content, name=None if self.name is None else clean(self.name))
        return self

    @property
    def file(self) -> explainers.FileInput:
        """The input with its file, which only the engine opens."""
        return self._file

    @property
    def text(self) -> str:
        """A file has no text."""
        return ""

    @property
    def text_pair(self) -> None:
        """A file has no second text."""


class ImageInput(FileInput):
    """A picture: the file itself, PNG, JPEG or WebP. Metadata is dropped, the orientation that it names applied."""

    kind: Literal["image"]
    _reads = explainers.ImageInput


class AudioInput(FileInput):
    """A recording: the file itself, WAV, FLAC, OGG or MP3. Metadata is dropped, channels are mixed."""

    kind: Literal["audio"]
    _reads = explainers.AudioInput


def clean(text: str) -> str:
    """The text as any encoder can write it: halves of surrogate pairs become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")
