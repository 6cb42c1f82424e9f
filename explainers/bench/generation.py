"""Leave-one-out of every token of a prompt for every token of an answer, against captum's LLMAttribution and inseq.

One game for all: each token of a plain prompt gives way to the end-of-text token, the answer is given, its tokens'
log-probabilities are explained. So everybody evaluates the prompt once and once without each token. inseq does that
anew for each token of the answer, and so does captum, token by token; both are timed on the first of them, and their
time taken that many times. captum's kept keys and values are left out: with transformers 5 they give other numbers.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from .. import runner
from ..contract import FloatArray, Model, Progress, Question, TokenOutput, silent
from ..errors import BadInput
from ..registry import build
from . import timing

if TYPE_CHECKING:
    from ..models.continuation import ContinuationModel

LENGTHS = (40, 120, 400)  # tokens of the prompts
ANSWER = 20  # tokens of the answer
UNSIGNED = "inseq"
FIRST = 1  # tokens of the answer that those are timed on who repeat everything for each
GENERATION_HEADER = ("prompt, tokens", "peer", "Whence, s", "peer, s", "ratio", "largest difference")
GENERATION_PEERS = ("torch", "transformers", "captum", "inseq")  # libraries that decide the figures
Matrix = Callable[[], FloatArray]  # (tokens of the answer, or the first of them, tokens of the prompt)
STORY = (
    "Anna lives in Rome and works in a small bakery near the river. Boris has a green car and drives to Oslo every "
    "winter to see his sister. The library opens at nine, but on Fridays nobody comes before noon. Clara eats soup "
    "with bread, while her brother David would rather have fish. Last year the school bought twelve new computers, "
    "and the museum sold two old paintings to pay for its roof. In spring the garden is full of yellow flowers. "
)
SAID = (
    " In the end Anna decided to take the train to Oslo, because her old car would not start in the cold morning air."
)


def generation_bench(
    model: Model,
    *,
    rounds: int = 1,
    lengths: tuple[int, ...] = LENGTHS,
    peers: Mapping[str, Callable[[str], Matrix]] | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """By length of the prompt: how many times longer each peer takes, and how far its values are from ours.

    peers: what stands in tests for the libraries: from a prompt to the run that is timed.
    """
    asked = _plain(model)
    makers: dict[str, Callable[[str], Matrix]] = {"whence": lambda prompt: partial(_ours, asked, prompt)}
    makers |= _libraries(asked) if peers is None else peers
    found: dict[str, Any] = {}
    for number, length in enumerate(lengths):
        progress(number / len(lengths), f"{length} tokens")
        prompt = _prompt(asked, length)
        values: dict[str, FloatArray] = {}
        runs = {name: partial(_kept, values, name, make(prompt)) for name, make in makers.items()}
        for make in makers.values():  # warms them up, long prompts by a short one
            make(_prompt(asked, min(length, *LENGTHS)))()
        timed = timing.in_turn(runs, rounds=rounds)
        seconds = {
            name: [each * len(values["whence"]) / len(values[name]) for each in listed]
            for name, listed in timed.items()
        }
        theirs = [name for name in runs if name != "whence"]
        found[str(length)] = {
            "ratio": {name: timing.compared(seconds["whence"], {name: seconds[name]})["ratio"] for name in theirs},
            "difference": {name: _difference(values["whence"], values[name], name) for name in theirs},
            "evaluations": length + 1,
            "answer_tokens": ANSWER,
            "seconds": seconds,
        }
    return found


def _kept(values: dict[str, FloatArray], name: str, run: Matrix) -> None:
    """Runs it, and keeps what it found."""
    values[name] = run()


def generation_rows(record: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """(tokens, peer, seconds of ours, of the peer's, ratio, largest difference of values) of a record."""
    rows: list[tuple[str, ...]] = []
    for length, row in record["generation"].items():
        for name, ratio in row["ratio"].items():
            ours, theirs = (float(np.median(row["seconds"][who])) for who in ("whence", name))
            rows.append(
                (length, name, f"{ours:.2f}", f"{theirs:.2f}", f"{ratio:.1f}", f"{row['difference'][name]:.1e}")
            )
    return rows


def _difference(ours: FloatArray, theirs: FloatArray, name: str) -> float:
    """The largest difference of values; inseq gives its occlusions without their signs."""
    known = ours[: len(theirs)]
    return float(abs(theirs - (abs(known) if name == UNSIGNED else known)).max())


def _plain(model: Model) -> ContinuationModel:
    """The model without its chat template: the peers know none. Raises BadInput for one that does not answer."""
    from ..models.continuation import ContinuationModel

    if not isinstance(model, ContinuationModel) or "eos" not in model.baselines:
        raise BadInput(f"{model.id} is no language model with an end-of-text token: name one with --model")
    return ContinuationModel(model.module, model.tokenizer, id=model.id, digest=f"{model.digest}-plain")


def _prompt(model: ContinuationModel, tokens: int) -> str:
    """A beginning of the story that has so many tokens, each a player. Raises BadInput where none has."""
    story = STORY * (1 + tokens // 60)
    counts = (len(model.tokenizer(story[:end])["input_ids"]) for end in range(1, len(story)))
    for end, found in enumerate(counts, start=1):
        if found == tokens and len(model.encode(_question(model, story[:end])).features) == tokens:
            return story[:end]
        if found > tokens + 1:
            break
    raise BadInput(f"the tokenizer of {model.id} reads no text of {tokens} tokens with visible characters in each")


def _answer(model: ContinuationModel) -> tuple[int, ...]:
    return tuple(model.tokenizer(SAID, add_special_tokens=False)["input_ids"][:ANSWER])


def _question(model: ContinuationModel, prompt: str) -> Question:
    ids = _answer(model)
    outputs = TokenOutput(continuation=model.tokenizer.decode(ids), ids=ids)
    return Question.about(prompt, players="token", baseline="eos", precision="fp32", outputs=outputs)


def _ours(model: ContinuationModel, prompt: str) -> FloatArray:
    case = runner.case_of(model, _question(model, prompt))
    scores = build("leave-one-out").explain(case).scores
    assert scores is not None
    return scores


def _libraries(model: ContinuationModel) -> dict[str, Callable[[str], Matrix]]:
    """The libraries that are installed, each as its documentation shows it, on a network of its own."""
    network = copy.deepcopy(model.module)
    found: dict[str, Callable[[str], Matrix]] = {
        "captum": lambda prompt: partial(_captum, model, network, prompt, tokens=FIRST, stepwise=True),
        "captum, one pass": lambda prompt: partial(_captum, model, network, prompt, tokens=ANSWER, stepwise=False),
    }
    if (inseq := _inseq()) is not None:
        found["inseq"] = lambda prompt: partial(_occluded, model, inseq, network, prompt)
    return found


def _captum(model: ContinuationModel, network: Any, prompt: str, *, tokens: int, stepwise: bool) -> FloatArray:
    """FeatureAblation in LLMAttribution (captum's tutorial on language models).

    stepwise: the answer is said token by token, as captum does by default; else in one pass.
    """
    import torch
    from captum.attr import FeatureAblation, LLMAttribution, TextTokenInput

    attribution = LLMAttribution(FeatureAblation(network), cast(Any, model.tokenizer))
    eos = int(model.tokenizer.eos_token_id)
    given = TextTokenInput(prompt, cast(Any, model.tokenizer), baselines=eos)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the names that it shows tokens by
        found = attribution.attribute(
            given,
            target=torch.tensor(_answer(model)[:tokens]),
            use_cached_outputs=False,
            forward_in_tokens=stepwise,
        )
    assert found.token_attr is not None
    values: FloatArray = found.token_attr.double().numpy()
    return values


def _inseq() -> Any:
    """The library, where it is installed and can be imported beside this transformers; else None."""
    try:
        import inseq
    except Exception:
        return None
    return inseq


def _occluded(model: ContinuationModel, inseq: Any, network: Any, prompt: str) -> FloatArray:
    """inseq's occlusion of the log-probability, with the end of text in the place of its unknown token."""
    tokenizer = copy.deepcopy(model.tokenizer)
    tokenizer.unk_token = tokenizer.eos_token
    loaded = inseq.load_model(network, "occlusion", tokenizer=tokenizer)
    ids, said = tokenizer(prompt)["input_ids"], tokenizer.decode(_answer(model))
    if tokenizer(f"{prompt}{said}")["input_ids"] != [*ids, *_answer(model)]:
        raise BadInput(
            f"the tokenizer of {model.id} reads other tokens in prompt and answer as one text, which inseq takes"
        )
    found = loaded.attribute(
        prompt,
        f"{prompt}{said}",
        attributed_fn="probability",
        logprob=True,
        attr_pos_end=len(ids) + FIRST,
        show_progress=False,
        pretty_progress=False,
    )
    scores = found.sequence_attributions[0].target_attributions.double().numpy()  # (tokens, tokens of the answer)
    matrix: FloatArray = scores[: len(ids), :FIRST].T
    return matrix
