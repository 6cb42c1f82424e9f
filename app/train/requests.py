"""A training as somebody asks for it: what can be known to be wrong is refused here, and not an hour later."""

from __future__ import annotations

import asyncio
import json
import shutil
from contextlib import suppress
from functools import partial
from pathlib import Path

from .._library import explainers
from ..datasets import service as datasets
from ..datasets.schemas import DatasetOut
from ..errors import BadRequest, Conflict
from ..jobs import forgetting
from ..jobs import service as jobs
from ..jobs.schemas import JobOut
from ..models import service as models
from ..web.dependencies import Services
from .schemas import MOST_ROWS, TrainingRequest

KIND = "training"


async def submit(
    services: Services, project: str, request: TrainingRequest, *, key: str | None = None, priority: int = jobs.MIDDLING
) -> JobOut:
    """Raises NotFound, Conflict (a data set that is not read yet), BadRequest."""
    named = {id for id in (request.dataset, request.dev, request.test) if id is not None}
    found = [
        await services.store.answered(partial(datasets.ready, services.store, project, id)) for id in sorted(named)
    ]
    for dataset in found:
        _refuse_unfit(dataset, request)
    if not explainers.BASES[request.base].installed:
        raise BadRequest(
            f"the base {request.base} is not installed", cure=f"Run `whence models fetch {request.base}` on the server."
        )
    rows = sum(dataset.rows for dataset in found)
    if rows > 2 * MOST_ROWS:  # half of them may lack a label
        raise BadRequest(f"the data sets have {rows:,} rows; at most {MOST_ROWS:,} with a label are trained on")
    title = request.title or request.name
    return await jobs.submit(services, project, KIND, request, title=title, key=key, priority=priority)


async def delete(services: Services, project: str, id: str) -> None:
    """The job with its checkpoints, and the model that came of it, which is served no more. Raises NotFound."""
    await jobs.row_of(services, project, id, kind=KIND, called="training")
    asked = json.loads(await jobs.request_of(services, project, id) or "{}").get("name")
    await forgetting.job(services, project, id)
    if asked is not None:
        await _remove_model(services, folder_of(services.settings.data, asked, id))


async def _remove_model(services: Services, folder: Path) -> None:
    served = [state.id for state in services.engine.models() if state.source == str(folder.resolve())]
    for model in served:
        with suppress(Conflict):  # one that belongs to the start of the server stays served until its end
            await models.forget_model(services, model)
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def folder_of(data: Path, name: str, job: str) -> Path:
    """Where the model of a training lies, named after the job: done twice, it is the same."""
    return data / "models" / f"{name}-{job[:8]}"


def usable(dataset: DatasetOut) -> bool:
    """Whether the data set can be learned from."""
    return dataset.status == "ready" and dataset.mapping is not None and dataset.mapping.label is not None


def _refuse_unfit(dataset: DatasetOut, request: TrainingRequest) -> None:
    if not usable(dataset):
        raise BadRequest(
            f"the data set {dataset.name} has no column of labels", cure="Choose the column of labels on its page."
        )
    if request.split is not None and dataset.id == request.dataset and request.split not in dataset.groups:
        known = ", ".join(dataset.groups) or "none"
        raise BadRequest(
            f"the data set {dataset.name} has no group column {request.split[:80]!r}; it has: {known}",
            cure="Name the column as a group when the file is sent, or leave the split to the seed.",
        )
