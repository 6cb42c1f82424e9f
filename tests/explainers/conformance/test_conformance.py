"""What every method owes, on every model that it runs on: fakes with known answers and small transformers."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.modules.module import register_module_forward_pre_hook

from explainers import runner
from explainers.badge import relative_residual
from explainers.contract import Attribution, Explainer, ImageInput, Panel, Promise, Question
from explainers.errors import Cancelled, Incompatible
from explainers.registry import METHODS, build, explainer_class, panel_of
from explainers.testing import AndModel, GradientModel, LinearModel, NeighbourModel, PatchModel, SequenceModel
from tests.tiny import tiny, tiny_continuing, tiny_vision

WEIGHTS = {"good": (0.0, 2.0), "bad": (0.5, -1.0), "film": (0.3, 0.2), "witty": (0.0, 0.7)}
PATCHES = [(0.0, 0.5), (0.2, 0.0), (0.0, 0.0), (0.1, -0.4), (0.0, 1.0), (0.3, 0.3), (0.0, 0.0), (-0.2, 0.1), (0.0, 0.7)]
MODELS: dict[str, Callable[[], Any]] = {
    "linear": lambda: LinearModel(WEIGHTS),
    "and": AndModel,
    "gradient": lambda: GradientModel(WEIGHTS),
    "neighbour": lambda: NeighbourModel(WEIGHTS),
    "bert": lambda: tiny("bert"),
    "bert, three classes": lambda: tiny("bert", labels=3),
    "bert, multi-label": lambda: tiny("bert", labels=3, problem="multi_label_classification"),
    "bert, regression": lambda: tiny("bert", labels=1, problem="regression"),
    "bert, a class a word": lambda: tiny("bert", labels=3, task="word"),
    "roberta": lambda: tiny("roberta"),
    "gpt2": lambda: tiny("gpt2"),
    "sequence": lambda: SequenceModel(WEIGHTS),
    "gpt2, tokens": lambda: tiny_continuing("gpt2"),
    "llama, tokens": lambda: tiny_continuing("llama"),
    "t5, tokens": lambda: tiny_continuing("t5"),
    "patches": lambda: PatchModel(PATCHES),
    "vit": tiny_vision,
}
OF_IMAGES = ("patches", "vit")
OF_TEXTS = tuple(name for name in MODELS if name not in OF_IMAGES)
TRANSFORMERS = tuple(name for name in MODELS if hasattr(MODELS[name](), "_network"))
SHORT = "a good, witty film"
LONG = "a good film is not bad and the witty film never recovers from good clumsy bad film"  # sampled, not exact
BUDGET = 64


def ask(method: str | Explainer, model: Any, text: str = SHORT, **asked: Any) -> Attribution:
    explainer = build(method) if isinstance(method, str) else method
    text = within(explainer, text)
    progress = asked.pop("progress", runner.silent)
    return runner.explain(model, question(model, text, **asked), explainer, progress=progress)


def question(model: Any, text: str, **asked: Any) -> Question:
    """About a text, about two tokens that follow it, or about an image that is drawn from it."""
    if model.id in ("patches", "tiny-vit"):
        return Question(input=image(text), **asked)
    if model.task == "tokens":
        outputs = {"kind": "tokens", "continuation": " good film", "stop": 2}
        return Question.model_validate({"input": {"text": text}, "outputs": outputs, **asked})
    return Question.about(text, **asked)


def image(text: str) -> ImageInput:
    """Random colours in a rectangle of 30 by 24 pixels."""
    draw = np.random.default_rng(len(text))
    return ImageInput.of(draw.integers(0, 256, (24, 30, 3), dtype=np.uint8))


def within(explainer: Explainer, text: str) -> str:
    """Of a method that takes few players the beginning of the text: what it refuses has a test of its own."""
    return text if explainer.players_limit is None else " ".join(text.split()[:7])


@cache
def found(method: str, model: str, text: str = SHORT, **asked: Any) -> Attribution:
    return ask(method, MODELS[model](), text, budget=BUDGET)


@cache
def panel(model: str, text: str) -> Panel:
    used = MODELS[model]()
    return runner.panel(used, question(used, text, budget=BUDGET))


def over(models: Iterable[str], promise: Promise | None = None) -> Any:
    """One test a model, with the methods that run on it and have promised what is asked for."""
    able = {
        model: [
            name
            for name in METHODS
            if explainer_class(name).needs <= MODELS[model]().offers
            and (promise is None or promise in explainer_class(name).promises)
        ]
        for model in models
    }
    cases = [pytest.param(model, methods, id=model) for model, methods in able.items() if methods]
    return pytest.mark.parametrize(("model", "methods"), cases)


every_model = over(MODELS)


@over(OF_TEXTS)
def test_offsets_cut_the_players_out_of_the_text(model: str, methods: list[str], subtests: pytest.Subtests) -> None:
    """What is painted is what was typed, blank by blank; so for the tokens."""
    for method in methods:
        with subtests.test(method=method):
            made = found(method, model)

            assert made.text == SHORT
            for part in (*made.features, *(t for t in made.tokens if not t.special)):
                assert SHORT[part.start : part.end] == part.text


@over(OF_IMAGES)
def test_patches_cover_the_image(model: str, methods: list[str], subtests: pytest.Subtests) -> None:
    """Every pixel belongs to one player."""
    for method in methods:
        with subtests.test(method=method):
            made = found(method, model)
            pixels = np.zeros((24, 30), dtype=int)
            for patch in made.features:
                left, top, right, bottom = patch.box
                pixels[top:bottom, left:right] += 1

            assert len(made.features) == 9
            assert (pixels == 1).all()


@every_model
def test_a_result_is_complete(model: str, methods: list[str], subtests: pytest.Subtests) -> None:
    """Finite scores of the right shape and sign, with method, options, seed, badge and output beside them."""
    for method in methods:
        with subtests.test(method=method):
            made, explainer = found(method, model), build(method)

            assert made.method.name == method
            assert build(method, made.method.options) == explainer
            assert made.badge is not None
            assert made.forward_passes >= 0
            assert (made.scores is None) == (explainer.scale == "none")
            if made.scores is not None:
                assert np.isfinite(made.scores).all()
                assert explainer.scale == "signed" or (made.scores >= 0).all()
            assert (made.unit == made.value) == (explainer.scale == "signed")


@every_model
def test_what_is_explained_is_what_is_predicted(model: str, methods: list[str], subtests: pytest.Subtests) -> None:
    """The output is the value function of the served logits, to the last bit, for every class."""
    for method in methods:
        with subtests.test(method=method):
            made = found(method, model)
            used = MODELS[model]()
            case = runner.case_of(used, question(used, SHORT))

            served = used.predict([case.inputs])
            assert made.output == pytest.approx(case.values(served)[0], abs=1e-6)
            assert made.prediction == case.output.served(served[0])
            assert [t.index for t in made.targets] == list(case.targets)


@every_model
def test_the_same_seed_gives_the_same_scores(model: str, methods: list[str], subtests: pytest.Subtests) -> None:
    """Bit for bit, where sampling is needed too, and whatever the seed of others is."""
    for method in methods:
        with subtests.test(method=method):
            first = found(method, model, LONG)
            np.random.seed(7)
            torch.manual_seed(7)
            again = ask(method, MODELS[model](), LONG, budget=BUDGET)

            assert first.method.seed == again.method.seed
            for one, other in ((first.scores, again.scores), (first.relations, again.relations)):
                assert (one is None and other is None) or (np.asarray(one) == np.asarray(other)).all()


@every_model
@pytest.mark.parametrize("text", [SHORT, LONG], ids=["short", "long"])
def test_alone_and_in_a_panel_the_scores_are_the_same(
    model: str, methods: list[str], subtests: pytest.Subtests, text: str
) -> None:
    """Sharing the table of masked evaluations changes no method's answer."""
    for method in methods:
        with subtests.test(method=method):
            alone = found(method, model, text)
            together = panel(model, text).explanations if method in panel_of(MODELS[model]().task) else [alone]
            (beside,) = [each for each in together if each.method.name == method]

            assert (alone.scores is None) == (beside.scores is None)
            if alone.scores is not None:
                assert beside.scores == pytest.approx(alone.scores, abs=1e-5)


