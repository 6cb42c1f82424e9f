"""Vendored files are what their lists say, byte for byte."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LISTED = re.compile(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", re.M)


@pytest.mark.parametrize("folder", ["static/vendor", "tests/vendor"])
def test_vendored_files_have_the_listed_checksums(folder: str) -> None:
    """No file without a line, no line without a file."""
    listed = dict(LISTED.findall((ROOT / folder / "README.md").read_text(encoding="utf-8")))
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (ROOT / folder).iterdir()
        if path.name != "README.md"
    }

    assert found == listed
