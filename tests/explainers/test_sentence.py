"""The sentence against the numbers: all that it says is worked out anew from what the model gives."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainers import Question, build
from explainers.contract import Answer, Reason, Target, TextSpan, Without
from explainers.outputs.shown import number, share
from explainers.runner import panel
from explainers.sentence import ENGLISH, MOST_FLIPS, WORDS, sentence_of
from explainers.testing import LinearModel, NeighbourModel, SequenceModel

PANELS = int(os.environ.get("WHENCE_TEST_PANELS", "40"))  # 500 were tried
METHODS = [build(name) for name in ("shap", "lime", "integrated-gradients", "leave-one-out", "relevance", "rollout")]
VOCABULARY = ("good", "bad", "so", "dull", "witty", "you")
PART = re.compile(r"\*(\w+)\*(?: \(#(\d+)\))?")
SMALLEST = 0.1  # of the log-odds: what is smaller is no effect


class Toy(NeighbourModel):
    """Random weights, neighbours that act together, and a head of choice."""

    def __init__(self, weights: dict[str, tuple[float, ...]], head: Any, bias: tuple[float, ...]) -> None:
        super().__init__(weights)
        self.head = head
        self.bias = np.array(bias)
        self.labels = ("no", "yes", "other")[: len(bias)]

    def _read(self, embeddings: Any) -> Any:
        return super()._read(embeddings) + self.bias


@st.composite
def questions(draw: Callable[..., Any]) -> tuple[Any, str, Any]:
    """A model, a text of up to seven words, some of them twice, and the methods to ask."""
    width = draw(st.integers(2, 3))
    sizes = st.floats(-3, 3, allow_nan=False, width=32)
    weights = {word: tuple(draw(st.tuples(*[sizes] * width))) for word in VOCABULARY}
    text = " ".join(draw(st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=7)))
    head = draw(st.sampled_from(("single", "single", "multi", "regression", "tokens")))
    if head == "tokens":
        model: Any = SequenceModel(weights, said=("no", "yes", "other")[:width])
    else:
        model = Toy(weights, head, draw(st.tuples(*[sizes] * width)))
    methods = draw(st.lists(st.sampled_from(METHODS), min_size=1, max_size=6, unique_by=lambda each: each.name))
    able = [each for each in methods if each.needs <= model.offers] or [build("leave-one-out")]
    return model, text, able


class Raw:
    """The model asked again, without the table, and read by formulas of its own."""

    def __init__(self, model: Any, found: Any) -> None:
        self.model, self.said = model, found.prediction.main.index
        self.inputs = model.encode(Question(input=found.input))
        self.count = len(self.inputs.features)
        self.whole = self.row(())

    def row(self, absent: Sequence[int]) -> Any:
        keep = np.array([[player not in absent for player in range(self.count)]])
        return self.model._logits(self.inputs, keep)[0]

    def value(self, row: Any) -> float:
        """Log-odds of the said class, of a regression its first number."""
        if self.model.head == "tokens":
            return float(row[2 * self.said] - row[2 * self.said + 1])
        if self.model.head in ("multi", "regression"):
            return float(row[self.said])
        others = np.delete(row, self.said)
        return float(row[self.said] - np.log(np.exp(others).sum()))

    def fall(self, player: int) -> float:
        return self.value(self.whole) - self.value(self.row((player,)))

    def other(self, absent: Sequence[int]) -> bool:
        """Whether the model says something else."""
        row = self.row(absent)
        if self.model.head == "multi":
            return bool((row[self.said] > 0) != (self.whole[self.said] > 0))
        return bool(np.argmax(row) != self.said)

    def shown(self, absent: Sequence[int]) -> tuple[str, str]:
        """What the model then says and its number, as a reader sees them."""
        row = self.row(absent)
        if self.model.head == "regression":
            return self.model.labels[self.said], number(float(row[self.said]), 3)
        if self.model.head in ("multi", "tokens"):
            label = self.model.said[self.said] if self.model.head == "tokens" else self.model.labels[self.said]
            return label, share(1 / (1 + float(np.exp(-self.value(row)))))
        shares = np.exp(row - row.max()) / np.exp(row - row.max()).sum()
        return self.model.labels[int(np.argmax(row))], share(float(shares.max()))


def players(said: str, features: Sequence[Any]) -> list[int]:
    """The parts that a stretch of the sentence names, by number where their text does not tell them apart."""
    texts = [feature.text for feature in features]
    named = []
    for word, place in PART.findall(said):
        assert bool(place) == (texts.count(word) > 1)
        named.append(int(place) - 1 if place else texts.index(word))
    return named


def stretch(pattern: str, text: str) -> str:
    """What the pattern's group holds, empty where the sentence has no such place."""
    match = re.search(pattern, text)
    return match[1] if match else ""


