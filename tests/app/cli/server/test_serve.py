"""What `whence serve` decides before it serves."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.cli.server.serve import address, listen, settings_of
from app.cli.terminal.trouble import Mistake


def test_a_taken_port_is_named_with_the_cure() -> None:
    """Not a traceback of the socket module."""
    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(Mistake, match=rf"port {port} of 127\.0\.0\.1 .* --port"):
            listen("127.0.0.1", port)


def test_a_port_that_was_just_given_up_can_be_taken_again() -> None:
    """Stopping and starting the server must not wait for the operating system."""
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]

    with listen("127.0.0.1", port) as second:
        assert second.getsockname()[1] == port


def test_the_address_can_be_opened() -> None:
    """The free port is in it, not the 0 that was asked for."""
    with listen("127.0.0.1", 0) as listening:
        assert address(listening) == f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org"])
def test_only_this_machine_is_served(host: str) -> None:
    """Without log-ins nobody else may ask; the message says why and how to reach it all the same."""
    with pytest.raises(ValidationError, match="SSH tunnel"):
        settings_of(folders=None, host=host, port=None, data=None)


def test_arguments_win_over_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is typed is meant; what is not typed comes from the environment."""
    monkeypatch.setenv("WHENCE_PORT", "9001")
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path / "other"))
    found = settings_of(folders=[tmp_path], host=None, port=None, data=tmp_path / "mine")

    assert (found.port, found.data, found.models) == (9001, tmp_path / "mine", (tmp_path,))


def test_a_folder_that_is_not_there_ends_the_start(tmp_path: Path) -> None:
    """Rather than a server without the model that was asked for."""
    with pytest.raises(Mistake, match="gone is neither a folder"):
        settings_of(folders=[tmp_path / "gone"], host=None, port=None, data=None)
