from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb
from typing import ClassVar

import numpy as np
from pydantic import Field

from ..contract import (
    Attribution,
    BoolArray,
    Case,
    Edit,
    Explainer,
    FloatArray,
    Need,
    Notice,
    Prediction,
    Promise,
    PromptInput,
    Question,
    Target,
    TextInput,
    WordOutput,
)
from ..errors import BadInput
from ..game.sampling import DEFAULT_BUDGET
from ..inputs.text.edits import without

Players = tuple[int, ...]


class Counterfactual(Explainer):
    """The fewest players without which the model says something else, each set tried on the model.

    All sets of one player, of two … are tried as far as the budget goes; beyond, only those that extend the most
    promising ones (a beam). A set is minimal: with any one of its players back the prediction is the old one. What
    counts as something else: another class; of a multi-label model that the class is on where it was off or the other
    way round; of a regression that its first output has gone half of the way to the baseline's; of a language model
    that another token is the most probable (of an answer as one: any token of it). Players are masked; `edits` also
    show the text with them deleted and what the model says of that. Scores belong to the first edit: what the output
    loses at each of its players when they go one after the other, the strongest first; all others have 0.
    """

    name: ClassVar = "counterfactual"
    title: ClassVar = "Counterfactual"
    reference: ClassVar = "Martens & Provost 2014, MISQ 38(1); Ribeiro et al. 2018 (search by beam)"
    needs: ClassVar = frozenset({Need.OUTPUTS})
    promises: ClassVar = frozenset({Promise.DUMMY})

    most_parts: int = Field(5, ge=1, le=20, title="Most parts", description="Parts that an edit removes at most.")
    beam: int = Field(8, ge=1, le=64, title="Beam", description="Sets that are extended where not all can be tried.")
    edits: int = Field(3, ge=1, le=20, title="Edits", description="Edits of the smallest size that are shown.")

    def explain(self, case: Case) -> Attribution:
        row = case.targets.index(case.prediction.main.index)
        found, exhaustive = self._search(case, row)
        found = sorted(dict.fromkeys(minimal(case, each) for each in found[: self.edits]), key=len)
        edits = tuple(_edit(case, players, row) for players in found)
        scores = _in_turn(case, found[0], row) if found else np.zeros((len(case.targets), len(case.inputs.features)))
        return case.result(
            self,
            scores=scores,
            edits=edits,
            checks={"flips": float(bool(found)), "exhaustive": float(exhaustive)},
            warnings=() if found else (_none_found(self.most_parts, exhaustive),),
        )

    def _search(self, case: Case, row: int) -> tuple[list[Players], bool]:
        """Sets of the smallest size that flip, those that move the output most first; whether all sets were tried."""
        players = case.table.players
        left = max(case.budget or DEFAULT_BUDGET, players + 1)
        beam: list[Players] = [()]
        exhaustive = True
        for size in range(1, min(self.most_parts, players) + 1):
            every = comb(players, size) <= left
            exhaustive &= every
            candidates = list(combinations(range(players), size)) if every else list(_extended(beam, players))[:left]
            if not candidates:
                break
            left -= len(candidates)
            logits = case.table.logits(_without(candidates, players), precision="fp32")  # shown as predictions
            values = case.values(logits)[:, row]
            order = np.argsort(values if _is_on(case) else -values, kind="stable")
            flipped = flips(case, logits)
            if flipped.any():
                return [candidates[at] for at in order if flipped[at]], exhaustive
            beam = [candidates[at] for at in order[: self.beam]]
        return [], exhaustive


def flips(case: Case, logits: FloatArray) -> BoolArray:
    """For each row of logits (rows, labels): whether the model says something else than of the whole text."""
    return case.output.flips(logits, said=case.prediction.main.index, ends=case.table)


