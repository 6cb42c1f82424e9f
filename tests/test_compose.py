"""docker-compose.yml: valid, closed, and its commands do together what they are for."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.databases import Server, programs
from tests.tiny import network_for, tokenizer_for

ROOT = Path(__file__).parent.parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name in SERVICES if name != "db"]
WITHIN = 90.0  # seconds for two engines to load on a busy machine


def test_the_file_is_valid_by_its_schema() -> None:
    """By the copy of the compose specification that check-jsonschema brings along."""
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    found = subprocess.run(check, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert found.returncode == 0, found.stdout


def test_hadolint_has_nothing_to_say_of_the_dockerfile() -> None:
    """Unpinned packages, shells that swallow errors, a root user: it knows them all."""
    found = subprocess.run([Path(sys.executable).parent / "hadolint", "Dockerfile"], cwd=ROOT, capture_output=True)

    assert (found.returncode, found.stdout) == (0, b"")


def test_what_runs_by_default_and_what_on_request() -> None:
    """A cluster is asked for by its profile."""
    profiles = {name: service.get("profiles", []) for name, service in SERVICES.items()}

    asked = {"web-gpu": ["gpu"], "worker-gpu": ["gpu"], "ray": ["ray"], "ray-node": ["ray"]}
    assert profiles == {"web": [], "worker": [], "db": [], **asked}


@pytest.mark.parametrize("name", ["web", "worker"])
def test_on_a_graphics_card_a_service_is_the_same_but_for_its_image_and_device(name: str) -> None:
    """A card is reserved for it, its torch is one for CUDA, and it refuses to start without the card."""
    plain, gpu = SERVICES[name], SERVICES[f"{name}-gpu"]
    devices = gpu["deploy"]["resources"]["reservations"]["devices"]
    other = ("image", "build", "profiles", "deploy", "environment")

    assert devices == [{"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}]
    on_a_processor = {name: value for name, value in plain["environment"].items() if name != "WHENCE_ENGINE_MEMORY"}
    assert gpu["environment"] == {**on_a_processor, "WHENCE_DEVICE": "cuda"}
    assert {key: gpu[key] for key in gpu if key not in other} == {key: plain[key] for key in plain if key not in other}
    assert gpu["image"] != plain["image"]
    arguments = re.findall(r"^ARG (\w+)=", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(gpu["build"]["args"]) <= set(arguments)
    assert gpu["build"]["args"]["TORCH_BUILD"] == "${CUDA_TORCH_BUILD:-cu130}"


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_can_do_no_more_than_it_needs(name: str) -> None:
    """Nothing is written outside volumes, no capability, no new privileges; it says how it is, and ends in its time."""
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "/tmp" in service["tmpfs"]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["stop_grace_period"].endswith("s")
    assert "privileged" not in service
    assert service.get("user", "the image's") != "root"


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_has_its_share_of_the_machine(name: str) -> None:
    """Memory and processes are numbers; an engine reaches its own limit before the container's ends everything."""
    service = SERVICES[name]
    limit = int(re.fullmatch(r"(\d+)g", service["mem_limit"])[1]) << 30  # type: ignore[index]
    engine = int(service["environment"].get("WHENCE_ENGINE_MEMORY", 0))

    assert service["pids_limit"] >= 256
    assert engine < limit
    assert bool(engine) == (name in ("web", "worker"))


@pytest.mark.parametrize("name", OURS)
def test_pages_and_jobs_share_the_data_folder(name: str) -> None:
    """A model that a job trains is a folder there, which the pages serve and every worker computes with."""
    assert SERVICES[name]["volumes"] == ["data:/data"]
    assert not [mount for mount in SERVICES[name]["tmpfs"] if mount.startswith("/data")]


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_lies_in_the_environment(name: str) -> None:
    """Environments are shown by `docker inspect`; secrets come as files."""
    environment: Mapping[str, str] = SERVICES[name].get("environment", {})
    secret = [key for key in environment if re.search("PASSWORD|TOKEN", key) and not re.search("_(FILE|PATH)$", key)]

    assert secret == []
    assert "@" not in environment.get("WHENCE_DATABASE", "").replace("://whence@db/", "")
    given = {Path(value).name for value in environment.values() if value.startswith("/run/secrets/")}
    assert given <= set(SERVICES[name].get("secrets", []))


def test_only_the_pages_can_be_reached_and_from_this_machine_only() -> None:
    """The database and the workers have no port, and their network leads nowhere."""
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert list(published) == ["web", "web-gpu"]
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert [name for name in SERVICES if SERVICES[name]["networks"] != ["inside"]] == list(published)


