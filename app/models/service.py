from __future__ import annotations

from pathlib import Path

import anyio.to_thread

from .._library import explainers
from ..dependencies import Services
from ..errors import BadRequest, Conflict, NotFound
from ..store import models as registered
from .schemas import ModelOut


def list_models(services: Services) -> list[ModelOut]:
    """Embedded ones first, in the order in which they were asked for."""
    return list(services.engine.models())


def find_model(services: Services, name: str) -> ModelOut:
    """Raises NotFound."""
    for state in services.engine.models():
        if state.id == name:
            return state
    known = ", ".join(state.id for state in services.engine.models()) or "none"
    raise NotFound(f"no model is called {name[:80]!r}; there are: {known}", cure="Choose a model of /v1/models.")


async def register_model(services: Services, path: str) -> ModelOut:
    """Checks a folder, starts loading it, and serves it again after a restart. Raises BadModel with the reason."""
    folder = await anyio.to_thread.run_sync(_checked, path, services.settings.roots)
    found = await services.engine.register(str(folder))
    await registered.add(services.store, str(folder))
    return found


async def forget_model(services: Services, name: str) -> None:
    """Stops serving a registered model; its folder and the results made with it stay. Raises NotFound, Conflict."""
    state = find_model(services, name)
    if state.source is None or state.source not in await registered.paths(services.store):
        raise Conflict(f"{name} was not registered but belongs to the start of the server", cure="Start without it.")
    await services.engine.forget(name)
    await registered.remove(services.store, state.source)


def _checked(path: str, roots: tuple[Path, ...]) -> Path:
    if not roots:
        raise BadRequest(
            "no folder may be registered: the server was started without allowed roots",
            cure="Start it with the folder, or with WHENCE_ROOTS as a JSON list of folders that models may lie in.",
        )
    return explainers.check_folder(path, roots=roots).path