def minimal(case: Case, chosen: Players) -> Players:
    """Without the players that are not needed: a beam may carry some along."""
    for player in chosen:
        fewer = tuple(each for each in chosen if each != player)
        logits = case.table.logits(_without([fewer], case.table.players), precision="fp32")
        if fewer and flips(case, logits)[0]:
            return minimal(case, fewer)
    return chosen


def _is_on(case: Case) -> bool:
    """Whether the output has to fall for another answer; else it has to rise."""
    return case.output.falls(said=case.prediction.main.index, ends=case.table)


def _extended(beam: list[Players], players: int) -> Iterator[Players]:
    """Every set of the beam with one more player, each once."""
    seen: set[Players] = set()
    for chosen in beam:
        for player in range(players):
            wider = tuple(sorted({*chosen, player}))
            if len(wider) > len(chosen) and wider not in seen:
                seen.add(wider)
                yield wider


def _without(sets: list[Players], players: int) -> BoolArray:
    keep = np.ones((len(sets), players), dtype=bool)
    for at, chosen in enumerate(sets):
        keep[at, list(chosen)] = False
    return keep


def _in_turn(case: Case, chosen: Players, row: int) -> FloatArray:
    """(targets, players): what the output loses when the players go one after the other, the strongest first."""
    players = case.table.players
    alone = case.values(case.table.logits(_without([(each,) for each in chosen], players)))[:, row]
    order = [chosen[at] for at in np.argsort(alone if _is_on(case) else -alone, kind="stable")]
    steps = [tuple(order[:size]) for size in range(len(order) + 1)]
    values = case.values(case.table.logits(_without(steps, players), precision="fp32"))
    scores = np.zeros((values.shape[1], players))
    scores[:, order] = (values[:-1] - values[1:]).T
    return scores


def _edit(case: Case, chosen: Players, row: int) -> Edit:
    logits = case.table.logits(_without([chosen], case.table.players), precision="fp32")
    masked = case.output.prediction(logits[0])
    rest = without(case.inputs, chosen)
    after = None if rest is None else _columns(case, rest)
    said = None if after is None else case.output.prediction(after)
    return Edit(
        players=chosen,
        predicted=_instead(case, chosen) or masked.predicted,
        probability=_probability(masked, case),
        output=float(case.values(logits)[0, row]),
        text=None if rest is None else rest.text,
        text_pair=rest.text_pair if isinstance(rest, TextInput) else None,
        deleted_predicted=None if said is None else said.predicted,
        deleted_probability=None if said is None else _probability(said, case),
        deleted_output=None if after is None else _output(after, case),
    )


def _instead(case: Case, chosen: Players) -> Target | None:
    """The token that a language model says without the players; None for any other model."""
    if Need.ANSWERS not in case.model.offers:
        return None
    main = case.prediction.main
    keep = _without([chosen], case.table.players)
    return main.model_copy(update={"label": case.model.instead(case.inputs, keep, main.index)})


def _columns(case: Case, rest: TextInput | PromptInput) -> FloatArray | None:
    """The columns of the rest; of a token classifier for its most telling word, as a word may be gone."""
    asked = None if isinstance(case.inputs.outputs, WordOutput) else case.inputs.outputs
    try:
        inputs = case.model.encode(Question(input=rest, outputs=asked))
    except BadInput:  # nothing that could be read is left
        return None
    if not inputs.features:
        return None
    columns: FloatArray = case.model.predict([inputs])[0]
    return columns


def _probability(prediction: Prediction, case: Case) -> float | None:
    if prediction.probabilities is None:
        return None
    return prediction.probabilities[case.prediction.main.index]


def _output(columns: FloatArray, case: Case) -> float:
    return float(case.output.value(columns[None], case.value, [case.prediction.main.index])[0, 0])


def _none_found(most: int, exhaustive: bool) -> Notice:
    tried = "no set" if exhaustive else "none of the sets that were tried"
    return Notice(
        code="no_flip" if exhaustive else "no_flip_found",
        text=f"Of up to {most} parts {tried} changes the prediction when it is masked.",
        values={"most": most},
    )
