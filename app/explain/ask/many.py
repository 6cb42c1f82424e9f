"""Explanations of many texts under the keys of single ones: one asked before is looked up, each has its page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from ..._library import explainers
from ...engine.messages import Explained, ExplainMany
from ...engine.schemas import ModelOut
from ...jobs.runner.work import Work
from ...schemas import TextInput
from ...store import holders, results
from ...store.results import NewResult
from . import answers
from . import records as explanations
from .answers import BatchRow
from .keys import explanation_key, numbers_of
from .questions import explainer_of, question_of
from .schemas import ExplanationOut, ExplanationRequest


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question in its one form, and the key of its answer."""

    key: str
    question: explainers.Question
    explainer: explainers.Explainer


def explained(work: Work, questions: Sequence[ExplanationRequest], start: int, *, holder: str) -> list[BatchRow]:
    """One row a question, counted from `start`; all of one model and method. One that fails is a row with its error.

    holder: for whom the explanations are kept (store/holders.py).
    """
    asked = [_asked(each, work.engine.ready(each.model)) for each in questions]
    keys = {each.key: each for each in asked if isinstance(each, _Asked)}
    known = work.store.query(partial(_stored, project=work.project, keys=list(keys)))
    made = _made(work, questions[0].model, [each for key, each in keys.items() if key not in known]) if keys else {}
    new = [
        explanations.explanation(each, key=key, model=questions[0].model)
        for key, each in made.items()
        if isinstance(each, Explained)
    ]
    bodies = known | {each.key: each.body for each in new}
    work.commit(partial(_keep, work, new, list(bodies), holder))
    return [
        _row(number, given, each, bodies=bodies, made=made)
        for number, (given, each) in enumerate(zip(questions, asked, strict=True), start=start)
    ]


def _asked(request: ExplanationRequest, state: ModelOut) -> _Asked | explainers.ExplainersError:
    try:
        explainer = explainer_of(request.method, request.options, state)
        question = question_of(request, state)
    except explainers.ExplainersError as error:
        return error
    return _Asked(explanation_key(numbers_of(state), question, explainer), question, explainer)


def _stored(session: Session, *, project: str, keys: Iterable[str]) -> dict[str, bytes]:
    bodies = {key: results.body_of(session, project, key, "explanation") for key in keys}
    return {key: body for key, body in bodies.items() if body is not None}


def _made(work: Work, model: str, missing: Sequence[_Asked]) -> dict[str, Explained | Exception]:
    """Answers of the engine to questions that nobody asked before, or its errors, by key."""
    if not missing:
        return {}
    explainer = missing[0].explainer
    found = work.engine.ask(
        ExplainMany(
            model=work.engine.ready(model).id,
            questions=tuple(each.question for each in missing),
            method=explainer.name,
            options=explainer.model_dump(mode="json"),
        ),
        work.progress,
    )
    return {each.key: one for each, one in zip(missing, found, strict=True)}


def _row(
    number: int,
    given: ExplanationRequest,
    asked: _Asked | explainers.ExplainersError,
    *,
    bodies: dict[str, bytes],
    made: dict[str, Explained | Exception],
) -> BatchRow:
    """Raises what was no fault of the text."""
    if isinstance(asked, _Asked) and asked.key in bodies:
        return answers.explained(number, ExplanationOut.model_validate_json(bodies[asked.key]), key=asked.key)
    error = made[asked.key] if isinstance(asked, _Asked) else asked
    if not isinstance(error, explainers.ExplainersError):
        assert isinstance(error, Exception)
        raise error
    assert isinstance(given.input, TextInput)  # a batch has no prompts
    return answers.failed(number, given.input.text, given.input.text_pair, error=error)


def _keep(work: Work, new: Sequence[NewResult], keys: Sequence[str], holder: str, session: Session) -> None:
    results.add(session, work.store.files, work.project, new)
    holders.hold(session, work.project, keys, holder)
