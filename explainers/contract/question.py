"""A question to a model, apart from the method: an input, an output, and the game between them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias

import numpy as np
from pydantic import Discriminator, Field, PrivateAttr, Tag, model_validator

from .records import Value

Players = Literal["auto", "token", "word", "phrase", "sentence", "passage", "region", "detail", "patch", "span"]
ValueName = Literal["log-odds", "logit", "probability", "margin", "output", "log-probability"]
BaselineKind = Literal[
    "hidden", "deleted", "mask", "unk", "pad", "eos", "zero", "mean", "text", "blur", "noise", "silence"
]
Precision = Literal["auto", "fp32", "bf16"]
Accuracy = Literal["draft", "normal", "exact"]
LongText = Literal["windows", "cut"]
Role = Literal["system", "user", "assistant"]
Pixels: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]  # (rows, columns, 3), red, green and blue
Samples: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]  # (count,), −1 to 1
MOST_TOKENS = 256  # of a continuation that are explained together
GAP = "\n\n"  # between the parts of a prompt where they are shown as one text


class TextInput(Value):
    """A text, or a pair of texts that the model reads together."""

    kind: Literal["text"] = "text"
    text: str
    text_pair: str | None = None


class FileInput(Value):
    """Something that was given as a file, by the SHA-256 of what was given. Equal digests are equal inputs.

    What the file holds stays in the process that holds it: an input that was read back from JSON has no content, and
    cannot be encoded.
    """

    known_as: ClassVar[str] = "file"
    kind: str
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    _content: bytes | None = PrivateAttr(None)
    _name: str | None = PrivateAttr(None)

    @classmethod
    def sent(cls, content: bytes, *, name: str | None = None) -> Self:
        """An input from the bytes of its file, which a model reads when it encodes it. name: as errors call it."""
        made = cls.model_validate({"digest": hashlib.sha256(content).hexdigest()})
        made._content, made._name = content, name
        return made

    def hold(self, content: bytes, *, name: str) -> None:
        """Take the bytes of the file, which came apart from the question. Raises ValueError for another file."""
        if hashlib.sha256(content).hexdigest() != self.digest:
            raise ValueError("the file is not the one that the question names")
        self._content, self._name = content, name

    @property
    def content(self) -> bytes | None:
        """The bytes of the file; None where it is not here, or there is none."""
        return self._content

    @property
    def name(self) -> str:
        """The name of the file as errors call it."""
        return self._name or f"the {self.known_as}"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


class ImageInput(FileInput):
    """A picture: of its pixels, or of the file that holds them. width, height: None before the file is read."""

    known_as: ClassVar[str] = "picture"
    kind: Literal["image"] = "image"
    width: int | None = None
    height: int | None = None
    _pixels: Pixels | None = PrivateAttr(None)

    @classmethod
    def of(cls, pixels: Pixels) -> Self:
        """A picture from its pixels (rows, columns, 3), 0 to 255. Raises ValueError for another shape or type."""
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
            raise ValueError(f"an image has uint8 pixels (rows, columns, 3), not {pixels.dtype} {pixels.shape}")
        height, width, _ = pixels.shape
        told = hashlib.sha256(f"{height} {width} ".encode() + pixels.tobytes()).hexdigest()
        return cls(digest=told).read(pixels)

    def read(self, pixels: Pixels) -> Self:
        """The picture with the pixels that were read from its file."""
        height, width, _ = pixels.shape
        made = type(self)(digest=self.digest, width=width, height=height)
        made._pixels, made._content, made._name = pixels, self._content, self._name
        return made

    @property
    def pixels(self) -> Pixels | None:
        """(rows, columns, 3), upright; None where only the file or the digest is known."""
        return self._pixels


class AudioInput(FileInput):
    """A recording: of its samples, or of the file that holds them. seconds: None before the file is read."""

    known_as: ClassVar[str] = "recording"
    kind: Literal["audio"] = "audio"
    seconds: float | None = None
    _samples: Samples | None = PrivateAttr(None)
    _rate: int = PrivateAttr(0)

    @classmethod
    def of(cls, samples: Samples, rate: int) -> Self:
        """A recording from its samples (count,), −1 to 1, so many a second. Raises ValueError for another shape."""
        if samples.ndim != 1 or not samples.size or rate < 1:
            raise ValueError(f"a recording has samples (count,) at a rate of 1 or more, not {samples.shape} at {rate}")
        told = np.ascontiguousarray(samples, dtype=np.float32)
        return cls(digest=hashlib.sha256(f"{rate} ".encode() + told.tobytes()).hexdigest()).read(told, rate)

    def read(self, samples: Samples, rate: int) -> Self:
        """The recording with the samples that were read from its file."""
        made = type(self)(digest=self.digest, seconds=len(samples) / rate)
        made._samples, made._rate, made._content, made._name = samples, rate, self._content, self._name
        return made

    @property
    def samples(self) -> Samples | None:
        """(count,), all channels mixed; None where only the file or the digest is known."""
        return self._samples

    @property
    def rate(self) -> int:
        """Samples a second; 0 before the file is read."""
        return self._rate


class Message(Value):
    """One turn of a conversation, in the words of who said it."""

    role: Role
    text: str


class PromptPart(Value):
    """A part of a prompt: `text[start:end]` of `PromptInput.text`."""

    name: Literal["system", "user", "assistant", "passage"]
    number: int | None = None  # of a passage and of an earlier turn, counted from 1
    start: int
    end: int


class PromptInput(Value):
    """A prompt of a language model: an instruction to it, earlier turns, passages to answer from, and the question.

    The model's chat template stands around the parts and is no part of the game. Passages come before the last message.
    """

    kind: Literal["prompt"] = "prompt"
    messages: tuple[Message, ...] = Field(
        min_length=1,
        description="The conversation: a system message may be the first; the last is the user's.",
    )
    passages: tuple[str, ...] = Field((), description="Texts to answer from; they stand before the last message.")

    @model_validator(mode="after")
    def _ends_with_the_user(self) -> Self:
        roles = [message.role for message in self.messages]
        if roles[-1] != "user":
            raise ValueError(f"the last message is the {roles[-1]}'s: it must be the user's, which is answered")
        if "system" in roles[1:]:
            raise ValueError("a system message must be the first one, and there can be one only")
        return self

    @classmethod
    def of(cls, text: str, *, system: str | None = None, passages: Sequence[str] = ()) -> Self:
        """A single question of the user's."""
        first = () if system is None else (Message(role="system", text=system),)
        return cls(messages=(*first, Message(role="user", text=text)), passages=tuple(passages))

    @property
    def pieces(self) -> tuple[str, ...]:
        """The parts by themselves, in the order in which the model reads them."""
        *before, last = (message.text for message in self.messages)
        return (*before, *self.passages, last)

    @property
    def text(self) -> str:
        """All parts as one text: what offsets of features count in."""
        return GAP.join(self.pieces)

    @property
    def parts(self) -> tuple[PromptPart, ...]:
        """Where each part lies in `text`."""
        roles = [message.role for message in self.messages[:-1]]
        turns = "user" in roles
        named: list[tuple[Literal["system", "user", "assistant", "passage"], int | None]] = [
            (role, n if turns and role != "system" else None) for n, role in enumerate(roles)
        ]
        named += [("passage", n) for n in range(1, len(self.passages) + 1)]
        made, at = [], 0
        for (name, number), piece in zip([*named, ("user", None)], self.pieces, strict=True):
            made.append(PromptPart(name=name, number=number, start=at, end=at + len(piece)))
            at += len(piece) + len(GAP)
        return tuple(made)


