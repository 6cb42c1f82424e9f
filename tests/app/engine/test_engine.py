"""What an engine loads, and where."""

from __future__ import annotations

from pathlib import Path

from app.engine.client import SocketEngine
from app.engine.engine import Engine
from app.engine.supervisor import Supervisor
from app.settings import Settings


def test_the_device_of_the_settings_reaches_the_models(tmp_path: Path) -> None:
    """One that is not there is a model that failed, with the reason and the cure."""
    settings = Settings(device="cuda:9", data=tmp_path)
    supervisor = Supervisor(settings, SocketEngine(()), embedded=(), address=tmp_path / "engine.sock")
    engine = Engine(device=supervisor._config(0).device)

    state = engine.load(engine.announce("sentiment", embedded=True))

    assert state.status == "failed"
    assert state.reason is not None
    assert "cuda:9 is not there" in state.reason
    assert "choose auto or cpu" in state.reason
