"""A folder becomes a model, in the job runner: checked byte by byte, loaded by the engine, tried, and written down."""

from __future__ import annotations

from functools import partial
from typing import Any

from .._library import explainers
from ..engine.messages import Explain, Forget, Predict, Register
from ..engine.schemas import ModelOut
from ..errors import ModelFailed
from ..jobs.runner.kinds import Kind
from ..jobs.runner.work import Work
from ..store import models as registered
from ..web.words import N_
from .schemas import Registration

TRIAL = "The film is good."


class RegistrationKind(Kind):
    name = "registration"
    Request = Registration

    def shards(self, work: Work) -> int:
        return 1

    def run(self, work: Work, shard: int) -> bytes:
        """The id of the model."""
        request: Registration = work.request
        return register(work, request.path, roots=request.roots).id.encode()

    def finish(self, work: Work) -> dict[str, Any]:
        (model,) = (body.decode() for body in work.results())
        return {"model": model, "links": {"model": f"/models/{model}", "json": f"/v1/models/{model}"}}


def register(work: Work, path: str, *, roots: tuple[str, ...] | None) -> ModelOut:
    """The folder, served from now on and after every start. Raises BadModel, and then nothing of it is served."""
    work.progress(0.0, N_("checking the files"))
    folder = str(explainers.check_folder(path, roots=roots).path)
    work.progress(0.2, N_("loading"))
    model = work.engine.ask(Register(path=folder))
    try:
        state = work.engine.ready(model.id)
        work.progress(0.8, N_("trying it"))
        _try(work, state)
    except ModelFailed as error:
        work.engine.ask(Forget(model=model.id))
        raise explainers.BadModel(str(error).partition("could not be loaded: ")[2] or str(error)) from error
    except BaseException:
        work.engine.ask(Forget(model=model.id))
        raise
    work.store.commit(partial(registered.put, path=folder))
    return state


def _try(work: Work, state: ModelOut) -> None:
    """A prediction and an explanation, so that a model that can be loaded but not asked is refused now; one of pictures
    or recordings has shown it when it was loaded."""
    if state.task in ("image", "speech"):
        return
    question = explainers.Question.about(text=TRIAL, text_pair=TRIAL if state.task == "similarity" else None)
    work.engine.ask(Predict(model=state.id, questions=(question,)))
    if "leave-one-out" in state.methods:
        baseline = state.baselines[0] if state.baselines else None
        asked = question.model_copy(update={"baseline": baseline})
        work.engine.ask(Explain(model=state.id, question=asked, method="leave-one-out"))