@every_model
def test_a_result_survives_json(model: str, methods: list[str], subtests: pytest.Subtests) -> None:
    """Without NaN or Infinity; what comes back is what went in, relations apart."""
    for method in methods:
        with subtests.test(method=method):
            made = found(method, model)

            text = made.model_dump_json()
            back = Attribution.model_validate_json(text)

            json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
            assert back.model_dump_json() == text
            assert (back.scores is None) == (made.scores is None)
            if made.scores is not None:
                assert (back.scores == made.scores).all()


@every_model
def test_it_can_be_cancelled(model: str, methods: list[str], subtests: pytest.Subtests) -> None:
    """Progress is asked at least once before the end, and the next question is answered as if nothing had been."""
    for method in methods:
        with subtests.test(method=method):
            used = MODELS[model]()
            told = 0

            def stop(done: float, note: str = "") -> None:
                nonlocal told
                told += 1
                raise Cancelled("the caller is gone")

            with pytest.raises(Cancelled):
                ask(method, used, progress=stop, budget=BUDGET)

            assert told == 1
            again = ask(method, used, budget=BUDGET)
            assert again.scores is None or (again.scores == found(method, model).scores).all()


@over(OF_TEXTS)
@pytest.mark.parametrize("text", ["good", "good film"])
def test_one_word_and_two_words_are_explained(
    model: str, methods: list[str], subtests: pytest.Subtests, text: str
) -> None:
    """The smallest games have no special case that a user could meet."""
    for method in methods:
        with subtests.test(method=method):
            made = ask(method, MODELS[model](), text)

            assert made.scores is None or np.isfinite(made.scores).all()


