"""Everything that can be set, in one frozen value; configuration.py says where the values come from."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, IPvAnyNetwork, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from .configuration import Environment, OneFile, SecretFiles, default_data
from .scopes import EVERYBODY, parse

Auth = Literal["local", "apikey", "proxy"]
ROOT_PATH = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+){1,20}")
DATABASES = ("sqlite", "postgresql", "postgresql+psycopg", "postgres")


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="WHENCE_", frozen=True, extra="forbid", hide_input_in_errors=True)

    host: str = Field(
        "127.0.0.1", description="Address to listen on; without log-ins only this machine's own addresses."
    )
    port: int = Field(8000, ge=0, le=65535)
    container: bool = Field(
        False,
        description="Inside a container, whose port is published on the host's loopback: listen on every address.",
    )
    allowed_hosts: tuple[str, ...] = Field((), description="Host names accepted beside localhost, 127.0.0.1 and [::1].")
    root_path: str = Field(
        "", max_length=200, description="Path below which a proxy serves Whence, such as /tools/whence."
    )
    data: Path = Field(default_factory=default_data, description="Folder of the database and the arrays.")
    database: str | None = Field(
        None,
        description="URL of the database: postgresql://user@host/name or sqlite:////path; by default SQLite in data.",
    )
    database_password_file: Path | None = Field(None, description="File that holds the password of the database.")
    arrays: Path | None = Field(
        None,
        description="Folder of large arrays, shared by all processes; by default in data with SQLite, in the database with PostgreSQL.",  # noqa: E501
    )
    embedded: bool = Field(True, description="Offer the embedded models.")
    models: tuple[Path, ...] = Field((), description="Model folders to serve.")
    roots: tuple[Path, ...] = Field((), description="Folders below which models may be registered over REST.")

    auth: Auth = Field(
        "local", description="Who may ask: everybody on this machine, holders of keys, or also users of a proxy."
    )
    session_hours: float = Field(12.0, gt=0, description="How long a browser stays signed in.")
    proxy_peers: tuple[IPvAnyNetwork, ...] = Field((), description="Addresses of proxies whose headers are believed.")
    proxy_user_header: str = Field("X-Forwarded-User", description="Header in which the proxy names the user.")
    proxy_groups_header: str = Field("X-Forwarded-Groups", description="Header with the user's groups.")
    proxy_groups: dict[str, str] = Field(
        {EVERYBODY: "explain"},
        description="What a group may do, such as audit, or admin@research for a project; * is everybody.",
    )

    body_limit: int | None = Field(
        None,
        ge=1024,
        description="Bytes of a request body at most; by default what the texts that a route takes need.",
    )
    header_seconds: float = Field(15.0, gt=0, le=600, description="How long the headers of a request may take to come.")
    body_seconds: float = Field(
        30.0, gt=0, le=600, description="How long a body may pause; on the whole it has to come at 1 KiB a second."
    )
    upload_limit: int = Field(256 << 20, ge=1024, description="Bytes of an uploaded data set at most.")
    wait_seconds: float = Field(60.0, ge=0, le=600, description="How long a caller waits when it does not say.")
    interactive_seconds: float = Field(
        8.0, ge=0, description="What is estimated to take longer is made by a job from the start."
    )
    explanation_seconds: float = Field(
        300.0, gt=0, description="Wall-clock cap of one explanation or panel that somebody waits for."
    )
    drain_seconds: float = Field(
        0.0, ge=0, le=60, description="After SIGTERM, how long /readyz says 503 before the server stops listening."
    )
    queue_size: int = Field(32, ge=1, description="Requests waiting for the engine at most.")
    budget: int = Field(
        3_000_000,
        ge=1000,
        description="Rows x tokens a minute that a caller may ask of the models, where there are log-ins.",
    )
    caller_jobs: int = Field(10_000, ge=1, description="Jobs that a caller may keep, where there are log-ins.")
    project_bytes: int = Field(
        64 << 30, ge=1 << 20, description="Bytes of data sets and of jobs' texts that a project may keep."
    )
    inline_array: int = Field(100 * 1024, ge=0, description="Bytes of an array kept in the database; above: a file.")

    retention_days: float | None = Field(None, gt=0, description="Days that texts are kept; by default for ever.")
    runner: bool = Field(True, description="Run jobs on this machine; without, another one's worker takes them.")
    executor: Literal["local", "ray"] = Field("local", description="Where jobs compute: the engine, or a Ray cluster.")
    ray_actors: int | None = Field(None, ge=1, description="Engines on the Ray cluster; by default as many as fit.")
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|cuda(:\d+)?)$",
        description="Where models compute: auto (CUDA where there is one), cpu, cuda or cuda:n.",
    )
    threads: int | None = Field(None, ge=1, description="Processor threads of the engine; by default all cores.")
    engine_memory: int | None = Field(
        None,
        ge=1 << 30,
        description="Bytes of memory that the engine may have; by default three quarters of the machine's.",
    )
    model_memory: int | None = Field(
        None,
        ge=1 << 20,
        description="Bytes of models' weights that stay loaded; by default half of the engine's memory.",
    )

    @model_validator(mode="after")
    def _asks_who_comes_from_elsewhere(self) -> Self:
        if self.auth == "local" and not self.container and not is_loopback(self.host):
            raise ValueError(
                f"host {self.host!r} is not this machine's own address: without log-ins Whence listens on 127.0.0.1, "
                "::1 or localhost only; set WHENCE_AUTH=apikey and make a key with `whence keys create`, or use an SSH "
                "tunnel"
            )
        if self.auth == "proxy" and not self.proxy_peers:
            raise ValueError(
                "auth 'proxy' needs the addresses of the proxy, or anybody could name a user: set WHENCE_PROXY_PEERS, "
                """such as '["10.0.0.5"]'"""
            )
        for written in self.proxy_groups.values():
            parse(written)
        return self

    @field_validator("root_path")
    @classmethod
    def _is_a_path(cls, path: str) -> str:
        return root_path_of(path)

    @field_validator("database")
    @classmethod
    def _is_a_database(cls, url: str | None) -> str | None:
        if url is not None and url.partition(":")[0] not in DATABASES:
            raise ValueError(  # without the URL, which may hold a password
                f"{url.partition(':')[0]!r} is no database Whence knows; give postgresql://user@host/name or sqlite:////path"
            )
        return url

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        environment, secrets = Environment(settings_cls), SecretFiles(settings_cls)
        return init_settings, environment, secrets, OneFile(settings_cls, init_settings())

    def trusts(self, peer: str | None) -> bool:
        """Whether the other end of a connection is a proxy whose headers are believed."""
        try:
            return any(ipaddress.ip_address(peer or "") in network for network in self.proxy_peers)
        except ValueError:  # a socket of this machine, which has no address
            return False

    @property
    def sources(self) -> tuple[Path, ...]:
        return tuple(path.expanduser().resolve() for path in self.models)


def root_path_of(written: str) -> str:
    """A path without the stroke at its end; "" for the root of the host. Raises ValueError."""
    path = written.rstrip("/")
    if path and not ROOT_PATH.fullmatch(path):
        raise ValueError(
            f"{written[:80]!r} is no path below which pages can lie; allowed are letters, digits, '.', '_', '~' and "
            "'-' between strokes, such as /tools/whence"
        )
    return path


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
