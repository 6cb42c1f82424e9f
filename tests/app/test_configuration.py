"""Settings by command line, environment, files of secrets and one TOML file; what is in force, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from app import configuration
from app.cli import main
from app.cli.server import config
from app.cli.terminal.trouble import USAGE, Mistake
from app.configuration import BadConfiguration
from app.settings import Settings

PASSWORD = "very-secret"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only what a test says."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(configuration.CONFIG, raising=False)


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_each_source_wins_over_the_next(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is typed, then the environment, then a file for the one setting, then the TOML file, then the default."""
    written(tmp_path / "whence.toml", "port = 1\nqueue_size = 2\nthreads = 3\nbody_limit = 2048\n")
    monkeypatch.setenv("WHENCE_PORT", "11")
    monkeypatch.setenv("WHENCE_QUEUE_SIZE", "12")
    monkeypatch.setenv("WHENCE_THREADS_FILE", str(written(tmp_path / "threads", "13\n")))
    found = Settings(data=tmp_path, port=21)
    why = configuration.origins({"data": tmp_path, "port": 21}, Settings.model_fields)

    assert (found.port, found.queue_size, found.threads, found.body_limit) == (21, 12, 13, 2048)
    assert why["port"] == "command line"
    assert why["queue_size"] == "environment (WHENCE_QUEUE_SIZE)"
    assert why["threads"] == "file (WHENCE_THREADS_FILE)"
    assert why["body_limit"] == f"file ({tmp_path / 'whence.toml'})"
    assert why["wait_seconds"] == "default"


def test_the_file_has_tables_and_lists(tmp_path: Path) -> None:
    """As TOML writes them."""
    text = 'auth = "proxy"\nproxy_peers = ["10.0.0.5"]\n[proxy_groups]\nstaff = "explain audit"\n'
    written(tmp_path / "whence.toml", text)

    assert Settings(data=tmp_path).proxy_groups == {"staff": "explain audit"}


def test_a_file_that_was_named_has_to_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A server that starts without its settings is worse than one that does not start."""
    monkeypatch.setenv(configuration.CONFIG, str(tmp_path / "gone.toml"))
    with pytest.raises(BadConfiguration, match=r"gone\.toml"):
        Settings()
    with pytest.raises(Mistake, match="is no file"):
        config.use(tmp_path / "gone.toml")


@pytest.mark.parametrize(
    ("text", "named"),
    [("prt = 1", "'prt'"), ("port = ", "not TOML"), ("port = 99999", "port"), ("auth = 'none'", "auth")],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, named: str) -> None:
    """With the file, or the setting."""
    written(tmp_path / "whence.toml", text)
    with pytest.raises((BadConfiguration, ValidationError), match=named):
        Settings(data=tmp_path)


@pytest.mark.parametrize("written_as", ['["10.0.0.5", "10.1.0.0/24"]', "10.0.0.5, 10.1.0.0/24"])
def test_a_list_is_json_or_has_commas(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written_as: str) -> None:
    """In a variable and in the file that stands for one."""
    monkeypatch.setenv("WHENCE_PROXY_PEERS", written_as)
    monkeypatch.setenv("WHENCE_ALLOWED_HOSTS_FILE", str(written(tmp_path / "hosts", "a.example,b.example\n")))
    found = Settings(data=tmp_path)

    assert [str(network) for network in found.proxy_peers] == ["10.0.0.5/32", "10.1.0.0/24"]
    assert found.allowed_hosts == ("a.example", "b.example")


@pytest.mark.parametrize("setting", ["WHENCE_PROXY_PEERS", "WHENCE_PROXY_GROUPS", "WHENCE_PROXY_GROUPS_FILE"])
def test_a_list_or_table_that_cannot_be_read_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], setting: str
) -> None:
    """With the setting and how it is written; the command ends without a traceback."""
    monkeypatch.setenv(setting, str(written(tmp_path / "table", "[x")) if setting.endswith("_FILE") else "[x")
    with pytest.raises(SystemExit) as end:
        main(["serve", "--data", str(tmp_path)])
    said = capsys.readouterr().err

    assert end.value.code == USAGE
    assert said.startswith(f"whence: {setting.removesuffix('_FILE')} is not JSON")
    assert "; write '" in said
    assert said.count("\n") == 1


def test_a_secret_comes_from_a_file_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither in the table nor as JSON."""
    url = f"postgresql://whence:{PASSWORD}@db/whence?password={PASSWORD}"
    monkeypatch.setenv("WHENCE_DATABASE_FILE", str(written(tmp_path / "url", url + "\n")))
    monkeypatch.setenv("WHENCE_DATABSE", "x")
    config.config(data=tmp_path, json=True)
    shown = json.loads(capsys.readouterr().out)
    config.config(data=tmp_path)
    table = capsys.readouterr().out

    assert Settings(data=tmp_path).database == url
    assert shown["database"] == {
        "value": "postgresql://whence:***@db/whence?password=***", "from": "file (WHENCE_DATABASE_FILE)"
    }  # fmt: skip
    assert set(shown) == set(Settings.model_fields)
    assert PASSWORD not in table
    assert "WHENCE_DATABSE is in the environment and is no setting" in table


def test_a_child_process_gets_the_same_settings(tmp_path: Path) -> None:
    """The job runner is told every value and looks nowhere else."""
    told = Settings(data=tmp_path, auth="proxy", proxy_peers=("10.0.0.0/8",)).model_dump(mode="json")  # type: ignore[arg-type]
    written(tmp_path / "whence.toml", "no TOML")

    assert Settings(**told).model_dump(mode="json") == told
