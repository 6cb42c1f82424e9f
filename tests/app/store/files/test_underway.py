"""Files under way: gone with the process that made them, however it ended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from app.store.files import underway

ROOT = Path(__file__).parents[4]
HOLDING = """
import sys, pathlib
from app.store.files import underway
with underway.owned(pathlib.Path(sys.argv[1])) as folder:
    (folder / "job-1").mkdir()
    (folder / "job-1" / "upload").write_text("a text")
    print(folder, flush=True)
    sys.stdin.read()
"""


def held(data: Path) -> tuple[subprocess.Popen[str], Path]:
    """Another process with a file under way."""
    command = [sys.executable, "-c", HOLDING, str(data)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def files(data: Path) -> list[str]:
    return sorted(str(path.name) for path in data.rglob("*") if path.is_file() and path.name != underway.LOCK)


def test_nothing_stays_at_the_end(tmp_path: Path) -> None:
    """Of a request's file nor of the folder itself."""
    with underway.owned(tmp_path) as folder, underway.file(folder) as file:
        file.write(b"a text")
        file.flush()
        assert len(files(tmp_path)) == 1
        assert folder.stat().st_mode & 0o077 == 0

    assert files(tmp_path) == []
    assert not folder.exists()


def test_what_a_killed_process_left_goes_with_the_next_start(tmp_path: Path) -> None:
    """And never what another process has that is alive."""
    killed, left = held(tmp_path)
    alive, kept = held(tmp_path)
    try:
        killed.kill()
        killed.wait()
        assert (left / "job-1" / "upload").is_file()
        with underway.owned(tmp_path):
            assert not left.exists()
            assert (kept / "job-1" / "upload").read_text() == "a text"
    finally:
        alive.communicate("")
        killed.communicate()

    assert files(tmp_path) == []
