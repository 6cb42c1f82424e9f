"""The web process's side of the socket, against an engine that a test plays."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest

import explainers
from app.engine.client import SocketEngine
from app.engine.engine import Engine, expected
from app.engine.errors import from_wire, to_wire
from app.engine.frames import frame, read_frame
from app.engine.messages import Explain, Predict, Priority, Score
from app.engine.schemas import ModelOut
from app.errors import EngineBusy, EngineDied, EngineLoading, ModelFailed, OutOfMemory, TooLong, UnknownModel
from app.store.arrays import pack

READY = ModelOut(id="m", title="m", status="ready", digest="d")
QUESTION = explainers.Question.about(text="a")
EXPLAIN = Explain(model="m", question=QUESTION, method="x")
EXPLAINED = {"body": b"{}", "method": "x", "target": {}, "seconds": 0.0, "arrays": {"a": b"\x00"}}


class PlayedEngine:
    """The other end of the socket: what came in, and what goes out."""

    def __init__(self, client: SocketEngine) -> None:
        self.client = client
        self.heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.writers: list[asyncio.StreamWriter] = []

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        self.say({"status": [READY.model_dump(mode="json")]})
        try:
            while True:
                self.heard.put_nowait(await read_frame(reader))
        except asyncio.IncompleteReadError:
            writer.close()

    def say(self, message: dict[str, Any]) -> None:
        self.writers[-1].write(frame(message))


def played(tmp_path: Any, test: Callable[[SocketEngine, PlayedEngine], Awaitable[None]], **settings: Any) -> None:
    async def run() -> None:
        client = SocketEngine([READY.model_copy(update={"status": "loading", "digest": ""})], **settings)
        engine = PlayedEngine(client)
        server = await asyncio.start_unix_server(engine.accept, str(tmp_path / "s"))
        with pytest.raises(EngineLoading):
            await client.ready("m")
        connection = asyncio.create_task(client.run(*await asyncio.open_unix_connection(str(tmp_path / "s"))))
        while client.models()[0].status != "ready":
            await asyncio.sleep(0.001)
        await test(client, engine)
        connection.cancel()
        await asyncio.gather(connection, return_exceptions=True)
        server.close()

    asyncio.run(run())


def test_answers_find_their_questions(tmp_path: Any) -> None:
    """In any order."""

    async def test(client: SocketEngine, engine: PlayedEngine) -> None:
        asked = [asyncio.create_task(client.ask(EXPLAIN)) for _ in range(2)]
        first, second = [await engine.heard.get() for _ in range(2)]
        engine.say({"id": second["id"], "result": {**EXPLAINED, "passes": 2}})
        engine.say({"id": second["id"], "progress": [0.5, "late"]})
        engine.say({"id": 999, "result": None})
        engine.say({"id": first["id"], "result": {**EXPLAINED, "passes": 1}})

        assert [found.passes for found in await asyncio.gather(*asked)] == [1, 2]

    played(tmp_path, test)


def test_a_cancelled_question_is_called_off(tmp_path: Any) -> None:
    """The engine hears which one."""

    async def test(client: SocketEngine, engine: PlayedEngine) -> None:
        asked = asyncio.create_task(client.ask(EXPLAIN))
        number = (await engine.heard.get())["id"]
        asked.cancel()

        assert await engine.heard.get() == {"id": number, "op": "cancel"}

    played(tmp_path, test)


def test_many_texts_go_out_behind_everybody_else(tmp_path: Any) -> None:
    """Nobody waits for them; the logits come back as one array."""

    async def test(client: SocketEngine, engine: PlayedEngine) -> None:
        asked = asyncio.create_task(client.ask(Score(model="m", texts=("a", "b"))))
        heard = await engine.heard.get()
        engine.say({"id": heard["id"], "result": pack(np.array([[1.0, 2.0], [3.0, 4.0]]), name="scores")})

        assert heard["asked"]["texts"] == ["a", "b"]
        assert heard["priority"] == Priority.BACKGROUND
        assert (await asked).tolist() == [[1, 2], [3, 4]]

    played(tmp_path, test)


def test_a_full_queue_says_so_at_once(tmp_path: Any) -> None:
    """Instead of a longer wait."""

    async def test(client: SocketEngine, engine: PlayedEngine) -> None:
        asked = [asyncio.create_task(client.ask(EXPLAIN)) for _ in range(2)]
        await asyncio.sleep(0.01)
        with pytest.raises(EngineBusy):
            await client.ask(EXPLAIN)
        for each in asked:
            each.cancel()

    played(tmp_path, test, queue_size=2)


def test_everything_in_flight_fails_when_the_engine_ends(tmp_path: Any) -> None:
    """The models are loading again, and their digests are kept: what is stored is still found."""

    async def test(client: SocketEngine, engine: PlayedEngine) -> None:
        asked = asyncio.create_task(client.ask(EXPLAIN))
        await engine.heard.get()
        engine.writers[-1].close()
        with pytest.raises(EngineDied):
            await asked

        (state,) = client.models()
        assert (state.status, state.digest) == ("loading", "d")

    played(tmp_path, test)


def test_a_request_during_a_restart_waits_for_it(tmp_path: Any) -> None:
    """Whoever asks right after the crash gets an answer, not another error."""

    async def test(client: SocketEngine, engine: PlayedEngine) -> None:
        engine.writers[-1].close()
        while client.models()[0].status == "ready":
            await asyncio.sleep(0.001)
        waiting = asyncio.create_task(client.ready("m"))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
        again = asyncio.create_task(client.run(reader, writer))

        assert (await waiting).status == "ready"
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)

    played(tmp_path, test)


def test_an_engine_that_never_starts_is_given_up_with_the_reason() -> None:
    """Not a model that loads for ever."""
    client = SocketEngine([READY.model_copy(update={"status": "loading"})])
    client.give_up("the engine ended 3 times")

    with pytest.raises(ModelFailed, match="3 times"):
        asyncio.run(client.ready("m"))


@pytest.mark.parametrize(
    "error",
    [
        explainers.BadInput("x"),
        explainers.Incompatible("x"),
        explainers.BadModel("x"),
        explainers.Cancelled("x"),
        TooLong("x"),
        EngineLoading("x"),
        ModelFailed("x"),
        OutOfMemory("x"),
    ],
)
def test_errors_keep_class_and_message(error: Exception) -> None:
    """Over the wire they are a code and a sentence."""
    again = from_wire(**to_wire(error))

    assert type(again) is type(error)
    assert str(again) == "x"


def test_an_unknown_model_is_told_as_where_it_is_unknown() -> None:
    """With the models that there are."""
    again = from_wire(**to_wire(UnknownModel("large", ["small"])))

    assert type(again) is UnknownModel
    assert str(again) == "no model is called 'large'; there are: small"
    assert again.cure


def test_an_unforeseen_error_travels_without_its_message() -> None:
    """It may quote a text."""
    wire = to_wire(ValueError("the text of a user"))

    assert "user" not in wire["message"]
    assert getattr(from_wire(**wire), "status", None) == 500
    assert type(from_wire(**to_wire(MemoryError()))) is OutOfMemory


def test_models_are_known_before_they_are_loaded() -> None:
    """Under names that can stand in an address; equal folder names are told apart."""
    found = expected(embedded=("sentiment",), sources=("/a/my model", "/b/my model", "/c/sentiment", "/d/模型"))

    assert [state.id for state in found] == ["sentiment", "my-model", "my-model-2", "sentiment-2", "model"]
    assert {state.status for state in found} == {"loading"}


def test_a_model_that_fails_harms_no_other() -> None:
    """Its state has the reason; asking for it says so; an unknown one is named with those there are."""

    def load(source: str) -> Any:
        raise explainers.BadModel(f"{source} holds pickled weights")

    engine = Engine(load)
    state = engine.load(engine.announce("bad", embedded=True))

    assert (state.status, state.reason) == ("failed", "bad holds pickled weights")
    with pytest.raises(ModelFailed, match="pickled"):
        engine.ask(Predict(model="bad", questions=(QUESTION,)))
    with pytest.raises(UnknownModel, match="bad"):
        engine.ask(Predict(model="other", questions=(QUESTION,)))


def test_a_model_that_is_forgotten_while_it_loads_stays_forgotten() -> None:
    """The folder may have been deleted for a reason."""
    engine = Engine(lambda source: object())
    state = engine.announce("/a/slow", embedded=False)
    engine.forget(state.id)
    engine.load(state)

    assert engine.models() == ()


def test_an_engine_that_says_nothing_at_all_is_given_up(tmp_path: Any) -> None:
    """It may be stopped, or stuck where no other thread runs: what waits fails, and the supervisor ends the process."""

    async def run() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(frame({"status": [READY.model_dump(mode="json")]}))
            heard.append(await read_frame(reader))
            await reader.read()
            writer.close()
            await writer.wait_closed()
            ended.set()

        ended = asyncio.Event()
        heard: list[dict[str, Any]] = []
        client = SocketEngine(silence=0.2)
        server = await asyncio.start_unix_server(silent, str(tmp_path / "s"))
        connection = asyncio.create_task(client.run(*await asyncio.open_unix_connection(str(tmp_path / "s"))))
        while not client.models():
            await asyncio.sleep(0.001)
        with pytest.raises(EngineDied):
            await client.ask(Predict(model="m", questions=(QUESTION,)))
        await connection
        await ended.wait()
        server.close()

        assert heard[0]["op"] == "ping"

    asyncio.run(run())