@settings(max_examples=PANELS, deadline=None, derandomize=True)
@given(questions())
def test_the_sentence_does_not_contradict_the_numbers(asked: tuple[Any, str, Any]) -> None:
    """Signs, order, agreement, flips and every number in it hold when the model is asked again."""
    model, words, methods = asked
    found = panel(model, Question.about(words), methods)
    text, raw = found.answer.text.replace("no. ", "#"), Raw(model, found)
    features = found.explanations[0].features
    name = partial(players, features=features)
    reasons = name(stretch(r"(?:mostly because of|raised most by) (.*?)(?:; | and lowered|\. |\.$)", text))
    against = name(
        stretch(
            r"(?:; |although |lowered most by )(\*.*?)(?: pulls? the other way|\. |\.$)", text.partition(". ")[0] + ". "
        )
    )

    said, first = raw.shown(())
    assert first in text.partition(". ")[0] or first in text
    if model.head == "single":
        assert text.startswith(f"{said.capitalize()} ({first})")
    _check_words(found, raw, reasons, against)
    _check_agreement(found, text, reasons, against)
    if model.head in ("single", "multi"):
        _check_flips(raw, found, text, name)
    elif without := stretch(r"Without (.*) it is", text):
        assert set(name(without)) in (set(reasons), set(against))
        assert stretch(r"it is (\S+|[<>] \S+)\.$", text) == raw.shown(name(without))[1]


def _counted(found: Any) -> list[tuple[str, Any, bool]]:
    """(name, scores of the said class, whether they have a sign) of the methods that can be trusted."""
    return [
        (each.method.name, each.scores[each.row()], each.unit not in ("share", "relevance"))
        for each in found.explanations
        if each.scores is not None and each.badge.level != "distrust"
    ]


def _check_words(found: Any, raw: Raw, reasons: list[int], against: list[int]) -> None:
    """Named words move the model the way that is said of them, most methods say so, and the strongest come first."""
    signed = [scores for _, scores, has_sign in _counted(found) if has_sign]
    smallest = SMALLEST
    if raw.model.head == "regression":
        smallest = 0.02 * abs(raw.value(raw.whole) - raw.value(raw.row(range(raw.count))))
    strengths = [np.mean([scores[p] / (np.abs(scores).max() or 1) for scores in signed]) for p in (*reasons, *against)]
    for player, sign in [*((p, 1) for p in reasons), *((p, -1) for p in against)]:
        assert sign * raw.fall(player) >= smallest - 1e-9
        assert 2 * sum(sign * scores[player] > 0 for scores in signed) > len(signed)
    assert strengths[: len(reasons)] == sorted(strengths[: len(reasons)], reverse=True)
    assert strengths[len(reasons) :] == sorted(strengths[len(reasons) :])
    assert [reason.player for reason in found.answer.reasons] == reasons
    assert [reason.player for reason in found.answer.against] == against


