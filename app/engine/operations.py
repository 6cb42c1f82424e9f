"""The operation for each message that asks a model. Answers are msgpack values; JSON is made here, and once."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from .._library import explainers
from ..errors import AppError
from ..schemas import LISTED_CLASSES
from ..store.arrays import pack
from .contract import Listener
from .errors import to_wire
from .messages import (
    ABSENT,
    PICTURE,
    RECORDING,
    WAVEFORM,
    Asking,
    Explain,
    Explained,
    ExplainedPanel,
    ExplainMany,
    Generate,
    MakePanel,
    Predict,
    Score,
    States,
    Vectors,
)
from .schemas import ExplanationRecord


def predict(model: explainers.Model, asked: Predict, progress: explainers.Progress) -> list[bytes]:
    """One at a time, as the library does it anyway, so that others are let in between two texts."""
    found: list[bytes] = []
    for position, question in enumerate(asked.questions):
        progress(position / len(asked.questions))
        (prediction,) = explainers.runner.predict(model, [question])
        found.append(prediction.model_dump_json().encode())
    return found


def score(model: explainers.Model, asked: Score, progress: explainers.Progress) -> bytes:
    return pack(explainers.runner.scores(model, asked.texts, progress=progress), name="scores")


def states(model: explainers.Model, asked: States, progress: explainers.Progress) -> bytes:
    found = explainers.runner.states(model, asked.texts, progress=progress)
    return pack(found.astype("float32"), name="states")


def explain(model: explainers.Model, asked: Explain, progress: explainers.Progress) -> dict[str, Any]:
    explainer = explainers.build(asked.method, asked.options)
    found = explainers.runner.explain(model, asked.question, explainer, measures=asked.measures, progress=progress)
    return asdict(_explained(found, asked.model))


def explain_many(model: explainers.Model, asked: ExplainMany, progress: explainers.Progress) -> list[dict[str, Any]]:
    explainer = explainers.build(asked.method, asked.options)
    found = explainers.explain_many(model, asked.questions, explainer, measures=asked.measures, progress=progress)
    return [to_wire(each) if isinstance(each, Exception) else asdict(_explained(each, asked.model)) for each in found]


def panel(model: explainers.Model, asked: MakePanel, progress: explainers.Progress) -> dict[str, Any]:
    chosen = None if asked.methods is None else [explainers.build(method) for method in asked.methods]
    arrived = partial(_pass_on, progress, asked) if asked.arriving and isinstance(progress, Listener) else _kept_back
    found = explainers.runner.panel(model, asked.question, chosen, progress=progress, arrived=arrived)
    parts = tuple(_explained(each, asked.model) for each in found.explanations)
    made = ExplainedPanel(
        body=found.model_copy(update=_stored(found, asked.model)).model_dump_json(exclude={"explanations"}).encode(),
        target=found.prediction.main.model_dump(mode="json"),
        seconds=sum(found.timings.values()),
        parts=parts,
    )
    return asdict(made)


def generate(model: explainers.ContinuationModel, asked: Generate, progress: explainers.Progress) -> bytes:
    found: explainers.Generation = model.generate(asked.question, asked.decoding, progress=progress)
    named = found.model.model_copy(update={"id": asked.model})
    return found.model_copy(update={"model": named}).model_dump_json().encode()


DOES: Mapping[type[Asking[Any]], Callable[[Any, Any, explainers.Progress], Any]] = {
    Predict: predict, Score: score, States: states, Explain: explain, ExplainMany: explain_many, MakePanel: panel,
    Generate: generate, Vectors: states,
}  # fmt: skip


def report(error: BaseException) -> None:
    """Where an unexpected error arose; not its message, which may quote a text."""
    if not isinstance(error, AppError | explainers.ExplainersError):
        frames = "".join(traceback.format_tb(error.__traceback__))
        print(f"engine: {type(error).__name__}\n{frames}", file=sys.stderr)


def _pass_on(listener: Listener, asked: MakePanel, part: explainers.Prediction | explainers.Attribution) -> None:
    if isinstance(part, explainers.Prediction):
        listener.arrived("prediction", part.model_dump_json().encode())
    else:
        listener.arrived("explanation", _record(part, asked.model))


def _kept_back(part: explainers.Prediction | explainers.Attribution) -> None:
    """Nobody looks before the end."""


def _record(found: explainers.Attribution, name: str) -> bytes:
    record = ExplanationRecord.model_construct(**{**dict(found), **_stored(found, name)})
    return record.model_dump_json().encode()


def _explained(found: explainers.Attribution, name: str) -> Explained:
    return Explained(
        body=_record(found, name),
        method=found.method.name,
        target=found.prediction.main.model_dump(mode="json"),
        passes=found.forward_passes,
        seconds=sum(found.timings.values()),
        arrays=_arrays(found),
    )


def _stored(found: explainers.Attribution | explainers.Panel, name: str) -> dict[str, Any]:
    """The model under the id that it is served with, and of a prediction of many classes the strongest."""
    explained = found.explanations if isinstance(found, explainers.Panel) else (found,)
    targets = [target for each in explained for target in each.targets]
    tokens = any(target.at is not None for target in targets)  # which are no rivals: every one stays
    keep = [target.index for target in targets]
    return {
        "model": found.model.model_copy(update={"id": name}),
        "prediction": found.prediction if tokens else found.prediction.strongest(LISTED_CLASSES, keep=keep),
    }


def _arrays(found: explainers.Attribution) -> dict[str, bytes]:
    arrays: dict[str, bytes] = {}
    if isinstance(found.input, explainers.ImageInput) and found.input.pixels is not None:
        arrays[PICTURE] = explainers.shown_copy(found.input.pixels)
    if isinstance(found.input, explainers.AudioInput) and found.input.samples is not None:
        sound = explainers.heard_samples(found.input)
        arrays[RECORDING] = explainers.played_copy(sound)
        arrays[WAVEFORM] = explainers.waveform(sound)
        if found.baseline == "noise":
            arrays[ABSENT] = explainers.played_copy(explainers.noise_like(sound, found.method.seed))
    if found.relations is not None:
        # Shares of attention lie between 0 and 1: half precision keeps three digits in half the bytes.
        arrays["relations"] = pack(found.relations.astype("float16"))
    return arrays
