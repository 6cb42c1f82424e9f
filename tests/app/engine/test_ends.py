"""Why an engine ended, in words, and which model it ended over."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from app.engine.client import SocketEngine
from app.engine.ends import out_of_memory, reason_of
from app.engine.engine import Engine
from app.engine.limits.memory import LEAST, SHARE, engine_memory, machine_memory
from app.engine.schemas import ModelOut
from app.engine.supervisor import Supervisor
from app.settings import Settings
from explainers.errors import BadModel

GIB = 1 << 30


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (-signal.SIGKILL, "memory ran out (its limit is 1,073,741,824 bytes)"),
        (-signal.SIGABRT, "no more memory"),
        (-signal.SIGSEGV, "SIGSEGV"),
        (-signal.SIGBUS, "changed meanwhile"),
        (-signal.SIGTERM, "signal 15"),
        (75, "WHENCE_EXPLANATION_SECONDS"),
        (3, "code 3"),
        (None, "not known"),
    ],
)
def test_an_exit_code_is_said_in_words(code: int | None, says: str) -> None:
    """Operators do not know numbers by heart."""
    assert says in reason_of(code, memory=GIB)


def states(client: SocketEngine, **statuses: str) -> None:
    client._take(
        {
            "status": [
                ModelOut(id=name, title=name, status=status, source=f"/{name}").model_dump(mode="json")
                for name, status in statuses.items()
            ],
            "loading": [name for name, status in statuses.items() if status == "loading"],
        }
    )


def supervisor(tmp_path: Path, *sources: str) -> Supervisor:
    settings = Settings(data=tmp_path, models=tuple(map(Path, sources)), device="cpu")
    return Supervisor(settings, SocketEngine(), embedded=(), address=tmp_path / "s")


def test_a_model_over_which_the_engine_ends_twice_is_not_loaded_again(tmp_path: Path) -> None:
    """The others are: without it they would all have failed with it."""
    watched = supervisor(tmp_path, "/good", "/bad")
    states(watched.client, good="ready", bad="loading")

    assert watched._note_end("killed") == ["/bad"]
    assert watched._config(3).failed == {}
    watched._note_end("killed")
    config = watched._config(3)
    assert config.failed == {"/bad": "the engine ended while it loaded this model, killed"}
    assert config.sources == ["/good", "/bad"]

    states(watched.client, good="ready", bad="failed")
    watched._note_end("by signal 15")
    assert list(watched._config(3).failed) == ["/bad"]
    states(watched.client, good="ready", bad="ready")  # registered again, and this time it went well
    watched._note_end("by signal 15")
    assert watched._config(3).failed == {}


def test_a_folder_that_a_job_registers_gets_no_second_trial(tmp_path: Path) -> None:
    """The job waits for the next engine, which has to know the folder and why it is not there."""
    watched = supervisor(tmp_path, "/good")
    states(watched.client, good="ready", new="loading")
    watched._note_end("killed")

    config = watched._config(3)
    assert config.sources == ["/good", "/new"]
    assert "killed" in config.failed["/new"]


def test_a_model_without_memory_says_so() -> None:
    """Whatever torch and transformers make of it."""

    def load(source: str) -> object:
        try:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
        except RuntimeError as error:
            raise BadModel("the folder cannot be loaded") from error

    engine = Engine(load)
    found = engine.load(engine.announce("/m", embedded=False))

    assert found.status == "failed"
    assert "not enough memory" in str(found.reason)
    assert not out_of_memory(BadModel("config.json is missing"))


def test_the_engine_is_limited_by_default(tmp_path: Path) -> None:
    """To a share of the machine's memory, or of what the container may have; a number that is given wins."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    own = tmp_path / "cgroup"
    own.write_text("0::/service/whence\n")
    (tmp_path / "groups" / "service" / "whence").mkdir(parents=True)
    (tmp_path / "groups" / "service" / "whence" / "memory.max").write_text("max\n")
    assert machine_memory(tmp_path / "groups", own) == machine
    (tmp_path / "groups" / "service" / "memory.max").write_text(f"{GIB}\n")
    assert machine_memory(tmp_path / "groups", own) == GIB

    assert engine_memory(2 * GIB, device="cuda") == 2 * GIB
    assert engine_memory(None, device="cuda:0") is None
    assert engine_memory(None, device="cpu") == max(LEAST, round(SHARE * machine_memory()))
