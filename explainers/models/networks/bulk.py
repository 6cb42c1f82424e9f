"""Many predictions at once: texts tokenised together, sorted by length, run in full batches of equal-length rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from ...contract import Encoded, FloatArray, Progress, Question, Text, TextInput
from ...errors import BadInput, Incompatible
from ...game.batches import batches_on
from ...inputs.text.encoding import TextEncoder, is_panic
from ...inputs.text.ids import TextIds, readings
from .comparing import ComparingNetwork
from .device import to_array
from .masking import joined, shape_of, whole_rows
from .network import Network, Rows

TOKENISED_TOGETHER = 1024  # texts


def bulk_logits(network: Network, encoder: TextEncoder, texts: Sequence[Text], *, progress: Progress) -> FloatArray:
    """Logits (texts, labels) in fp32, in the texts' order; equal texts in the same call are asked once.

    A text longer than the model reads is the mean of its windows, as in `predict`. Rows are never padded, so each is
    predicted on what `predict` gives it. Raises BadInput with the text's number.
    """
    return _bulk(network, encoder, texts, network.logits, progress=progress)


def bulk_vectors(
    network: ComparingNetwork, encoder: TextEncoder, texts: Sequence[Text], *, progress: Progress
) -> FloatArray:
    """The vector of each text (texts, width) as an encoder makes it; of a text longer than it reads the mean of its
    windows' vectors."""
    return _bulk(network, encoder, texts, network.vectors, progress=progress)


def bulk_states(network: Network, encoder: TextEncoder, texts: Sequence[Text], *, progress: Progress) -> FloatArray:
    """Logits, and behind them the state that the head reads (texts, labels + width), read in the same pass."""
    return _bulk(network, encoder, texts, lambda rows: _read_by_the_head(network, rows), progress=progress)


def _bulk(
    network: Network,
    encoder: TextEncoder,
    texts: Sequence[Text],
    ask: Callable[[Rows], FloatArray],
    *,
    progress: Progress,
) -> FloatArray:
    """The columns that `ask` gives for each text (texts, columns)."""
    if network.tags:
        raise Incompatible("this model says a class of every word and none of the whole text: ask text by text")
    alike: dict[bytes, dict[bytes, tuple[list[int], Rows]]] = defaultdict(dict)
    for number, rows in _tokenised(network, encoder, texts, progress=progress):
        assert rows.ids is not None
        alike[shape_of(rows)].setdefault(rows.ids.numpy().tobytes(), ([], rows))[0].append(number)
    found: FloatArray = np.zeros((len(texts), network.module.config.num_labels))
    readings = np.zeros((len(texts), 1))
    done, every = 0, sum(map(len, alike.values()))
    for group in sorted((list(each.values()) for each in alike.values()), key=lambda group: group[0][1].shape[1]):
        step = max(1, batches_on(network.device.type).tokens // group[0][1].shape[1])
        for at in range(0, len(group), step):
            batch = group[at : at + step]
            columns = ask(joined([rows for _, rows in batch]))
            if not done:
                found = np.zeros((len(texts), columns.shape[1]))
            for (numbers, _), row in zip(batch, columns, strict=True):
                np.add.at(found, numbers, row)
                np.add.at(readings, numbers, 1.0)
            done += len(batch)
            progress(done / every)
    return found / np.maximum(readings, 1)


def _read_by_the_head(network: Network, rows: Rows) -> FloatArray:
    """Logits, and the input of the last linear layer with an output for each label; without one the logits alone."""
    labels = network.module.config.num_labels
    linear = [each for each in network.module.modules() if getattr(each, "out_features", None) == labels]
    states: list[torch.Tensor] = []
    hooks = [each.register_forward_pre_hook(lambda _, given: states.append(given[0])) for each in linear[-1:]]
    try:
        logits = network.logits(rows)
    finally:
        for hook in hooks:
            hook.remove()
    read = [each[:, rows.pooled] if each.ndim == 3 else each for each in states]
    width = 0 if not read else read[0].shape[-1]
    held = np.concatenate([to_array(each.double()) for each in read]) if read else np.zeros((len(logits), width))
    return np.concatenate([logits, held], axis=1)


def _tokenised(
    network: Network, encoder: TextEncoder, texts: Sequence[Text], *, progress: Progress
) -> Iterator[tuple[int, Rows]]:
    for start in range(0, len(texts), TOKENISED_TOGETHER):
        progress(0.0)
        part = texts[start : start + TOKENISED_TOGETHER]
        for offset, encoded in enumerate(encode_together(encoder, part, first=start)):
            for reading in readings(encoded):
                yield start + offset, whole_rows(network, reading)


def encode_together(encoder: TextEncoder, texts: Sequence[Text], *, first: int = 0) -> list[Encoded]:
    """Encode each text as the model reads it, without players. `first` is the number of the first text in messages."""
    pairs = [(text,) if isinstance(text, str) else text for text in texts]
    for number, parts in enumerate(pairs, start=first):
        for part in parts:
            _named(number, lambda part=part: encoder.readable(part))
    if len({len(parts) for parts in pairs}) > 1:
        raise BadInput("some texts are pairs and some are not: give all of them a second text, or none")
    try:
        batch = encoder.tokenizer(
            *(list(column) for column in zip(*pairs, strict=True)),
            truncation=True,
            max_length=encoder.maximum_length,
            return_special_tokens_mask=True,
        )
    except BaseException as error:
        if is_panic(error):
            return [_alone(encoder, parts, first + number) for number, parts in enumerate(pairs)]
        raise
    return [_read(encoder, parts, batch, row, first=first) for row, parts in enumerate(pairs)]


def _read(encoder: TextEncoder, parts: tuple[str, ...], batch: Any, row: int, *, first: int) -> Encoded:
    too_long = bool(batch.encodings[row].overflowing) and len(parts) == 1
    if too_long or all(batch["special_tokens_mask"][row]):
        return _alone(encoder, parts, first + row)
    ids = np.asarray(batch["input_ids"][row], dtype=np.int64)
    segments = batch.get("token_type_ids") if encoder.with_segments else None
    return Encoded(
        input=TextInput(text=parts[0], text_pair=parts[1] if len(parts) == 2 else None),
        players="token",
        baseline=None,
        features=(),
        tokens=(),
        owner=np.full(len(ids), -1),
        held=TextIds(
            ids=ids,
            segments=None if segments is None else np.asarray(segments[row], dtype=np.int64),
            positions=encoder.positions(ids),
        ),
    )


def _alone(encoder: TextEncoder, parts: tuple[str, ...], number: int) -> Encoded:
    """Encode one text as a single question does, which refuses with the reason what cannot be read."""
    question = Question.about(*parts)
    found: Encoded = _named(number, lambda: encoder.encode(question))
    return found


def _named(number: int, read: Any) -> Any:
    try:
        return read()
    except BadInput as error:
        raise BadInput(f"text {number + 1} of the list: {error}") from None
