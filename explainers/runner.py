"""From a question to a finished explanation: encode, predict, explain, measure, assemble.

Methods do not grade themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

import numpy as np

from .badge import badge_of
from .contract import (
    MOST_EXACT,
    Absent,
    Arithmetic,
    Attribution,
    AudioInput,
    Case,
    Encoded,
    Explainer,
    FloatArray,
    ImageInput,
    Model,
    ModelRecord,
    Need,
    Notice,
    Offering,
    Output,
    Panel,
    Prediction,
    Progress,
    Question,
    Text,
    TokenOutput,
    ValueName,
    silent,
)
from .errors import BadInput, ExplainersError, Incompatible
from .game.passes import told_to
from .game.sampling import DEFAULT_BUDGET, EXACT_PLAYERS
from .game.table import CoalitionTable
from .inputs.image.regions import SPLIT
from .metrics.agreement import agreement_of
from .metrics.answer import answer_of
from .metrics.claims import claims_of
from .metrics.faithfulness import by_faithfulness, faithfulness_of, measured_rows, removal_rows, removals_of
from .metrics.naopc import naopc_of
from .metrics.on_demand import measured as measured_on_demand
from .metrics.on_demand import refuse_unknown
from .registry import build, explainer_class, names, panel_of
from .sentence import sentence_of

# 8 s in bf16, 15 s in fp32 on two cores; a text read in windows gets the rows that fit, and a recording.
TOKENS_OF_A_GAME = 2**18
FEWEST_ROWS = 64
Arrived: TypeAlias = Callable[[Prediction | Attribution], None]
COARSER = {"detail": "regions", "patch": "regions", "token": "words", "word": "phrases", "phrase": "sentences"}


def predict(model: Model, questions: Sequence[Question]) -> list[Prediction]:
    """The prediction for each input. Raises BadInput."""
    inputs = [model.encode(q) for q in questions]
    return [model.output_of(one).served(model.predict([one])[0]) for one in inputs]


def scores(model: Model, texts: Sequence[Text], *, progress: Progress = silent) -> FloatArray:
    """Logits (texts, labels) of many texts, or of many pairs, in their order: fp32, within 1e-5 of `predict`.

    Raises BadInput with the number of a text that cannot be read, Cancelled between batches of about 100 ms.
    """
    return model.scores(texts, progress=progress)


def states(model: Model, texts: Sequence[Text], *, progress: Progress = silent) -> FloatArray:
    """Logits as `scores` has them, and behind them the state that the head reads: (texts, labels + width).

    width is 0 for a model without such a state. Raises BadInput, Cancelled.
    """
    return model.states(texts, progress=progress)


def explain(
    model: Model,
    question: Question,
    explainer: Explainer,
    *,
    measures: Sequence[str] = (),
    progress: Progress = silent,
) -> Attribution:
    """One method's explanation with its checks and badge. Raises BadInput, Incompatible, Cancelled.

    measures: of metrics.on_demand.ON_DEMAND, those that are to be among the checks.
    """
    refuse_unknown(measures)
    refuse_unless_offered(model, type(explainer))
    with told_to(progress) as heard:
        case = case_of(model, question, progress=heard)
        return measured(explained(explainer, case), explainer, case, measures=measures)


def panel(
    model: Model,
    question: Question,
    explainers: Sequence[Explainer] | None = None,
    *,
    progress: Progress = silent,
    arrived: Arrived = lambda part: None,
) -> Panel:
    """All methods (by default the panel's) from one shared coalition table; one that cannot run is listed as absent.

    arrived: given the prediction, then each explanation as soon as its scores are there, still without measures and
    badge. What needs only a few passes is computed first; the panel keeps the order that was asked for.
    """
    with told_to(progress) as heard:
        return _panel(model, question, explainers, progress=heard, arrived=arrived)


def _panel(
    model: Model,
    question: Question,
    explainers: Sequence[Explainer] | None,
    *,
    progress: Progress,
    arrived: Arrived,
) -> Panel:
    started = time.perf_counter()
    case = case_of(model, question, progress=progress)
    arrived(case.prediction)
    wanted = [build(name) for name in panel_of(model.task)] if explainers is None else list(explainers)
    made, absent = _explain_all(wanted, case, arrived)
    able = [explainer for position, explainer in enumerate(wanted) if position in made]
    ready = [made[position] for position in sorted(made)]
    progress(1.0, "measures")
    _ask_for_measures(ready, case)
    found = [measured(one, explainer, case) for one, explainer in zip(ready, able, strict=True)]
    removals = removals_of(found, case)
    answer = answer_of(found, removals, case)
    return Panel(
        model=ModelRecord(id=model.id, digest=model.digest),
        input=case.inputs.input,
        prediction=case.prediction,
        explanations=tuple(found),
        absent=tuple(absent[position] for position in sorted(absent)),
        answer=answer.model_copy(update={"text": sentence_of(answer, case.inputs.features)}),
        agreement=agreement_of(found),
        by_faithfulness=by_faithfulness(found),
        removals=removals,
        claims=claims_of(found, case),
        baseline_prediction=_baseline_prediction(case),
        evaluations=case.table.evaluations,
        timings={"total": time.perf_counter() - started},
    )


def _explain_all(
    wanted: Sequence[Explainer], case: Case, arrived: Arrived
) -> tuple[dict[int, Attribution], dict[int, Absent]]:
    """Explanations, and reasons of methods that cannot run, by place.

    What asks for gradients or attention alone comes first, in a few passes; games share their table in the given order.
    """
    made: dict[int, Attribution] = {}
    absent: dict[int, Absent] = {}
    order = sorted(enumerate(wanted), key=lambda each: Need.OUTPUTS in each[1].needs)
    for step, (position, explainer) in enumerate(order):
        case.progress(step / len(wanted), explainer.title)
        try:
            refuse_unless_offered(case.model, type(explainer))
            made[position] = explained(explainer, case)
            arrived(made[position])
        except Incompatible as error:
            absent[position] = Absent(method=explainer.name, reason=_reason(error))
    return made, absent


def case_of(model: Model, question: Question, *, progress: Progress = silent) -> Case:
    """The encoded, predicted question with its empty table."""
    inputs = model.encode(question)
    if inputs.players == "detail":
        inputs = _in_detail(model, question, inputs, progress)
    whole = model.predict([inputs])
    output = model.output_of(inputs)
    prediction = output.served(whole[0])
    precision = precision_of(model, question, players=len(inputs.features))
    table = CoalitionTable(model, inputs, precision=precision, progress=progress, whole=whole)
    budget, most_exact = question.budget, MOST_EXACT
    if inputs.windows or isinstance(inputs.input, AudioInput):  # rows are dear
        budget = budget or min(max(TOKENS_OF_A_GAME // inputs.size, FEWEST_ROWS), DEFAULT_BUDGET)
        most_exact = MOST_EXACT if _all_affordable(inputs) else budget.bit_length() - 1
    return Case(
        model=model,
        inputs=inputs,
        output=output,
        prediction=prediction,
        targets=output.targets(whole[0]),
        value=_value(question.value, output),
        table=table,
        precision=precision,
        precision_given=question.precision != "auto",
        accuracy=question.accuracy,
        budget=budget,
        most_exact=most_exact,
        seed=question.seed,
        progress=progress,
    )


def _in_detail(model: Model, question: Question, inputs: Encoded, progress: Progress) -> Encoded:
    """The picture with the regions that matter most cut into smaller ones: Shapley values of the whole regions say
    which."""
    coarse = question.model_copy(update={"players": "region"})
    found = build("shap").explain(case_of(model, coarse, progress=progress))
    assert found.scores is not None
    order = np.argsort(-np.abs(found.scores[found.row()]), kind="stable")
    return model.split(inputs, [int(player) for player in order[:SPLIT]])


def _all_affordable(inputs: Encoded) -> bool:
    """A window is asked once for each set of its own players, so that all coalitions of the whole may be few rows."""
    if len(inputs.features) > EXACT_PLAYERS or not inputs.windows:
        return False
    rows = sum(len(window.places) << inputs.players_in(window).size for window in inputs.windows)
    return rows <= TOKENS_OF_A_GAME


def warm_up(model: Model) -> None:
    """Does what the first explanation would wait for: imports, new kernels, the comparison of bf16 with fp32."""
    if model.task == "speech":  # it was tried when it was loaded, and a row is dear
        return
    _ = model.half_check
    with suppress(ExplainersError):  # a text of this kind may be refused: the next one need not be
        if Need.ANSWERS in model.offers:  # every method on every token would take longer than the first question
            outputs = TokenOutput(continuation=" a", whole=False)
            explain(model, Question.about("a good one", outputs=outputs), build("leave-one-out"))
            return
        if model.task == "image":
            noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
            explain(model, Question(input=ImageInput.of(noise)), build("leave-one-out"))
            return
        panel(model, Question.about("a good one", "a fine one" if model.task == "similarity" else None))


def precision_of(model: Model, question: Question, *, players: int) -> Arithmetic:
    """bf16 for sampled games where the model's self-check against fp32 passed; what can be exact stays fp32.

    Raises Incompatible where bf16 is asked for and the self-check fails.
    """
    if question.precision == "fp32" or (question.precision == "auto" and _fine(question, players)):
        return "fp32"
    check = model.half_check
    if question.precision == "bf16" and not (check is None or check.ok):
        raise Incompatible(f"bf16 failed its comparison with fp32 of {model.id} on this processor; choose fp32")
    return "bf16" if question.precision == "bf16" or (check is not None and check.ok) else "fp32"


def _fine(question: Question, players: int) -> bool:
    """Whether bf16 would surely be the larger part of the error; else the sampling sees to it (game/stopping.py)."""
    return players <= EXACT_PLAYERS or question.accuracy == "exact"


def offered(model: Offering) -> tuple[str, ...]:
    """The methods that can run on this model."""
    return tuple(name for name in names() if explainer_class(name).needs <= model.offers)


def refuse_unless_offered(model: Offering, method: type[Explainer]) -> None:
    """Raises Incompatible with what the model lacks."""
    if missing := method.needs - model.offers:
        lacking = ", ".join(sorted(missing))
        raise Incompatible(
            f"{method.title} needs {lacking}, which {model.id} does not offer; choose {', '.join(offered(model))}",
            reason="lacks",
            model=model.id,
            lacking=lacking,
        )


def refuse_too_many(explainer: Explainer, case: Case) -> None:
    """Raises Incompatible with the coarser players to choose."""
    count, players = len(case.inputs.features), case.inputs.players
    limit = explainer.most_players(case)
    if limit is not None and count > limit:
        cure = f"choose {COARSER[players]}" if players in COARSER else "shorten the text"
        raise Incompatible(
            f"{explainer.title} takes up to {limit} players; this text has {count} {players}s: {cure}",
            reason="too_many_players",
            limit=limit,
            count=count,
            players=players,
        )


def explained(explainer: Explainer, case: Case, *, before: int | None = None) -> Attribution:
    """The explanation by the method, with its time and its evaluations: those after the first `before` rows of the
    table, by default after all that are known. Raises Incompatible."""
    refuse_too_many(explainer, case)
    started = time.perf_counter()
    before = case.table.evaluations if before is None else before
    found = explainer.explain(case)
    spent = found.forward_passes or case.table.evaluations - before
    return found.model_copy(
        update={"forward_passes": spent, "timings": {"explain": time.perf_counter() - started, "measure": 0.0}}
    )


def _ask_for_measures(found: Sequence[Attribution], case: Case) -> None:
    """Every row that the measures of all methods will read, in as few batches as they fit into."""
    if Need.OUTPUTS in case.model.offers:
        case.table.logits(removal_rows(found, case), precision="fp32")
        case.table.logits(measured_rows(found, case))


def measured(found: Attribution, explainer: Explainer, case: Case, *, measures: Sequence[str] = ()) -> Attribution:
    """The finding with its measures and badge."""
    started = time.perf_counter()
    faithful = faithfulness_of(found, case)
    numbers = faithful.checks
    if case.table.complete:  # the limits of all orders are there for nothing
        numbers |= naopc_of(found, case)
    numbers |= measured_on_demand(measures, found, case, explainer)
    checked = found.model_copy(
        update={
            "checks": {**found.checks, **numbers, **_precision_checks(found, case)},
            "faithfulness": faithful.faithfulness,
            "timings": {**found.timings, "measure": time.perf_counter() - started},
        }
    )
    return checked.model_copy(update={"badge": badge_of(checked, explainer)})


def _precision_checks(found: Attribution, case: Case) -> dict[str, float | None]:
    """The self-check that let bf16 stand in, beside the scores that were made with it."""
    if found.precision == "fp32" or found.scores is None:
        return {}
    check = case.model.half_check
    if check is None:
        return {}
    return {"bf16_rank_agreement": check.rank_agreement, "bf16_value_error": check.value_error}


def _value(asked: ValueName | None, output: Output) -> ValueName:
    """The value function that was asked for, or the output's default. Raises BadInput for one that it does not have."""
    if asked is not None and asked not in output.values:
        raise BadInput(f"value {asked!r} does not exist for this output; choose {', '.join(output.values)}")
    return asked or output.values[0]


def _reason(error: Incompatible) -> Notice:
    return Notice(code=error.reason, text=str(error), values=error.values)


def _baseline_prediction(case: Case) -> Prediction | None:
    if Need.OUTPUTS not in case.model.offers:
        return None
    return case.output.prediction(case.table.empty[0])


__all__ = ["case_of", "explain", "offered", "panel", "predict", "refuse_unless_offered", "scores", "warm_up"]
