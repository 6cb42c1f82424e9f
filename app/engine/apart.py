"""A large model folder in an engine process of its own.

Its JSON is checked and parsed in compiled code that lets no other thread run for seconds; in a process of its own that
stalls nobody's predictions, and a folder that ends its process ends nothing else. The engine asks it as it is asked.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgpack

from .._library import explainers
from ..errors import EngineDied
from .contract import Listener
from .ends import reason_of
from .errors import from_wire
from .frames import frame
from .messages import Asking
from .schemas import ModelOut

if TYPE_CHECKING:
    from .config import Config

LARGE = 12 << 20  # bytes of JSON that are parsed within a second or so
MOST_LOOKED_AT = 2000  # files; a folder with more is refused anyway
LOOK_EVERY = 0.05  # seconds between two looks whether somebody more urgent waits
HEADER = 8  # bytes of a safetensors file that hold the length of its JSON


def is_large(folder: str) -> bool:
    """Whether the JSON in a folder would stall whoever parses it. Nothing of it is parsed here."""
    held, seen = 0, 0
    for place, _, names in os.walk(folder):
        for name in names:
            seen += 1
            held += _json_bytes(Path(place) / name)
            if held > LARGE or seen > MOST_LOOKED_AT:
                return held > LARGE
    return False


def _json_bytes(file: Path) -> int:
    try:
        if file.suffix == ".json":
            return file.stat().st_size
        if file.suffix == ".safetensors":
            with file.open("rb") as opened:
                return min(int.from_bytes(opened.read(HEADER), "little"), file.stat().st_size)
    except OSError:  # the check that follows says what is wrong with it
        pass
    return 0


class Apart:
    """One model in a process of its own. Asked from one thread; a question may be asked while another one waits."""

    def __init__(self, config: Config, *, source: str, name: str) -> None:
        """config: that of the engine. Starts the process, which begins to load at once."""
        self.memory = config.memory
        self._numbers = count(1)
        self._bytes = bytearray()
        self._asked: set[int] = set()
        self._arrived: dict[int, dict[str, Any]] = {}
        self._parts: dict[int, list[tuple[str, bytes]]] = {}  # of an answer that arrives
        self._state: ModelOut | None = None
        own, theirs = socket.socketpair()
        with theirs:
            told = replace(
                config, listen=theirs.fileno(), connected=True, sources=[source], names={source: name}, embedded=[],
                failed={}, apart=False, model_memory=None,
            )  # fmt: skip
            self.process = subprocess.Popen(  # noqa: S603 - the command is our own
                [sys.executable, "-m", f"{__package__}.server"],
                bufsize=0, stdin=subprocess.PIPE, pass_fds=(theirs.fileno(),),
            )  # fmt: skip
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # ended already: what reads from it says why
            self.process.stdin.write(told.to_line())
        self._socket = own
        own.settimeout(LOOK_EVERY)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def loaded(self) -> ModelOut:
        """The model once it is ready or has failed, with the reason."""
        while self._state is None or self._state.status == "loading":
            try:
                self._take()
            except EngineDied:
                raise explainers.BadModel(f"the process that loaded it ended {self._why()}") from None
        return self._state

    def ask(self, message: Asking[Any], progress: explainers.Progress) -> Any:
        """The answer as it travels. Raises what the question raises there, what `progress` raises, and EngineDied."""
        number, told = next(self._numbers), (0.0, "")
        self._asked.add(number)
        self._send({"id": number, "priority": message.urgency, **message.to_wire()})
        try:
            while (answer := self._arrived.pop(number, None)) is None:
                self._take()
                told = self._arrived.pop(-number, {}).get("progress", told)
                for part in self._parts.pop(number, ()):
                    if isinstance(progress, Listener):
                        progress.arrived(*part)
                progress(*told)
        except BaseException:
            if self.alive:
                self._send({"id": number, "op": "cancel"})
            raise
        finally:
            self._asked.discard(number)
            self._parts.pop(number, None)
        if "error" in answer:
            raise from_wire(answer["error"]["code"], answer["error"]["message"])
        return answer["result"]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self._socket.close()

    def _why(self) -> str:
        return reason_of(self.process.wait(), memory=self.memory)

    def _send(self, message: dict[str, Any]) -> None:
        packed = frame(message)
        try:
            self._socket.settimeout(None)
            self._socket.sendall(packed)
        except OSError:
            raise EngineDied(f"the process of this model ended {self._why()}") from None
        finally:
            self._socket.settimeout(LOOK_EVERY)

    def _take(self) -> None:
        """Take what has come within a moment. Raises EngineDied once nothing more can come."""
        try:
            came = self._socket.recv(1 << 20)
        except TimeoutError:
            return
        except OSError:
            came = b""
        if not came:
            raise EngineDied(f"the process of this model ended {self._why()}")
        self._bytes += came
        while len(self._bytes) >= 4 and len(self._bytes) - 4 >= (length := int.from_bytes(self._bytes[:4], "big")):
            self._keep(msgpack.unpackb(self._bytes[4 : 4 + length], strict_map_key=True))
            del self._bytes[: 4 + length]

    def _keep(self, message: dict[str, Any]) -> None:
        """The last progress of a question stands under its number with a minus; what nobody waits for is dropped."""
        if "status" in message:
            states = [ModelOut.model_validate(each) for each in message["status"]]
            self._state = states[0] if states else self._state
        elif (number := int(message["id"])) in self._asked and "part" in message:
            self._parts.setdefault(number, []).append(tuple(message["part"]))
        elif number in self._asked:
            self._arrived[-number if "progress" in message else number] = message


Start = Callable[[str, str], Apart]  # source, name
