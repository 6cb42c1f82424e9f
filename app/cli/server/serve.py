"""whence serve: the pages and the REST interface."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Annotated, Any

import typer

from ...settings import Settings
from ...store.files.private import keep_files_private
from ..terminal.registered import given_folder
from ..terminal.trouble import Mistake
from .config import ConfigFile, use


def serve(
    folders: Annotated[
        list[Path] | None, typer.Argument(metavar="[FOLDER]...", help="Model folders, beside the embedded models.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on: this machine's own.  [default: 127.0.0.1]")
    ] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 takes a free one.  [default: 8000]")] = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the database and the arrays.")] = None,
    config_file: ConfigFile = None,
) -> None:
    """Serve the pages and the REST interface until Ctrl-C."""
    keep_files_private()
    use(config_file)
    settings = settings_of(folders=folders, host=host, port=port, data=data)
    with listen(settings.host, settings.port) as listening:
        _serve_on(listening, settings)


def _serve_on(listening: socket.socket, settings: Settings) -> None:
    import uvicorn

    from ...guard.connections import backlog_of, connection_class, raise_descriptors
    from ...installation import open_installation
    from ...main import create_app

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                print(f"Whence is on {address(listening)} (Ctrl-C ends it)", flush=True)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            if (services := getattr(application.state, "services", None)) is not None:
                services.stopping.set()
                await asyncio.sleep(settings.drain_seconds)
            await super().shutdown(sockets)

    application = create_app(settings, installation=open_installation(settings))
    descriptors = raise_descriptors()
    config = uvicorn.Config(
        application,
        http=connection_class(seconds=settings.header_seconds, descriptors=descriptors),
        backlog=backlog_of(descriptors),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )
    Announcing(config).run(sockets=[listening])


def settings_of(**given: Any) -> Settings:
    """The settings in force, with the arguments that were given. Raises ValidationError, Mistake."""
    folders = [given_folder(folder) for folder in given.pop("folders") or ()]
    chosen = {name: value for name, value in given.items() if value is not None}
    if folders:
        chosen["models"] = tuple(folders)
    return Settings(**chosen)


def listen(host: str, port: int) -> socket.socket:
    """A socket that is bound before anything heavy starts. Raises Mistake when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host.strip("[]"), port))
    except OSError as error:
        found.close()
        raise Mistake(f"port {port} of {host} cannot be used ({error.strerror}); choose another with --port") from error
    return found


def address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
