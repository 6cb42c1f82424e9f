"""A PostgreSQL of the tests' own: started when first asked for, one fresh database a test, gone at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
from sqlalchemy import URL, make_url

KINDS = ("sqlite", "postgresql")
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=200")
UNPRIVILEGED = ("postgres", "nobody")  # PostgreSQL refuses to run as root


@dataclass
class Server:
    """Listens on a Unix socket in `folder` and nowhere else; whoever reaches that may do everything."""

    folder: Path
    begin: Callable[[], subprocess.Popen[bytes]]
    process: subprocess.Popen[bytes] | None = None
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def url(self, name: str = "postgres") -> str:
        place = URL.create("postgresql", username="whence", database=name, query={"host": str(self.folder)})
        return place.render_as_string(hide_password=False)

    def run(self, statement: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def fresh(self, *, like: str = "template0") -> str:
        """The URL of a new database, empty or a copy of another."""
        name = f"test_{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {like} STRATEGY file_copy")
        return self.url(name)

    def start(self) -> None:
        self.process = self.begin()
        _wait_until_it_answers(self)

    def stop(self, *, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends every session and saves everything; SIGTERM would wait until all had gone."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)
            self.process = None

    def drop(self, url: str) -> None:
        self.run(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


@contextmanager
def running() -> Iterator[Server]:
    """PostgreSQL, from here until the end of the block."""
    installed = programs()
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="whence-pg-"))  # short: a socket's path has at most 107 bytes
    if user is not None:
        os.chown(folder, user, -1)
    data = folder / "data"
    server: Server | None = None
    try:
        create = [installed / "initdb", "-D", data, "-U", "whence", "-A", "trust", "-N", "-E", "UTF8"]
        _as(user, [*create, "--locale=C.UTF-8"], log=folder / "log").wait()
        options = [part for option in FAST for part in ("-c", option)]
        listen = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}"]
        command = [installed / "postgres", "-D", data, *listen, *options]
        server = Server(folder, lambda: _as(user, command, log=folder / "log"))
        server.start()
        yield server
    finally:
        if server is not None:
            server.stop(how=signal.SIGQUIT)  # nothing of it is kept
        shutil.rmtree(folder, ignore_errors=True)


def programs() -> Path:
    """The folder of PostgreSQL's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres")) or [Path(shutil.which("postgres") or "")]
    if not found[-1].is_file():
        raise FileNotFoundError("PostgreSQL is not installed: `make postgresql` installs it")
    return found[-1].parent


def _user() -> int | None:
    """Whom to become: nobody else unless this is root."""
    if os.getuid() != 0:
        return None
    return next(known.pw_uid for name in UNPRIVILEGED for known in pwd.getpwall() if known.pw_name == name)


def _as(user: int | None, command: list[str | Path], *, log: Path) -> subprocess.Popen[bytes]:
    """What it says goes to a file: PostgreSQL stops at a pipe that is full, in the middle of a checkpoint."""
    given = {} if user is None else {"user": user, "group": pwd.getpwuid(user).pw_gid, "extra_groups": []}
    with log.open("ab") as said:
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": said}
        return subprocess.Popen(command, cwd="/", **quiet, **given)  # type: ignore[call-overload, no-any-return]


def _wait_until_it_answers(server: Server) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            server.run("SELECT 1")
            return
        except psycopg.OperationalError:
            assert server.process is not None
            if server.process.poll() is not None or time.monotonic() > until:
                server.process.kill()
                raise RuntimeError((server.folder / "log").read_text(errors="replace")) from None
            time.sleep(0.05)