@over(TRANSFORMERS)
def test_a_model_is_left_as_it_was_found(model: str, methods: list[str], subtests: pytest.Subtests) -> None:
    """Hooks, gradients, mode, attention, weights and random states: after success, and after a failure of the network
    in the middle of a pass, early or late; then it works as before."""
    used = MODELS[model]()
    for method in methods:
        with subtests.test(method=method):
            expected = found(method, model).scores
            before = state_of(used)
            with breaking_down(after=None) as ran:
                ask(method, used, budget=BUDGET)
            assert state_of(used) == before

            for share in (0.3, 0.6, 0.95):
                with breaking_down(after=int(share * len(ran))), pytest.raises(ZeroDivisionError):
                    ask(method, used, budget=BUDGET)
                assert state_of(used) == before
            again = ask(method, used, budget=BUDGET).scores
            assert again is None or (again == expected).all()


@over(["linear", "gradient", "neighbour", "sequence"], Promise.DUMMY)
def test_a_word_that_the_model_ignores_gets_nothing(model: str, methods: list[str], subtests: pytest.Subtests) -> None:
    """`plain` has no weight and acts with no neighbour."""
    for method in methods:
        with subtests.test(method=method):
            made = ask(method, MODELS[model](), "good plain witty film")

            assert made.scores is not None
            assert made.scores[:, 1] == pytest.approx([0, 0], abs=1e-9)


@over(["linear", "gradient"], Promise.LINEAR)
@pytest.mark.parametrize(
    "text", ["good plain bad film", "good plain bad film witty plain film good bad witty plain bad film"]
)
def test_a_linear_model_gives_back_its_weights(
    model: str, methods: list[str], subtests: pytest.Subtests, text: str
) -> None:
    """The log-odds of two classes are the sum of w1 − w0: to rounding, and of samples within their errors."""
    for method in methods:
        with subtests.test(method=method):
            made = ask(method, MODELS[model](), text)
            weights = [np.subtract(*WEIGHTS.get(word, (0.0, 0.0))[::-1]) for word in made.text.split()]

            allowed = 1e-6 if made.standard_errors is None else np.maximum(1e-4, made.standard_errors[1])
            assert made.scores is not None
            assert (np.abs(made.scores[1] - weights) <= allowed).all()
            assert made.scores[1] == pytest.approx(weights, abs=0.01)
            assert (np.abs(made.scores[0] + weights) <= allowed).all()


@over(["sequence"], Promise.LINEAR)
def test_every_token_gives_back_its_weights(model: str, methods: list[str], subtests: pytest.Subtests) -> None:
    """The log-odds of each token are the sum of its own weights."""
    for method in methods:
        with subtests.test(method=method):
            made = ask(method, MODELS[model](), "good plain bad film", value="log-odds")
            weights = [WEIGHTS.get(word, (0.0, 0.0)) for word in made.text.split()]

            assert made.scores is not None
            assert made.scores == pytest.approx(np.transpose(weights), abs=1e-6)


