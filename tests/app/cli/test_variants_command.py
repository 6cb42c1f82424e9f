"""whence datasets variants: on a file, without a server, with a model whose answers are known."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.app.cli.test_workbench_command import file as file
from tests.app.cli.test_workbench_command import printed


def test_variants_of_a_file(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Words that decide turn what they must; the fewest words are those; the same seed writes the same file."""
    out = tmp_path / "out.jsonl"
    given = '--where "label = yes" --rows 12 --seed 2 --replace good=bad --how replace=fall --target yes'
    asked = ["variants", str(file), "--model", "m", *shlex.split(given), "--how", "flip", "--how", "typo"]
    code, said, _ = printed(capsys, *asked, "-o", str(out), "--json")
    found = {each["how"]: each for each in json.loads(said)["behaviours"]}
    first = out.read_bytes()
    printed(capsys, *asked, "-o", str(out))

    assert code == 0
    assert (found["replace"]["n"], found["replace"]["failed"], found["replace"]["flipped"]) == (12, 0, 12)
    assert (found["flip"]["rows"], found["flip"]["flipped"]) == (12, 12)
    assert found["typo"]["must"] == "stay"
    assert found["typo"]["failed"] == found["typo"]["flipped"] == len(found["typo"]["examples"])
    assert out.read_bytes() == first
    assert len(first.splitlines()) == 36


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([], "no way to change texts is named"),
        (["--how", "shout"], "--how shout: there is no such way; there are replace, identity"),
        (["--how", "typo=maybe"], "--how …=maybe: it is stay, flip, rise or fall"),
        (["--how", "typo=rise"], "needs target"),
        (["--how", "typo", "--where", "words > 90"], "no row fits"),
        (["--replace", "good"], "is no pair of words"),
    ],
)
def test_a_mistake_is_one_line(file: Path, capsys: pytest.CaptureFixture[str], given: list[str], says: str) -> None:
    code, _, told = printed(capsys, "variants", str(file), "--model", "m", *given)

    (line,) = [each for each in told.splitlines() if each.startswith("whence: ")]
    assert (code, says in line) == (2, True), told