def _kind(given: Any) -> str:
    """`{"text": …}` is short for an input of kind text."""
    kind = given.get("kind", "text") if isinstance(given, dict) else getattr(given, "kind", "text")
    return str(kind)


Input: TypeAlias = Annotated[
    Annotated[TextInput, Tag("text")]
    | Annotated[ImageInput, Tag("image")]
    | Annotated[AudioInput, Tag("audio")]
    | Annotated[PromptInput, Tag("prompt")],
    Discriminator(_kind),
]


class ClassOutput(Value):
    """The classes that a classifier gives the whole input; the values of a regression."""

    kind: Literal["classes"] = "classes"
    also: int | None = Field(None, ge=0, description="A class to cover beside the ten most probable.")


class WordOutput(Value):
    """The class that a token classifier gives one word of the text."""

    kind: Literal["words"] = "words"
    word: int | None = Field(
        None, ge=0, description="Of a token classifier: the word whose class is explained, counted from 0."
    )
    also: int | None = Field(None, ge=0, description="A class to cover beside the ten most probable.")


class TokenOutput(Value):
    """Tokens of a continuation: what a language model says next, or what it says the input becomes.

    Every token is explained as the model gives it after the prompt and the tokens before it (teacher forcing). With the
    value log-probability the scores of a run of tokens are the sum of their rows.
    """

    kind: Literal["tokens"] = "tokens"
    continuation: str | None = Field(
        None, description="What follows the prompt; by default what the model itself would say, token by token."
    )
    first: int = Field(0, ge=0, description="The first token of the continuation that is explained, from 0.")
    stop: int | None = Field(None, ge=1, description="The first token that is no longer explained; by default none.")
    whole: bool = Field(
        False, description="Also explain these tokens together, as one last target: it is what measures are taken of."
    )
    contrast: str | None = Field(
        None,
        description="Another continuation. One last target is why these tokens rather than it: log-odds of the two, "
        "log p(these) − log p(it).",
    )
    ids: tuple[int, ...] | None = Field(
        None,
        strict=False,
        description="The continuation's tokens by number, where the tokenizer would make other ones of the text.",
    )