@pytest.mark.parametrize("name", OURS)
def test_commands_and_settings_are_there(name: str) -> None:
    """A setting that was renamed would be refused at the start of the container."""
    from app.cli import application
    from app.settings import Settings

    service = SERVICES[name]
    for command in re.findall(r"whence (\w+)", " ".join(service["command"])):
        assert command in {known.callback.__name__ for known in application.registered_commands if known.callback}
    settings = [key for key in service.get("environment", {}) if key.startswith("WHENCE_")]
    assert {key.removeprefix("WHENCE_").lower() for key in settings} <= set(Settings.model_fields)


class Containers:
    """The commands of the compose file as processes: paths, the host of the database and the port are mapped."""

    def __init__(self, folder: Path, server: Server, model: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = folder
        self.server = server
        self.database = server.fresh()
        self.model = model
        (folder / "database_password").write_text("not asked for on a socket\n", encoding="utf-8")
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        environment = self._environment(name)
        Path(environment["WHENCE_DATA"]).mkdir()
        with (self.folder / f"{name}.log").open("wb") as log:
            command = self._command(SERVICES[name]["command"], environment)
            self.running[name] = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def healthy(self, name: str) -> bool:
        environment = self._environment(name)
        check = self._command(SERVICES[name]["healthcheck"]["test"][1:], environment)
        return subprocess.run(check, cwd=ROOT, env=environment, capture_output=True).returncode == 0

    def ask(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, None if body is None else json.dumps(body).encode(), timeout=60) as found:
            return json.load(found)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")[-3000:]

    def until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + WITHIN
        while not condition():
            ended = [name for name, process in self.running.items() if process.poll() is not None]
            assert ended == [], self.log(ended[0])
            assert time.monotonic() < end, "\n".join(self.log(name) for name in self.running)
            time.sleep(0.3)

    def _environment(self, name: str) -> dict[str, str]:
        image = dict(re.findall(r"\b((?:WHENCE|HF)_\w+)=(\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8")))
        given = image | SERVICES[name].get("environment", {})
        mapped = {key: value.replace("/run/secrets", str(self.folder)) for key, value in given.items()}
        if "WHENCE_DATABASE" in mapped:
            assert mapped["WHENCE_DATABASE"] == "postgresql://whence@db/whence"
            mapped["WHENCE_DATABASE"] = self.database
        models = {"WHENCE_EMBEDDED": "false", "WHENCE_MODELS": json.dumps([str(self.model)])}  # small, so quick to load
        of_python = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1", "PGHOST": str(self.server.folder)}
        return mapped | {"WHENCE_DATA": str(self.folder / name)} | models | of_python

    def _command(self, command: list[str], environment: Mapping[str, str]) -> list[str]:
        ours = {"whence": [sys.executable, "-m", "app.cli"], "python": [sys.executable]}
        ours |= {name: [str(programs() / name)] for name in ("pg_isready",)}
        words = [*ours[command[0]], *(word.replace(":8000/", f":{self.port}/") for word in command[1:])]
        return [*words, "--port", str(self.port)] if "serve" in command else words


@pytest.fixture
def containers(tmp_path: Path, postgresql: Server) -> Iterator[Containers]:
    tokenizer = tokenizer_for("bert")
    tokenizer.save_pretrained(tmp_path / "small")
    network_for("bert", tokenizer).save_pretrained(tmp_path / "small")
    found = Containers(tmp_path, postgresql, tmp_path / "small")
    yield found
    for process in found.running.values():
        process.kill()
        process.wait()


def test_the_commands_work_together_on_postgresql(containers: Containers) -> None:
    """Web explains and takes a batch, the worker does it, both are healthy, and both end when they are told."""
    assert not containers.healthy("worker")
    for name in ("web", "worker"):
        containers.start(name)
    containers.until(lambda: containers.healthy("web") and containers.healthy("worker") and containers.healthy("db"))

    asked = {"model": "small", "input": {"text": "a good film"}, "method": "leave-one-out"}
    explained = containers.ask("POST", "/v1/explanations", asked)
    batch = {"model": "small", "inputs": [{"text": "a good film"}, {"text": "a bad one"}], "method": "leave-one-out"}
    job = containers.ask("POST", "/v1/batches", batch)
    containers.until(lambda: containers.ask("GET", f"/v1/jobs/{job['id']}")["state"] in ("done", "failed"))
    done = containers.ask("GET", f"/v1/jobs/{job['id']}")

    assert containers.ask("GET", f"/v1/explanations/{explained['key']}") == explained
    assert (done["state"], done["result"]["rows"], done["result"]["failed"]) == ("done", 2, 0)
    assert not (containers.folder / "web" / "runner.alive").exists()  # the worker alone did it
    for process in containers.running.values():
        process.send_signal(signal.SIGTERM)
    ended = [process.wait(30) for process in containers.running.values()]
    assert ended in ([0, 0], [-signal.SIGTERM, 0])  # uvicorn passes the signal on once it has shut down
