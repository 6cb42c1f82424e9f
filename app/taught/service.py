"""Questions after the training texts behind a prediction, as somebody asks them."""

from __future__ import annotations

import json

from sqlalchemy.orm import Session

from ..engine.demand.costs import tokens_of
from ..errors import BadRequest
from ..jobs import forgetting
from ..jobs import service as jobs
from ..jobs.schemas import JobOut
from ..models import service as models
from ..store import jobs as store_jobs
from ..store.job_states import State
from ..store.tables import Job
from ..train.plan import keeps_weights
from ..train.requests import KIND as TRAINING
from ..train.requests import folder_of
from ..train.schemas import TrainingRequest
from ..web.dependencies import Services
from .schemas import TaughtJob, TaughtJobOut, TaughtOut, TaughtRequest

KIND = "taught"


async def submit(services: Services, project: str, asked: TaughtRequest, *, key: str | None = None) -> JobOut:
    """Raises NotFound, BadRequest for a model that was not trained here, or whose training kept no weights."""
    state = models.find_model(services, asked.model)
    training = await training_of(services, project, asked.model)
    if training is None:
        raise BadRequest(
            f"{asked.model} was not trained here, or its training kept no weights of its epochs",
            cure="Ask about a model that a training of this project made by lora or frozen, without a pre-training.",
        )
    if asked.target and asked.target not in state.labels:
        known = ", ".join(state.labels[:20])
        raise BadRequest(f"target: {asked.target[:80]!r} is no class of {asked.model}", cure=f"Classes: {known}.")
    id, dataset, rows, epochs = training
    request = TaughtJob(**asked.model_dump(), training=id, dataset=dataset, rows=rows)
    cost = tokens_of(asked.text) + 30 * 3 * rows * max(1, epochs) * (1 + (2 if asked.leave_out else 0))
    return await jobs.submit(services, project, KIND, request, title=f"{state.title}"[:200], key=key, cost=cost)


async def training_of(services: Services, project: str, model: str) -> tuple[str, str, int, int] | None:
    """The training that made a model, its data set, rows and epochs; None for a model that came from elsewhere, and
    where the training kept no weights."""
    state = next((each for each in services.engine.models() if each.id == model), None)
    if state is None or state.source is None:
        return None

    def look(session: Session) -> tuple[str, str, int, int] | None:
        for row in store_jobs.holding(session, project, kind=TRAINING, result=json.dumps(model)):
            result = json.loads(row.result or "{}")
            asked = TrainingRequest.model_validate_json(row.request)
            made = str(folder_of(services.settings.data, asked.name, row.id).resolve())
            if row.state == State.DONE and result.get("model") == model and made == state.source:
                if not keeps_weights(asked.method, asked.pretrain):
                    return None
                return row.id, asked.dataset, int(result.get("rows", 0)), len(result.get("epochs", ()))
        return None

    return await services.store.read(look)


async def find(services: Services, project: str, id: str) -> TaughtJobOut:
    """Raises NotFound for another kind of job."""
    row = await _row(services, project, id)
    body = await jobs.answer_of(services, row)
    taught = None if body is None else TaughtOut.model_validate_json(body)
    return TaughtJobOut(job=jobs.job_out(row), taught=taught)


async def request_of(services: Services, project: str, id: str) -> TaughtJob:
    return TaughtJob.model_validate_json(await jobs.request_of(services, project, id) or "{}")


async def delete(services: Services, project: str, id: str) -> None:
    """Raises NotFound."""
    await _row(services, project, id)
    await forgetting.job(services, project, id)


async def _row(services: Services, project: str, id: str) -> Job:
    return await jobs.row_of(services, project, id, kind=KIND, called="question after training texts")
