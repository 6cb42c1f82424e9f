"""Explanations of many texts under the keys of single ones: one asked before is looked up, each has its page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy.orm import Session

from ..._library import explainers
from ...engine.messages import Explain
from ...engine.schemas import ModelOut
from ...jobs.runner.work import Work
from ...store import holders, results
from ...store.results import NewResult
from . import answers
from . import records as explanations
from .answers import BatchRow
from .keys import explanation_key, numbers_of
from .questions import explainer_of, question_of
from .schemas import ExplanationOut, ExplanationRequest


def explained(work: Work, questions: Sequence[ExplanationRequest], start: int, *, holder: str) -> list[BatchRow]:
    """One row a question, counted from `start`; all of one model. A question that fails is a row with its error.

    holder: for whom the explanations are kept (store/holders.py).
    """
    new: list[NewResult] = []
    found: list[BatchRow] = []
    for at, asked in enumerate(questions):
        work.progress(at / len(questions))
        try:
            found.append(_explanation(work, asked, start + at, state=work.engine.ready(asked.model), new=new))
        except explainers.Cancelled:
            raise
        except explainers.ExplainersError as error:
            found.append(answers.failed(start + at, asked.input.text, asked.input.text_pair, error=error))
    work.commit(partial(_keep, work, new, [row.explanation for row in found if row.explanation], holder))
    return found


def _keep(work: Work, new: Sequence[NewResult], keys: Sequence[str], holder: str, session: Session) -> None:
    results.add(session, work.store.files, work.project, new)
    holders.hold(session, work.project, keys, holder)


def _explanation(work: Work, asked: ExplanationRequest, row: int, *, state: ModelOut, new: list[NewResult]) -> BatchRow:
    explainer = explainer_of(asked.method, asked.options, state)
    question = question_of(asked, state)
    key = explanation_key(numbers_of(state), question, explainer)
    body = work.store.query(partial(results.body_of, project=work.project, key=key, kind="explanation"))
    if body is None:
        options = explainer.model_dump(mode="json")
        made = work.engine.ask(Explain(model=state.id, question=question, method=explainer.name, options=options))
        new.append(explanations.explanation(made, key=key, model=state.id))
        body = new[-1].body
    return answers.explained(row, ExplanationOut.model_validate_json(body), key=key)