def _check_agreement(found: Any, text: str, reasons: list[int], against: list[int]) -> None:
    """As many methods agree as is said, and where none can be trusted no word is named."""
    counted = _counted(found)
    if not counted:
        assert not reasons + against
        assert "No method can be trusted here" in text
        return
    if not reasons + against:
        assert "No word is named" in text
        return
    agreeing = 0
    for _, scores, has_sign in counted:
        if not np.any(scores):
            continue
        if not has_sign:
            agreeing += np.argmax(scores) in reasons + against
            continue
        top = np.argmax(scores) in reasons if reasons else np.argmin(scores) in against
        agreeing += bool(top and all(scores[p] >= 0 for p in reasons) and all(scores[p] <= 0 for p in against))
    k, n = WORDS[agreeing], WORDS[len(counted)]
    if len(counted) == 1:
        assert ("This rests on one method" if agreeing else "Only one method counts") in text
    elif agreeing == len(counted):
        assert ("Both methods agree" if agreeing == 2 else f"All {n} methods agree") in text
    elif 2 * agreeing > len(counted):
        assert f"{k.capitalize()} of {n} methods agree." in text
    else:
        assert f"The methods disagree: {f'only {k} of' if agreeing else 'none of the'} {n} came to this." in text
    assert found.answer.trust != "sound" or 2 * agreeing > len(counted)


def _check_flips(raw: Raw, found: Any, text: str, name: Callable[[str], list[int]]) -> None:
    """Every single flip is named or counted; where there is none, the set that is named does flip."""
    alone = {player for player in range(raw.count) if raw.other((player,))}
    assert {flip.players[0] for flip in found.answer.flips} == alone
    if not alone:
        assert "No single word flips it" in text
        if together := stretch(r"without (.*) it (?:is|no longer holds|holds)", text):
            absent = name(together)
            assert len(absent) > 1
            assert raw.other(absent)
            label, shown = raw.shown(absent)
            assert stretch(r"\(([^(#]*)\)\.$", text) == shown
            assert raw.model.head == "multi" or f"it is {label} " in text
        return
    listed = stretch(r"It (?:flips|no longer holds|holds).*? (without .*)\.$", text)
    named = name(listed)
    more = stretch(r"any one of (\w+) others", listed)
    assert set(named) <= alone
    assert len(named) == len(set(named))
    assert len(named) + (WORDS.index(more) if more else 0) == len(alone)
    for player in named:
        label, shown = raw.shown((player,))
        assert f"{shown})" in listed
        assert raw.model.head == "multi" or label in text.rpartition("It flips")[2]


TEXT = "the film is the best of all dull films"
WORDS_OF_TEXT = tuple(TextSpan(text=word, start=0, end=1) for word in TEXT.split())
YES, NO = Target(index=1, label="yes"), Target(index=0, label="no")


def answer(**changes: Any) -> Answer:
    """A class with two reasons, one player against them, and four of five methods."""
    given_ = {
        "kind": "class",
        "said": YES,
        "number": 0.97,
        "players": "word",
        "measured": True,
        "reasons": (reason(4, 1.0), reason(2, 0.5)),
        "against": (reason(7, -0.6),),
        "methods": ("shap", "lime", "leave-one-out", "integrated-gradients", "rollout"),
        "agreeing": ("shap", "lime", "leave-one-out", "rollout"),
        "flips": (),
        "without": Without(players=(2, 4), said=NO, number=0.61),
        "tried": 3,
        "trust": "sound",
    }
    return Answer.model_validate({**given_, **changes})