class SimilarityOutput(Value):
    """How similar the two texts of the input are, as a sentence encoder sees it.

    A prompt is a name such as "query" from the encoder's own list; what it stands for is put before the text and is no
    part of the game.
    """

    kind: Literal["similarity"] = "similarity"
    explain: Literal["both", "first", "second"] = Field(
        "both",
        description="Whose words play: of both texts, or of one while the other stays whole. Two texts without words "
        "are nearly the same to an encoder; one text without words shows what brings it near the other.",
    )
    prompt: str | None = Field(None, description="The encoder's prompt for the first text; by default its own default.")
    prompt_pair: str | None = Field(None, description="The encoder's prompt for the second text.")


Outputs: TypeAlias = Annotated[ClassOutput | WordOutput | TokenOutput | SimilarityOutput, Field(discriminator="kind")]


class Game(Value):
    """The rules: what the players are, what stands for an absent one, which number is at stake, how much may be tried.

    What a question shares with a request, a batch and a form.
    """

    players: Players = Field(
        "auto",
        description="The parts of the input that play the game. auto: words, in long texts phrases or sentences; of a "
        "picture region, about ten pieces along its edges. detail: the strongest of them cut into smaller ones. patch: "
        "squares of a grid. passage: the parts of a prompt, each as a whole. Of a recording word, the stretch in which "
        "each word of the transcript is heard, or span, equal stretches.",
    )
    value: ValueName | None = Field(
        None,
        description="The number that is explained; by default log-odds of the class, of tokens the log-probability.",
    )
    baseline: BaselineKind | None = Field(
        None,
        description="What stands for an absent part; by default the mask token. Of a language model hidden (no token "
        "looks at it, all others keep their places), deleted (the others move up), or eos (end of text). "
        "Of a picture blur, mean, noise or zero. Of a recording noise of its own spectrum, or silence.",
    )
    baseline_text: str | None = Field(
        None,
        description=(
            "With baseline 'text': a text that is cut into as many features (words, unless you choose otherwise)."
        ),
    )
    precision: Precision = Field(
        "auto", description="Arithmetic of masked evaluations; every number shown as a prediction is fp32."
    )
    accuracy: Accuracy = Field(
        "normal",
        description=(
            "When sampling stops. normal: at an error of about a tenth of the scores, a fifth where a text is read in "
            "windows; draft: a fifth; exact: everything is evaluated up to 14 features, beyond them sampling stops at "
            "a fiftieth."
        ),
    )
    budget: int | None = Field(None, ge=16, le=65536, description="Masked evaluations at most, for sampling methods.")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Equal questions with equal seeds have equal answers.")
    long_text: LongText = Field(
        "windows",
        description="A text longer than the model reads: read in overlapping windows, their logits averaged, or cut.",
    )
    focus: tuple[int, int] | None = Field(
        None,
        strict=False,  # a list where JSON was read already
        description="Start and end of the stretch whose parts are explained; the rest is there and stays.",
    )


class Question(Game):
    """A question apart from the model and the method. Equal questions have equal answers."""

    input: Input
    outputs: Outputs | None = Field(
        None,
        description="What of the model's output is explained; by default its classes, of a token classifier those of "
        "its most telling word, of a language model every token of its continuation.",
    )

    @property
    def text(self) -> str:
        """The text that is asked about; empty for an input of another kind."""
        return self.input.text if isinstance(self.input, TextInput | PromptInput) else ""

    @property
    def text_pair(self) -> str | None:
        """The second text that is asked about, None where there is none."""
        return self.input.text_pair if isinstance(self.input, TextInput) else None

    def covering(self, also: int) -> Self:
        """The question with a class to cover beside the ten most probable, where it asks for classes."""
        asked = self.outputs or ClassOutput()
        if not isinstance(asked, ClassOutput | WordOutput):
            return self
        return self.model_copy(update={"outputs": asked.model_copy(update={"also": also})})

    @classmethod
    def about(
        cls,
        text: str,
        text_pair: str | None = None,
        *,
        word: int | None = None,
        also: int | None = None,
        outputs: Outputs | dict[str, Any] | None = None,
        prompt: PromptInput | None = None,
        **game: Any,
    ) -> Self:
        """The question about a text in short: `word` and `also` as in WordOutput, `game` the fields of Game.

        outputs: in full, for a model whose output is no class; `word` and `also` are then left aside. prompt: the
        whole prompt of a language model; `text` is then left aside.

        Raises pydantic's ValidationError.
        """
        if outputs is not None:
            pass
        elif word is not None:
            outputs = {"kind": "words", "word": word, "also": also}
        elif also is not None:
            outputs = {"kind": "classes", "also": also}
        asked = prompt or {"text": text, "text_pair": text_pair}
        return cls.model_validate({"input": asked, "outputs": outputs, **game})
