"""Explanations of many texts by one method: texts of one length go through the model together.

Each is the explanation that the text gets alone, bit for bit where the model's rows keep their bits in company
(game/together.py), and so is the number of rows that it needs: neighbours decide only which rows share a pass.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeAlias

from . import runner
from .contract import Attribution, Case, Explainer, Model, Progress, Question, Wanted, silent
from .errors import BadInput, Cancelled, ExplainersError, Incompatible
from .game.passes import told_to
from .game.together import know_together
from .metrics.faithfulness import measured_rows
from .metrics.on_demand import refuse_unknown

MOST_TOGETHER = 64  # texts under way at once: rows for many full passes, and tables of a few megabytes
Answer: TypeAlias = Attribution | ExplainersError


@dataclass(frozen=True, slots=True)
class _Asked:
    number: int  # of the question
    case: Case
    rounds: Iterator[Wanted]


def explain_many(
    model: Model,
    questions: Sequence[Question],
    explainer: Explainer,
    *,
    measures: Sequence[str] = (),
    progress: Progress = silent,
) -> list[Answer]:
    """The explanation of each question in turn, or why it has none. Raises Incompatible for a method that the model
    cannot have, BadInput for an unknown measure, Cancelled between two passes."""
    refuse_unknown(measures)
    runner.refuse_unless_offered(model, type(explainer))
    found: dict[int, Answer] = {}
    with told_to(progress) as heard:
        told = _Told(heard, len(questions), found)
        told(0.0)
        asked = []
        for number, question in _shortest_first(questions):
            with _kept_error(found, number):
                case = runner.case_of(model, question, progress=told)
                runner.refuse_too_many(explainer, case)
                asked.append(_Asked(number, case, explainer.rounds(case)))
            if len(asked) == MOST_TOGETHER:
                _answer(asked, explainer, measures, found)
                asked = []
        _answer(asked, explainer, measures, found)
    return [found[number] for number in range(len(questions))]


def _shortest_first(questions: Sequence[Question]) -> list[tuple[int, Question]]:
    """The questions with their numbers, ordered so that texts of one length are under way at the same time."""
    return sorted(enumerate(questions), key=lambda each: len(each[1].text) + len(each[1].text_pair or ""))


def _answer(asked: Sequence[_Asked], explainer: Explainer, measures: Sequence[str], found: dict[int, Answer]) -> None:
    if not asked:
        return
    started = time.perf_counter()
    _know(asked)
    shared = (time.perf_counter() - started) / len(asked)
    explained: list[tuple[_Asked, Attribution]] = []
    for each in asked:
        with _kept_error(found, each.number):
            made = runner.explained(explainer, each.case, before=1)
            explained.append((each, _later(made, explain=shared)))
    started = time.perf_counter()
    know_together([(each.case.table, Wanted(measured_rows([made], each.case))) for each, made in explained])
    shared = (time.perf_counter() - started) / max(1, len(explained))
    for each, made in explained:
        with _kept_error(found, each.number):
            found[each.number] = _later(runner.measured(made, explainer, each.case, measures=measures), measure=shared)


@contextmanager
def _kept_error(found: dict[int, Answer], number: int) -> Iterator[None]:
    """Make the library's error the answer of this question; Cancelled ends them all."""
    try:
        yield
    except Cancelled:
        raise
    except ExplainersError as error:
        found[number] = error


def _know(asked: Sequence[_Asked]) -> None:
    """Ask for every round of every text, in each turn the next ones of all texts that have one."""
    asking = list(asked)
    while asking:
        waiting, asking = asking, []
        wanted = []
        for each in waiting:
            part = None
            with suppress(Incompatible, BadInput):  # raised again where the text is explained
                part = next(each.rounds, None)
            if part is not None:
                wanted.append((each.case.table, part))
                asking.append(each)
        know_together(wanted)


def _later(made: Attribution, **seconds: float) -> Attribution:
    """The explanation with its share of the time that was spent on all texts."""
    timings = {**made.timings, **{name: made.timings[name] + more for name, more in seconds.items()}}
    return made.model_copy(update={"timings": timings})


class _Told:
    """Progress over all texts: the share of them that is answered."""

    def __init__(self, progress: Progress, count: int, found: dict[int, Answer]) -> None:
        self.progress, self.count, self.found = progress, count, found

    def __call__(self, done: float, note: str = "") -> None:
        self.progress(len(self.found) / max(1, self.count), f"{len(self.found)} of {self.count} texts")
