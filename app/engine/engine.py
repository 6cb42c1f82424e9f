"""Holds the models and runs what is asked of them, one thing at a time. Knows nothing of sockets or the web."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from .._library import explainers
from ..errors import EngineLoading, ModelFailed, UnknownModel
from ..store.arrays import pack
from .contract import Explained, ExplainedPanel, FloatArray, Text
from .schemas import ModelOut

Loader = Callable[[str], Any]
Listener = Callable[[], None]


class Engine:
    """Loading may happen in one thread while questions are answered in another."""

    def __init__(self, load: Loader | None = None, *, device: str = "auto") -> None:
        self._load = load or (lambda source: explainers.load_model(source, device=device))
        self._changed: Listener = lambda: None
        self._lock = Lock()
        self._states: dict[str, ModelOut] = {}
        self._models: dict[str, Any] = {}

    def tell(self, listener: Listener) -> None:
        """Called, from any thread, whenever a model changes its state."""
        self._changed = listener

    def models(self) -> tuple[ModelOut, ...]:
        with self._lock:
            return tuple(self._states.values())

    def announced(self, *, embedded: Sequence[str], sources: Sequence[str]) -> list[ModelOut]:
        return [self.announce(name, embedded=True) for name in embedded] + [
            self.announce(path, embedded=False) for path in sources
        ]

    def announce(self, source: str, *, embedded: bool) -> ModelOut:
        """The model as it is known before it is loaded."""
        name = source if embedded else _id_of(Path(source))
        known = next((state for state in self.models() if state.source == source and not state.embedded), None)
        if known is not None and known.status != "failed":
            return known
        taken = {state.id for state in self.models() if state is not known}
        unique = (
            name if name not in taken else next(f"{name}-{n}" for n in range(2, 1000) if f"{name}-{n}" not in taken)
        )
        state = ModelOut(
            id=unique, title=Path(source).name, status="loading", embedded=embedded, source=None if embedded else source
        )
        self._set(state)
        return state

    def load(self, state: ModelOut) -> ModelOut:
        """Loads an announced model. One that fails is a state with the reason, and harms no other."""
        try:
            model = self._load(state.source or state.id)
            explainers.runner.warm_up(model)
            found = _described(model, state)
        except Exception as error:
            reason = str(error) if isinstance(error, explainers.ExplainersError) else f"{type(error).__name__}: {error}"
            found = state.model_copy(update={"status": "failed", "reason": reason})
            model = None
        with self._lock:
            if state.id not in self._states:  # forgotten meanwhile
                return found
            if model is not None:
                self._models[state.id] = model
        self._set(found)
        return found

    def forget(self, name: str) -> None:
        with self._lock:
            self._states.pop(name, None)
            self._models.pop(name, None)
        self._changed()

    def predict(
        self,
        name: str,
        questions: Sequence[explainers.Question],
        *,
        progress: explainers.Progress = explainers.silent,
    ) -> tuple[explainers.Prediction, ...]:
        """One at a time, as the library does it anyway, so that others are let in between two texts."""
        model = self._model(name)
        found: list[explainers.Prediction] = []
        for position, question in enumerate(questions):
            progress(position / len(questions))
            found += explainers.runner.predict(model, [question])
        return tuple(found)

    def scores(self, name: str, texts: Sequence[Text], *, progress: explainers.Progress) -> FloatArray:
        found: FloatArray = explainers.runner.scores(self._model(name), texts, progress=progress)
        return found

    def explain(
        self,
        name: str,
        question: explainers.Question,
        *,
        method: str,
        options: Mapping[str, Any],
        measures: Sequence[str] = (),
        progress: explainers.Progress,
    ) -> Explained:
        explainer = explainers.build(method, options)
        found = explainers.runner.explain(self._model(name), question, explainer, measures=measures, progress=progress)
        return Explained(_record(found, name), _arrays(found))

    def panel(
        self,
        name: str,
        question: explainers.Question,
        *,
        methods: Sequence[str] | None,
        progress: explainers.Progress,
    ) -> ExplainedPanel:
        chosen = None if methods is None else [explainers.build(method) for method in methods]
        found = explainers.runner.panel(self._model(name), question, chosen, progress=progress)
        record = _record(found, name)
        for explanation in record["explanations"]:
            explanation["model"]["id"] = name
        return ExplainedPanel(record, {each.method.name: _arrays(each) for each in found.explanations})

    def _model(self, name: str) -> Any:
        with self._lock:
            state, model = self._states.get(name), self._models.get(name)
        if state is None:
            raise UnknownModel(name, [known.id for known in self.models()])
        if model is None:
            if state.status == "failed":
                raise ModelFailed(f"the model {name} could not be loaded: {state.reason}")
            raise EngineLoading(f"the model {name} is loading")
        return model

    def _set(self, state: ModelOut) -> None:
        with self._lock:
            self._states[state.id] = state
        self._changed()


def _described(model: Any, state: ModelOut) -> ModelOut:
    """What a loaded model says of itself, under the id that it was announced with."""
    return state.model_copy(
        update={
            "status": "ready",
            "reason": None,
            "title": getattr(model, "title", state.title),
            "digest": model.digest,
            "labels": tuple(model.labels),
            "head": model.head,
            "task": getattr(model, "task", "text"),
            "offers": tuple(sorted(str(need) for need in model.offers)),
            "methods": tuple(explainers.offered(model)),
            "baselines": tuple(model.baselines),
            "device": getattr(model, "device", "cpu"),
            "maximum_length": getattr(model, "maximum_length", None),
            "card": getattr(model, "card", None),
        }
    )


def _id_of(folder: Path) -> str:
    """The folder's name as it can stand in an address."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).strip("-.") or "model"


def _record(found: explainers.Attribution | explainers.Panel, name: str) -> dict[str, Any]:
    record: dict[str, Any] = found.model_dump(mode="json")
    record["model"]["id"] = name
    return record


def _arrays(found: explainers.Attribution) -> dict[str, bytes]:
    if found.relations is None:
        return {}
    # Shares of attention lie between 0 and 1: half precision keeps three digits in half the bytes.
    return {"relations": pack(found.relations.astype("float16"))}


def expected(*, embedded: Sequence[str], sources: Sequence[str]) -> tuple[ModelOut, ...]:
    """The models as they are known before an engine has loaded them."""
    return tuple(Engine().announced(embedded=embedded, sources=sources))