def reason(player: int, strength: float) -> Reason:
    return Reason(player=player, strength=strength, fall=strength, methods=("shap",))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {},
            "Yes (0.97), mostly because of *best* and *is*; *dull* pulls the other way. Four of five methods agree. "
            "No single word flips it; without *is* and *best* it is no (0.61).",
        ),
        (
            {
                "against": (),
                "flips": tuple(Without(players=(p,), said=NO, number=0.7) for p in (4, 0)),
                "without": None,
                "distrusted": ("rollout",),
            },
            "Yes (0.97), mostly because of *best* and *is*. Four of five methods agree. One more cannot "
            "be trusted here. It flips to no without *best* (0.70) or without *the* (no. 1) (0.70).",
        ),
        (
            {"agreeing": ("shap",), "trust": "rough", "without": None, "against": (reason(7, -1.0), reason(5, -0.9))},
            "Yes (0.97), mostly because of *best* and *is*; *dull* and *of* pull the other way. "
            "The methods disagree: only one of five came to this. "
            "No single word flips it, nor does any set that was tried.",
        ),
        (
            {"reasons": (), "against": (), "methods": (), "agreeing": (), "distrusted": ("lime",), "trust": "distrust"},
            "Yes (0.97). No method can be trusted here, so no word is named. "
            "No single word flips it; without *is* and *best* it is no (0.61).",
        ),
        (
            {"kind": "value", "number": -1.5, "flips": None, "without": Without(players=(4, 2), said=YES, number=0.25)},
            "−1.500, raised most by *best* and *is* and lowered most by *dull*. Four of five methods agree. "
            "Without *best* and *is* it is 0.250.",
        ),
        (
            {"kind": "label", "holds": False, "number": 0.2, "players": "sentence", "without": None, "tried": 0},
            "No label holds; the nearest is yes (0.20), raised most by *best* and *is* and lowered most by *dull*. "
            "Four of five methods agree. No single sentence flips it.",
        ),
        (
            {"word": "best", "methods": ("shap",), "agreeing": ("shap",), "flips": None, "without": None},
            "*best* is yes (0.97), mostly because of *best* and *is*; *dull* pulls the other way. "
            "This rests on one method, SHAP.",
        ),
        (
            {"kind": "token", "number": 0.97, "flips": None, "without": None, "against": ()},
            "“yes” (0.97), raised most by *best* and *is*. Four of five methods agree.",
        ),
    ],
)
def test_the_sentence_says(changes: dict[str, Any], says: str) -> None:
    """Each kind of answer in words, whole."""
    assert sentence_of(answer(**changes), WORDS_OF_TEXT, ENGLISH) == says


def test_flips_beyond_the_named_are_counted() -> None:
    """Nine words that flip by themselves: six by name, the rest by number."""
    flips = tuple(Without(players=(player,), said=NO, number=0.6) for player in range(9))
    said = sentence_of(answer(flips=flips, without=None), WORDS_OF_TEXT)

    assert said.endswith("or without any one of three others.")
    assert len(PART.findall(said.rpartition("It flips")[2])) == MOST_FLIPS


def test_a_long_part_is_cut_and_stays_on_one_line() -> None:
    """Sentences as players are named by their beginning."""
    long = tuple(TextSpan(text=f"{letter} wide\nfilm " * 20, start=0, end=1) for letter in "abcdefgh")
    said = sentence_of(answer(players="sentence"), long)

    assert "*e wide film e wide film e wide film e w…*" in said
    assert "\n" not in said


def test_a_model_that_is_not_moved_gets_no_word() -> None:
    """All weights zero: every method scores zero, and nothing is said to be a reason."""
    found = panel(LinearModel({}), Question.about("so it is"), [build("shap"), build("leave-one-out")])

    assert found.answer.reasons == found.answer.against == found.answer.flips == ()
    assert "No word is named" in found.answer.text
    assert found.answer.trust == "rough"


def test_the_answer_survives_json() -> None:
    """What is stored and read again is the same answer, its sentence with it."""
    found = panel(LinearModel({"good": (0.0, 2.0)}), Question.about("so good"), [build("shap")])
    again = type(found).model_validate_json(found.model_dump_json())

    assert again.answer == found.answer
    assert str(again) == found.answer.text
    assert found.answer.text.startswith("Yes (0.88), mostly because of *good*.")
