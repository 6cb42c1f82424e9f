"""Nobody else on the machine can read what an installation has written."""

from __future__ import annotations

import os
from pathlib import Path

from app.cli.terminal.stored import with_store
from app.store import keys
from tests.processes import Server, batch, tiny_folder


def open_to_others(folder: Path) -> list[str]:
    """Files and folders that somebody else may read, write or enter."""
    found = [folder, *folder.rglob("*")]
    modes = [(path.name, path.stat().st_mode) for path in found if not path.is_socket()]
    return [f"{name} {mode:o}" for name, mode in modes if mode & 0o077]


def test_every_file_of_a_server_and_its_jobs_is_its_owners_alone(tmp_path: Path) -> None:
    """Database, write-ahead log, arrays, uploads and the runner's own files, whatever the umask of who starts it."""
    before = os.umask(0)
    try:
        server = Server(tmp_path / "data" / "inner", models=(tiny_folder(tmp_path / "small"),))
        server.data.rmdir()
        server.log = tmp_path / "log"
        server.start()
    finally:
        os.umask(before)
    try:
        server.ready()
        asked = {"model": "small", "input": {"text": "a good film"}, "method": "attention"}
        assert server.http.post("/v1/explanations", json=asked).status_code == 200
        server.finished(server.submit(batch(4, shard_rows=2, model="small"), "k"))
        assert server.http.post("/v1/datasets", content=b"text\ngood\nbad\n").status_code == 202

        assert len(list(server.data.rglob("*"))) > 4
        assert open_to_others(server.data) == []
    finally:
        server.close()


def test_a_command_that_makes_the_database_keeps_it_private(tmp_path: Path) -> None:
    """`whence keys create` may come before the server."""
    before = os.umask(0)
    try:
        with_store(tmp_path / "data", keys.listing)
    finally:
        os.umask(before)

    assert open_to_others(tmp_path / "data") == []
