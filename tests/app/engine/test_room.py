"""Models are loaded when they are asked for, and go when others need their room."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import explainers
from app.engine.engine import Engine
from app.engine.limits.memory import model_memory
from app.engine.limits.room import Room
from app.engine.messages import Predict
from app.errors import EngineLoading
from app.main import create_app
from app.settings import Settings
from tests.app.engine.test_process import engine_of
from tests.processes import tiny_folder

QUESTION = explainers.Question.about(text="a good film")


def wait_for(done: Callable[[], Any], seconds: float = 120.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := done():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Ten small models and a broken one."""
    root = tmp_path_factory.mktemp("models")
    first = tiny_folder(root / "m0")
    found = [first, *(Path(shutil.copytree(first, root / f"m{number}")) for number in range(1, 10))]
    broken = Path(shutil.copytree(first, root / "broken"))
    (broken / "model.safetensors").unlink()
    return [*found, broken]


def taken(room: Room, *names: str, size: int = 4) -> list[str]:
    gone: list[str] = []
    for name in names:
        room.take(name, size, drop=gone.append)
        room.release(name)
    return gone


def test_the_one_asked_longest_ago_goes() -> None:
    """Not the one that was loaded first; one without room is not held."""
    room = Room(10)
    assert taken(room, "a", "b") == []
    assert room.hold("a")
    room.release("a")

    assert taken(room, "c") == ["b"]
    assert not room.hold("b")
    assert taken(room, "large", size=99) == ["a", "c"]
    assert taken(room, "a") == ["large"]
    assert taken(Room(None), *map(str, range(100)), size=1 << 40) == []


def test_a_model_at_work_stays() -> None:
    """The next one in line goes instead; where all are at work, the new one waits until one of them is done."""
    room = Room(10)
    taken(room, "a", "b")
    assert room.hold("a")
    assert taken(room, "c") == ["b"]
    assert room.hold("c")
    gone: list[str] = []
    loading = threading.Thread(target=room.take, args=("d", 4), kwargs={"drop": gone.append})
    loading.start()
    loading.join(0.2)
    assert (loading.is_alive(), gone) == (True, [])
    room.release("c")
    loading.join(10)

    assert gone == ["c"]
    assert room.hold("d")


def test_room_is_half_of_the_engine_by_default() -> None:
    """Of its limit; the rest is for its work."""
    assert model_memory(None, engine=8 << 30) == 4 << 30
    assert model_memory(5, engine=8 << 30) == 5
    assert model_memory(None, engine=None) > 1 << 28


def test_folders_are_described_before_they_are_loaded(folders: list[Path]) -> None:
    """Classes and size of a sound one, the reason of a broken one; no model is there."""
    engine = Engine(device="cpu")
    states = [engine.look(engine.announce(str(folder), embedded=False)) for folder in folders]

    assert [state.status for state in states] == ["idle"] * 10 + ["failed"]
    assert len(states[0].labels) >= 2
    assert states[0].memory == 4 * explainers.check_folder(folders[0]).parameters
    assert "model.safetensors" in str(states[-1].reason)
    assert engine._models == {}


def test_an_engine_keeps_what_fits(folders: list[Path]) -> None:
    """Two of three: each answers when it is asked, its facts stay when it goes, and it comes back by itself."""
    size = 4 * explainers.check_folder(folders[0]).parameters
    engine = Engine(device="cpu", budget=2 * size)
    for folder in folders[:3]:
        engine.look(engine.announce(str(folder), embedded=False))

    def answer(name: str) -> Any:
        def held() -> bool:
            try:
                engine.hold(name)
            except EngineLoading:
                return False
            return engine.state(name).status == "ready"

        wait_for(held)
        asked = Predict(model=name, questions=(QUESTION,))
        found = asked.read(engine.ask(asked))
        while engine._room._held[name]:
            engine.release(name)
        return found

    first = answer("m0")
    answer("m1")
    answer("m2")
    assert {state.id: state.status for state in engine.models()} == {"m0": "idle", "m1": "ready", "m2": "ready"}
    assert engine.state("m0").digest
    assert set(engine._models) == {"m1", "m2"}
    assert answer("m0") == first
    assert set(engine._models) == {"m0", "m2"}


def test_ten_folders_cost_the_memory_of_none(folders: list[Path], tmp_path: Path) -> None:
    """The engine process has not even torch until one is asked, which then alone is loaded; the broken one is told."""
    settings = Settings(data=tmp_path, models=tuple(folders), embedded=False, threads=1, runner=False)
    with TestClient(create_app(settings), base_url="http://localhost") as client:

        def states() -> dict[str, str]:
            return {each["id"]: each["status"] for each in client.get("/v1/models").json()["models"]}

        wait_for(lambda: "loading" not in states().values())
        assert states() == {**{f"m{number}": "idle" for number in range(10)}, "broken": "failed"}
        maps = Path(f"/proc/{engine_of(os.getpid())}/maps")
        assert "libtorch" not in maps.read_text()
        assert len(client.get("/readyz").json()["models"]) == 10
        page = client.get("/?model=m7").text
        assert "The model is loaded when you ask" in page
        assert client.get("/models").text.count("Loaded when asked") == 10
        assert "The card is read when the model is loaded" in client.get("/models/m7").text
        for path in ("/models/m7", "/models/broken", "/compare", "/datasets", "/status", "/?lang=zh"):
            assert client.get(path).status_code == 200, path
        body = {"model": "m7", "inputs": [{"text": "a good film"}]}
        answer = wait_for(lambda: (found := client.post("/v1/predictions", json=body)).status_code == 200 and found)

        assert answer.json()["predictions"]
        assert states() == {**{f"m{number}": "idle" for number in range(10)}, "m7": "ready", "broken": "failed"}
        assert "libtorch" in maps.read_text()
