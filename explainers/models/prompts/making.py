"""From a TOML file and its base to a classifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from ...contract import FloatArray, Ids, Message, Model
from ...errors import BadInput, BadModel
from ...inputs.prompt.filling import PLAIN, FilledTemplate
from ...inputs.prompt.reading import PromptReader
from ...inputs.text.continuation import tokens_of
from ...inputs.text.encoding import TextEncoder
from ..architectures import ways_without_token
from ..continuation import ContinuationModel
from ..language.choosing import ChoosingNetwork
from ..networks.masking import whole_rows
from .checking import base_of, locate_recipe, recipe_id
from .classifier import PromptClassifier
from .recipe import Recipe, read_recipe

TRIAL = "The film is good."
_LOADED: WeakValueDictionary[str, ContinuationModel] = WeakValueDictionary()  # bases, by what they were read from


def load_prompt(
    path: Path, load: Callable[[str | Path], Model], *, roots: Sequence[str | Path] | None, device: str
) -> PromptClassifier:
    """The classifier of a TOML file. load: gives the base; one that another prompt has loaded is shared.

    Raises BadModel with the reason.
    """
    file = locate_recipe(path, roots=roots)
    recipe = read_recipe(file)
    source = base_of(recipe, file, roots=roots)
    key = f"{device} {_stamp(source)}"
    base = _LOADED.get(key)
    if base is None:
        loaded = load(source)
        if not isinstance(loaded, ContinuationModel):
            raise BadModel(f"{file.name}: the base {recipe.base} is no language model")
        base = _LOADED[key] = loaded
    return classifier_of(recipe, base, id=recipe_id(file))


def _stamp(source: str | Path) -> str:
    """A key of a base: its place, and the size and time of each of its files."""
    if isinstance(source, str):
        return source
    files = [source] if source.is_file() else sorted(source.iterdir())
    return f"{source} {[(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]}"


def classifier_of(recipe: Recipe, base: ContinuationModel, *, id: str) -> PromptClassifier:
    """The classifier that a prompt makes of its base. Raises BadModel where the two do not fit together."""
    try:
        return _made(recipe, base, id=id)
    except BadInput as error:
        raise BadModel(f"the prompt cannot be read by {recipe.base}: {error}") from error


def _made(recipe: Recipe, base: ContinuationModel, *, id: str) -> PromptClassifier:
    phrases = _phrases(recipe, base.tokenizer)
    chat = _chat_template(recipe, base)
    filled = _filled(recipe, base, chat, room=max(map(len, phrases)))
    network = ChoosingNetwork(base.module, phrases, normalised=recipe.length_normalised)
    if recipe.calibrated:
        network.prior = _prior(network, filled)
    model = PromptClassifier(
        network,
        filled,
        base=base,
        id=id,
        digest=recipe.digest(base.digest),
        labels=recipe.labels,
        title=recipe.title or id,
        card=card_of(recipe, chat=chat is not None, maximum_length=base.maximum_length),
    )
    if not np.isfinite(model.scores([TRIAL])).all():
        raise BadModel(f"the base predicts NaN or infinity for {TRIAL!r}")
    return model


def _phrases(recipe: Recipe, tokenizer: Any) -> list[Ids]:
    """The ids of each phrase. Raises BadModel where one begins another, BadInput where nothing is left of one."""
    found = [tokens_of(tokenizer, phrase)[0] for phrase in recipe.phrases]
    for number, ids in enumerate(found):
        for other, longer in enumerate(found):
            if number != other and np.array_equal(ids, longer[: len(ids)]):
                raise BadModel(
                    f"to the tokenizer the phrase {recipe.phrases[number]!r} begins {recipe.phrases[other]!r}: "
                    "choose phrases of which none begins another"
                )
    return found


def _chat_template(recipe: Recipe, base: ContinuationModel) -> str | None:
    """The chat template around the question; None for a plain text. Raises BadModel for one that is not there."""
    if recipe.chat and base.template is None:
        raise BadModel(f"chat = true, but the base {recipe.base} has no chat template: leave chat out, or say false")
    return base.template if recipe.chat is None or recipe.chat else None


def _filled(recipe: Recipe, base: ContinuationModel, chat: str | None, *, room: int) -> FilledTemplate:
    tokenizer = base.tokenizer
    plain = PLAIN
    first = tokenizer("a")["input_ids"][:1]
    if tokenizer.bos_token_id is not None and first == [tokenizer.bos_token_id]:
        plain = "{{ bos_token }}" + plain
    filled = FilledTemplate(
        reader=PromptReader(tokenizer, chat or plain),
        encoder=_encoder(base, closed=True),
        turns=_turns(recipe),
        around=recipe.around,
        room=room,
    )
    return filled if filled.is_closed else replace(filled, encoder=_encoder(base, closed=False))


def _encoder(base: ContinuationModel, *, closed: bool) -> TextEncoder:
    ids, unseen = base.baseline_ids, ways_without_token(base.module.config) if closed else ()
    return TextEncoder(
        tokenizer=base.tokenizer,
        maximum_length=base.maximum_length,
        baselines=(*unseen, *ids, "zero", "mean"),
        baseline_ids=ids,
        with_segments=False,
    )


def _turns(recipe: Recipe) -> tuple[Message, ...]:
    """Messages before the question: the system message, and each example with the phrase of its class."""
    before, behind = recipe.around
    turns = [] if recipe.system is None else [Message(role="system", text=recipe.system)]
    for example in recipe.examples or ():
        turns += [
            Message(role="user", text=f"{before}{example.text}{behind}"),
            Message(role="assistant", text=recipe.classes[example.label]),
        ]
    return tuple(turns)


def _prior(network: ChoosingNetwork, filled: FilledTemplate) -> FloatArray:
    """The columns of an empty text (classes,). Raises BadInput where nothing is left of the question without one."""
    try:
        empty = filled.empty()
    except BadInput as error:
        raise BadInput(
            f"without a text nothing is left to calibrate against ({error}): say calibrated = false"
        ) from None
    columns: FloatArray = network.logits(whole_rows(network, empty))[0]
    return columns


def card_of(recipe: Recipe, *, chat: bool, maximum_length: int) -> dict[str, Any]:
    """The card of the prompt: its description, its figures, and the prompt itself."""
    told = recipe.model_dump(mode="json", by_alias=True)
    return {
        "title": recipe.title,
        "description": recipe.description,
        "intended_use": recipe.intended_use,
        "language": recipe.language,
        "limits": list(recipe.limits),
        "labels": list(recipe.labels),
        "maximum_length": maximum_length,
        "figures": told["figures"],
        "base": {"model": recipe.base, "files": {}},
        "prompt": {
            "system": recipe.system,
            "template": recipe.template,
            "classes": recipe.classes,
            "examples": told["examples"] or [],
            "length_normalised": recipe.length_normalised,
            "calibrated": recipe.calibrated,
            "chat": chat,
        },
    }