@over(["patches"], Promise.LINEAR)
def test_every_patch_gives_back_its_weights(model: str, methods: list[str], subtests: pytest.Subtests) -> None:
    """As words do."""
    for method in methods:
        with subtests.test(method=method):
            made = ask(method, MODELS[model](), SHORT, accuracy="exact")

            assert made.scores is not None
            assert made.scores[1] == pytest.approx([second - first for first, second in PATCHES], abs=1e-6)


@over(MODELS, Promise.COMPLETE)
@pytest.mark.parametrize("text", [SHORT, LONG], ids=["short", "long"])
def test_scores_leave_no_residual(model: str, methods: list[str], subtests: pytest.Subtests, text: str) -> None:
    """Shapley values add up to rounding; integrated gradients within their tolerance, or they say so."""
    for method in methods:
        with subtests.test(method=method):
            made = found(method, model, text)

            residual = relative_residual(made)
            assert residual is not None
            assert residual <= (0.01 if "gradient_rows" in made.checks else 1e-6) or made.warnings


def test_a_pair_is_explained_part_by_part(subtests: pytest.Subtests) -> None:
    """Offsets count within their own part, and both parts have players."""
    texts = {"text": "a good film", "text_pair": "the movie is bad"}
    for method in sorted(set(METHODS) - {"grad-cam"}):  # which is of pictures
        with subtests.test(method=method):
            made = ask(method, tiny("bert"), texts["text"], text_pair=texts["text_pair"], budget=BUDGET)

            assert {feature.part for feature in made.features} == {"text", "text_pair"}
            for feature in made.features:
                assert texts[feature.part][feature.start : feature.end] == feature.text


def test_too_many_players_are_refused_with_a_cure() -> None:
    """The reason names the coarser parts to choose; a panel goes on without the method."""
    text = " ".join(["film"] * 13)

    with pytest.raises(Incompatible, match="this text has 13 words: choose phrases"):
        runner.explain(LinearModel(WEIGHTS), Question.about(text=text), build("interactions"))

    made = runner.panel(
        LinearModel(WEIGHTS), Question.about(text=text), [build("interactions"), build("leave-one-out")]
    )
    assert [each.method.name for each in made.explanations] == ["leave-one-out"]
    assert [each.method for each in made.absent] == ["interactions"]


def test_a_method_says_what_it_is(subtests: pytest.Subtests) -> None:
    """Title, reference, meaning, and a title and a description for every option: forms and pages are made of them."""
    for method in METHODS:
        with subtests.test(method=method):
            made = explainer_class(method)

            assert made.name == method
            assert made.title
            assert any(character.isdigit() for character in made.reference)
            assert made.__doc__
            for option in made.model_json_schema()["properties"].values() if made.model_fields else ():
                assert option["title"]
                assert option["description"]


def state_of(model: Any) -> dict[str, Any]:
    """All that a method could leave behind in a transformer, and the random generators of the process."""
    network = model._network.module
    return {
        "hooks": [
            len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks) for m in network.modules()
        ],
        "training": [m.training for m in network.modules()],
        "attention": network.config._attn_implementation,
        "output": (network.config.output_attentions, network.config.output_hidden_states),
        "gradients": [(p.requires_grad, p.grad is None) for p in network.parameters()],
        "weights": sum(float(p.double().sum()) for p in network.parameters()),
        "grad mode": torch.is_grad_enabled(),
        "random": (random.getstate(), torch.get_rng_state().tolist()),
        "numpy": str(np.random.get_state()),
    }


@contextmanager
def breaking_down(after: int | None) -> Iterator[list[str]]:
    """Any module of any network raises ZeroDivisionError once `after` others have run; None: they are only counted."""
    ran: list[str] = []

    def count(module: Any, args: Any) -> None:
        ran.append(type(module).__name__)
        if after is not None and len(ran) > after:
            raise ZeroDivisionError

    handle = register_module_forward_pre_hook(count)
    try:
        yield ran
    finally:
        handle.remove()
