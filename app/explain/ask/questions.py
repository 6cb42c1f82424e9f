"""From a request to a question in its one form: equal questions get equal keys."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

from ..._library import explainers
from ...engine.schemas import ModelOut
from ...errors import BadRequest
from ...schemas import AudioInput, ImageInput, PromptInput
from .schemas import QuestionRequest


def question_of(request: QuestionRequest, state: ModelOut, *, also: int | None = None) -> explainers.Question:
    """With the defaults of the model written out. Raises BadInput for a value its head does not have."""
    baseline = request.baseline or (state.baselines[0] if state.baselines else None)
    if baseline is not None and baseline not in state.baselines:
        allowed = ", ".join(state.baselines) or "none"
        raise explainers.BadInput(f"{state.id} has no baseline {baseline!r}; it has: {allowed}")
    game = {name: getattr(request, name) for name in explainers.Game.model_fields}
    game |= {"value": explainers.values.resolve(request.value, state.head), "baseline": baseline}
    outputs = request.outputs
    if state.task == "similarity":
        outputs = outputs or explainers.SimilarityOutput()
    elif state.task in ("tokens", "speech"):
        outputs = outputs or explainers.TokenOutput(whole=state.task == "speech")
        if request.value is None and isinstance(outputs, explainers.TokenOutput) and outputs.contrast is not None:
            game["value"] = "log-odds"
    if isinstance(request.input, PromptInput):
        return explainers.Question(input=request.input.prompt, outputs=outputs, **game)
    if isinstance(request.input, ImageInput | AudioInput):
        return explainers.Question(input=request.input.file, outputs=outputs, **game)
    text, text_pair = request.input.text, request.input.text_pair
    return explainers.Question.about(text, text_pair, word=request.word, also=also, outputs=outputs, **game)


def explainer_of(name: str, options: dict[str, object], state: ModelOut) -> explainers.Explainer:
    """Raises UnknownExplainer, BadInput for an option, Incompatible with what the model lacks."""
    explainer = explainers.build(name, options)
    model = SimpleNamespace(id=state.id, offers=frozenset(state.offers))
    explainers.refuse_unless_offered(model, type(explainer))
    return explainer


def class_of(target: int | str | None, labels: tuple[str, ...], numbers: Sequence[int] | None = None) -> int | None:
    """The index of a class given by index or label. Raises BadRequest with the classes there are.

    numbers: the indices that the labels have; by default 0, 1, 2 and so on.
    """
    numbers = range(len(labels)) if numbers is None else numbers
    if target is None:
        return None
    if isinstance(target, str) and target in labels:
        return numbers[labels.index(target)]
    if (isinstance(target, int) or (target.isascii() and target.isdecimal())) and int(target) in numbers:
        return int(target)
    listed = ", ".join(f"{index} {label!r}" for index, label in zip(numbers[:20], labels, strict=False))
    raise BadRequest(f"no class is called {target!r}; the model has {listed}", cure="Choose an index or a label.")
