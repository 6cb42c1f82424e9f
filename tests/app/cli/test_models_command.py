"""whence models: a folder is checked, written down, and explained by its name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app import cli
from tests.tiny import network_for, tokenizer_for


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What save_pretrained writes of a small BERT classifier."""
    path = tmp_path_factory.mktemp("models") / "small"
    tokenizer = tokenizer_for("bert")
    tokenizer.save_pretrained(path)
    network_for("bert", tokenizer).save_pretrained(path)
    return path


def whence(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


def test_check_says_what_a_folder_holds(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    """As a table for a person and as JSON for a program."""
    code, out, _ = whence(capsys, "models", "check", str(folder), "--json")
    found = json.loads(out)
    table = whence(capsys, "models", "check", str(folder))[1]

    assert code == 0
    assert (found["id"], found["kind"], found["model_type"]) == ("small", "model", "bert")
    assert "LABEL_0, LABEL_1" in table


def test_check_says_why_a_folder_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, folder: Path) -> None:
    """One line with the file and the reason; exit code 2."""
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04")
    (tmp_path / "config.json").write_text((folder / "config.json").read_text("utf-8"), encoding="utf-8")
    code, out, err = whence(capsys, "models", "check", str(tmp_path))

    assert (code, out) == (2, "")
    assert err.startswith("whence: ")
    assert err.count("\n") == 1


def test_an_added_model_is_listed_and_known_by_its_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path
) -> None:
    """It lies in the data folder, which the server reads at its start."""
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path))
    assert whence(capsys, "models", "add", str(folder))[0] == 0
    listed = json.loads(whence(capsys, "models", "list", "--json")[1])
    found = json.loads(whence(capsys, "predict", "a witty film", "--model", "small", "--json")[1])

    assert {"id": "small", "source": str(folder)} in listed
    assert found["model"]["id"] == "small"
    assert sum(entry["probability"] for entry in found["classes"]) == pytest.approx(1)
