from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import anyio.to_thread

from .._library import explainers
from ..engine.messages import Forget
from ..engine.schemas import ModelOut
from ..errors import BadRequest, Conflict, NotFound, UnknownModel
from ..jobs import following
from ..jobs.schemas import JobOut
from ..schemas import LISTED_CLASSES
from ..store import models as registered
from ..store.job_states import State
from ..web.dependencies import Services
from .schemas import Registration

REGISTRATION = "registration"
# Where a kind of model is asked; any other on the first page.
PAGES = {"tokens": "/generate", "image": "/images", "speech": "/speech"}


def list_models(services: Services) -> list[ModelOut]:
    """Embedded ones first, in the order in which they were asked for."""
    return list(services.engine.models())


def judging_models(services: Services) -> list[ModelOut]:
    """The models that say something of a text: every other kind has a page of its own (PAGES)."""
    return [state for state in list_models(services) if state.task not in PAGES]


def looking_models(services: Services) -> list[ModelOut]:
    """The models that classify pictures."""
    return [state for state in list_models(services) if state.task == "image"]


def hearing_models(services: Services) -> list[ModelOut]:
    """The models that write down what they hear."""
    return [state for state in list_models(services) if state.task == "speech"]


def classifiers(services: Services) -> list[ModelOut]:
    """The models that give classes of whole texts and can be asked."""
    return [state for state in list_models(services) if state.can_be_asked and state.classifies_texts]


def listed_models(services: Services) -> list[ModelOut]:
    """The models with the first of their classes: ten thousand of each would be most of the list."""
    return [
        state.model_copy(
            update={
                "labels": state.labels[:LISTED_CLASSES],
                "labels_left_out": max(0, len(state.labels) - LISTED_CLASSES),
            }
        )
        for state in list_models(services)
    ]


def refuse_unknown(offered: Sequence[ModelOut], *named: str) -> None:
    """Raises UnknownModel for a name, of those that an address gives a form, that none of the offered models has."""
    known = [model.id for model in offered]
    for name in named:
        if name and name not in known:
            raise UnknownModel(name, known)


def find_model(services: Services, name: str) -> ModelOut:
    """Raises NotFound."""
    for state in services.engine.models():
        if state.id == name:
            return state
    known = ", ".join(state.id for state in services.engine.models()) or "none"
    raise NotFound(f"no model is called {name[:80]!r}; there are: {known}", cure="Choose a model of /v1/models.")


async def register_model(services: Services, project: str, path: str, *, wait: float) -> ModelOut | JobOut:
    """The model, where the folder is served already or a job has made it one within `wait` seconds; else that job.

    Raises BadModel with the reason.
    """
    folder = await anyio.to_thread.run_sync(_located, path, services.settings.roots)
    if (known := _served(services, folder)) is not None:
        return known
    key = str(folder)
    under_way = await following.under_way(services, project, REGISTRATION, key)
    job = under_way or await following.anew(
        services, project, REGISTRATION, _registration(services, folder), key=key, title=folder.name
    )
    job = await following.outcome(services, project, job, wait=wait, mine=under_way is None)
    return (_served(services, folder) if job.state is State.DONE else None) or job


async def forget_model(services: Services, name: str) -> None:
    """Stops serving a registered model; its folder and the results made with it stay. Raises NotFound, Conflict."""
    state = find_model(services, name)
    if state.source is None or state.source not in await registered.paths(services.store):
        raise Conflict(f"{name} was not registered but belongs to the start of the server", cure="Start without it.")
    await registered.remove(services.store, state.source)  # first: what is written down is served again
    await services.engine.ask(Forget(model=name))


def _served(services: Services, folder: Path) -> ModelOut | None:
    found = (state for state in services.engine.models() if state.source == str(folder) and state.can_be_asked)
    return next(found, None)


def _registration(services: Services, folder: Path) -> Registration:
    return Registration(path=str(folder), roots=tuple(str(root) for root in services.settings.roots))


def _located(path: str, roots: tuple[Path, ...]) -> Path:
    if not roots:
        raise BadRequest(
            "no folder may be registered: the server was started without allowed roots",
            cure="Start it with the folder, or with WHENCE_ROOTS as a JSON list of folders that models may lie in.",
        )
    return explainers.locate_folder(path, roots=roots)
