from __future__ import annotations

import pytest

from app.cli.terminal.progress import bar


def test_a_log_gets_a_line_a_step_or_percent(capsys: pytest.CaptureFixture[str]) -> None:
    """Not one for each of sixty thousand evaluations."""
    with bar("benchmark") as progress:
        progress(0.0, "warming up")
        for row in range(0, 60_000, 32):
            progress(0.1 + 0.02 * row / 60_000, f"{row} of 60000 evaluations")
        progress(0.12, "overlap")
        progress(0.12)

    lines = capsys.readouterr().err.splitlines()
    assert [line.split(maxsplit=1)[0] for line in lines] == ["0%", "10%", "11%", "12%", "12%"]
    assert lines[1].endswith("0 of 60000 evaluations")
    assert lines[-1].endswith("overlap")
