"""How large and how slow the body of a request may be: its size follows from the counts that are documented."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

from ..batches.schemas import MOST_INPUTS as MOST_IN_A_BATCH
from ..errors import EngineBusy
from ..kserve.api import MOST_EXPLAINED
from ..predict.schemas import MOST_INPUTS as MOST_PREDICTED
from ..schemas import LONGEST_TEXT, MOST_ENCODED, MOST_FILE
from ..settings import Settings

# Bytes of one emoji in JSON (\ud83d\ude00) and in a form (%F0%9F%98%80); a Chinese character has 6 and 9.
PER_CHARACTER = 12
PER_INPUT = 2 * LONGEST_TEXT * PER_CHARACTER + 256  # a text and its pair, with the names of the fields
BESIDE = 64 << 10  # bytes for all that is no text: names, options, columns
MOST_IN_HAND = 1 << 30  # bytes of large bodies that are read at the same time, of all callers together
SLOWEST = 1024  # bytes a second that a body has to keep up, once its seconds are over
UPLOADS = ("/datasets", "/v1/datasets")  # POST: a file
# POST: a picture or a recording, as it is or in base64
FILES = ("/images", "/v1/images", "/speech", "/v1/speech", "/v1/explanations", "/v1/panels")
SMALLER = "Make a picture smaller (no model reads more than about a thousand pixels on a side), cut a recording."
AS_A_FILE = "a data set (POST /v1/datasets)"


@dataclass(frozen=True, slots=True)
class Limit:
    bytes: int
    why: str  # what fits into it
    cure: str


class Refused(HTTPException):
    """A body that is not read to its end. The connection is closed behind the answer.

    It is an HTTPException, because FastAPI turns every other error of a body into 400.
    """

    def __init__(self, status: int, detail: str, *, cure: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail, {"Connection": "close", **(headers or {})})
        self.cure = cure


def limit_of(scope: Scope, settings: Settings) -> Limit:
    """A file may be larger than a question; its route writes it to disk as it comes and holds it to its own limit."""
    if scope["method"] == "POST" and scope["path"] in UPLOADS:
        cure = "Send a part of the file, or raise WHENCE_UPLOAD_LIMIT on the server."
        return Limit(settings.upload_limit + BESIDE, f"a file of {settings.upload_limit:,} bytes", cure)
    texts = _texts_of(scope["path"])
    pictured = scope["method"] == "POST" and scope["path"] in FILES
    needed = max(texts * PER_INPUT, MOST_ENCODED if pictured else 0) + BESIDE
    if settings.body_limit is not None and settings.body_limit < needed:
        why = "what WHENCE_BODY_LIMIT allows"
        return Limit(settings.body_limit, why, f"{_cure(texts)} Or raise WHENCE_BODY_LIMIT on the server.")
    what = f"{f'{texts:,} texts' if texts > 1 else 'a text'} of {LONGEST_TEXT:,} characters with a pair"
    if pictured:
        return Limit(needed, f"{what}, or a picture or recording of {MOST_FILE:,} bytes", f"{_cure(texts)} {SMALLER}")
    return Limit(needed, what, _cure(texts))


def _texts_of(path: str) -> int:
    """How many inputs the schema of a route takes at most."""
    if path == "/v1/batches":
        return MOST_IN_A_BATCH
    if path == "/v1/predictions" or path.endswith(":predict"):
        return MOST_PREDICTED
    return MOST_EXPLAINED if path.endswith(":explain") else 1


def _cure(texts: int) -> str:
    if texts == MOST_IN_A_BATCH:
        return (
            f"Send at most {texts:,} texts a batch, each of {LONGEST_TEXT:,} characters at most; more as {AS_A_FILE}."
        )
    if texts > 1:
        return (
            f"Send at most {texts} texts a request, each of {LONGEST_TEXT:,} characters at most; more as a batch "
            f"(POST /v1/batches) or as {AS_A_FILE}."
        )
    return f"Send a shorter text: it may have {LONGEST_TEXT:,} characters. Many texts go as a batch (POST /v1/batches)."


class InHand:
    """Bytes of large bodies that are being read or answered: a few callers cannot fill the memory."""

    def __init__(self, most: int = MOST_IN_HAND) -> None:
        self.most = most
        self.bytes = 0

    def take(self, more: int) -> None:
        """Raises Refused when too many large bodies are in hand."""
        if self.bytes + more > self.most:
            raise Refused(
                EngineBusy.status,
                f"requests of {self.bytes:,} bytes are in hand; together they may have {self.most:,}",
                cure="Ask again in a few seconds, or for fewer texts at a time.", headers={"Retry-After": "5"},
            )  # fmt: skip
        self.bytes += more


class Body:
    """The body of one request as its route receives it: held to its size, to its share of memory and to its time."""

    def __init__(self, scope: Scope, receive: Receive, settings: Settings, in_hand: InHand) -> None:
        self.limit = limit_of(scope, settings)
        self.kept = scope["path"] not in UPLOADS  # a file goes to disk, everything else to memory
        self.declared = declared(scope)
        self.seconds = settings.body_seconds
        self.receive = receive
        self.in_hand = in_hand
        self.seen = 0
        self.held = 0
        self.waited = 0.0
        self.complete = False

    async def __call__(self) -> Message:
        """Raises Refused: 413 before anything is read where the length is declared, 408 for what comes too slowly."""
        if self.complete:
            return await self.receive()  # waits for the caller to go
        if self.declared is not None and self.declared > self.limit.bytes:
            raise self._too_large()
        message = await self._in_time()
        self.seen += len(message.get("body", b""))
        if self.seen > self.limit.bytes:
            raise self._too_large()
        if self.kept and self.seen > BESIDE:
            self.in_hand.take(self.seen - self.held)
            self.held = self.seen
        self.complete = not message.get("more_body", False)
        return message

    def close(self) -> None:
        self.in_hand.bytes -= self.held
        self.held = 0

    async def _in_time(self) -> Message:
        """The time in which the route does something else is not the caller's."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        left = self.seconds + self.seen / SLOWEST - self.waited
        try:
            async with asyncio.timeout(max(0.0, min(self.seconds, left))):
                return await self.receive()
        except TimeoutError:
            raise Refused(
                408,
                f"the body came too slowly: {self.seen:,} bytes, then nothing or less than {SLOWEST:,} bytes a second",
                cure=f"Send it without pauses of {self.seconds:g} s; a slow line is buffered by a proxy in front.",
            ) from None  # fmt: skip
        finally:
            self.waited += loop.time() - started

    def _too_large(self) -> Refused:
        detail = f"the body is over {self.limit.bytes:,} bytes, which hold {self.limit.why}"
        return Refused(413, detail, cure=self.limit.cure)


def declared(scope: Scope) -> int | None:
    """The length that the caller declares, if it declares one."""
    length = Headers(scope=scope).get("content-length", "")
    return int(length[:20]) if length.isdecimal() else None


def has_a_large_body(scope: Scope) -> bool:
    """Whether more is announced than a stranger may send."""
    length = declared(scope)
    return length > BESIDE if length is not None else "transfer-encoding" in Headers(scope=scope)
