from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from typing import ClassVar

import numpy as np
from pydantic import Field

from ..contract import Attribution, Case, Edit, Explainer, FloatArray, Need, Notice, Question, TextInput, text_spans
from ..errors import BadInput
from ..inputs.text.edits import replaced
from .counterfactual import flips

# Everyday words that can stand in many places. Taken from a list and not from the model's vocabulary, which holds
# words that nobody should be shown; a list of one's own is the option `words`.
COMMON = (
    "good bad great poor best worst new old big small high low long short easy hard early late strong weak clear "
    "dark warm cold quick slow loud quiet rich plain bright dull fresh stale sharp flat deep simple kind calm "
    "happy sad funny boring exciting moving clever clumsy lovely awful perfect broken useful useless honest fake "
    "right wrong true false always never often rarely more less very hardly only even still again almost fully "
    "partly not no yes and but like dislike love hate enjoy avoid win lose gain fail begin end rise fall help "
    "hurt open close keep drop people place time day year way thing part world life work home film story music "
    "food water money city friend "
)
Change = tuple[tuple[int, str], ...]


class Replacement(Explainer):
    """The fewest words that, replaced by others, make the model say something else; each edit tried on the model.

    No language model writes the replacements: they come from a list of everyday words, or one's own, and are ranked by
    how far the output should fall to first order if a word's embedding were another's, ∇v · (e' − e) (HotFlip). The
    best of each word are then tried as what they are, a changed text that the model reads anew. Scores belong to the
    first edit: what the output loses when its words are replaced one after the other, in the order of the text.
    """

    name: ClassVar = "replacement"
    title: ClassVar = "Replacement"
    reference: ClassVar = "Ebrahimi et al. 2018 (HotFlip), arXiv:1712.06751"
    needs: ClassVar = frozenset({Need.OUTPUTS, Need.GRADIENTS, Need.EMBEDDINGS})

    words: str = Field(
        "", max_length=4000, title="Words", description="Words to put in, with spaces; else everyday ones."
    )
    candidates: int = Field(6, ge=1, le=50, title="Candidates", description="Words tried in each place.")
    most_parts: int = Field(3, ge=1, le=5, title="Most parts", description="Words that an edit replaces at most.")
    edits: int = Field(3, ge=1, le=20, title="Edits", description="Edits of the smallest size that are shown.")

    def explain(self, case: Case) -> Attribution:
        row = case.targets.index(case.prediction.main.index)
        offered = self._offered(case)
        found = self._search(case, row, offered)
        edits = tuple(_edit(case, change, row) for change in found[: self.edits])
        scores = np.zeros((len(case.targets), len(case.inputs.features)))
        if found:
            scores = _in_turn(case, found[0])
        return case.result(
            self,
            scores=scores,
            edits=edits,
            checks={"flips": float(bool(found))},
            warnings=() if found else (_none_found(self.most_parts),),
        )

    def _offered(self, case: Case) -> list[list[str]]:
        """For each player the words to try, those that should move the output most first; never the word itself."""
        words = list(dict.fromkeys((self.words or COMMON).split()))
        falls = case.model.replacement_falls(
            case.inputs, words, value=case.value, target=case.prediction.main.index
        )  # (players, words)
        towards = -1.0 if _rises(case) else 1.0
        offered = []
        for feature, fall in zip(text_spans(case.inputs.features), falls, strict=True):
            order = [words[at] for at in np.argsort(-towards * fall, kind="stable")]
            other = [_cased(word, feature.text) for word in order if word.casefold() != feature.text.casefold()]
            offered.append(other[: self.candidates] if feature.text[:1].isalnum() else [])
        return offered

    def _search(self, case: Case, row: int, offered: list[list[str]]) -> list[Change]:
        """Changes of the smallest size that flip, those that move the output most first."""
        left = case.budget or MOST_TRIED
        moved: dict[tuple[int, str], float] = {}
        for size in range(1, self.most_parts + 1):
            changes = list(_changes(offered, moved, size))[:left]
            left -= len(changes)
            if not changes:
                break
            logits = _logits(case, changes)
            values = case.values(logits)[:, row] * (-1 if _rises(case) else 1)
            flipped = flips(case, logits)
            order = np.argsort(values, kind="stable")
            if flipped.any():
                return [changes[at] for at in order if flipped[at]]
            if size == 1:
                moved = {changes[at][0]: float(values[at]) for at in order}
        return []


MOST_TRIED = 256  # changed texts, each read anew


def _changes(offered: list[list[str]], moved: dict[tuple[int, str], float], size: int) -> Iterator[Change]:
    """All single replacements; of several the best two of each place, the places that moved the output most first."""
    if size == 1:
        for player, words in enumerate(offered):
            for word in words:
                yield ((player, word),)
        return
    best: dict[int, list[str]] = {}
    for player, word in moved:
        if len(best.setdefault(player, [])) < 2:
            best[player].append(word)
    for players in combinations(list(best)[:8], size):
        for chosen in product(*(best[player] for player in players)):
            yield tuple(sorted(zip(players, chosen, strict=True)))


def _logits(case: Case, changes: list[Change]) -> FloatArray:
    """(changes, labels) of the changed texts; a text that cannot be read keeps what was said."""
    rows = []
    for done, change in enumerate(changes):
        case.progress(done / len(changes), f"{done} of {len(changes)} replacements")
        try:
            question = Question(input=replaced(case.inputs, change), outputs=case.inputs.outputs)
            rows.append(case.model.predict([case.model.encode(question)])[0])
        except BadInput:
            rows.append(case.table.whole[0])
    return np.stack(rows)


def _in_turn(case: Case, change: Change) -> FloatArray:
    """(targets, players): what the output loses when the words are replaced one after the other."""
    values = np.concatenate(
        [case.values(case.table.whole), case.values(_logits(case, [change[: size + 1] for size in range(len(change))]))]
    )
    scores = np.zeros((values.shape[1], len(case.inputs.features)))
    scores[:, [player for player, _ in change]] = (values[:-1] - values[1:]).T
    return scores


def _edit(case: Case, change: Change, row: int) -> Edit:
    logits = _logits(case, [change])
    said = case.output.prediction(logits[0])
    text = replaced(case.inputs, change)
    shares, index = said.probabilities, case.prediction.main.index
    return Edit(
        players=tuple(player for player, _ in change),
        replacements=tuple(word for _, word in change),
        predicted=said.predicted,
        probability=None if shares is None else shares[index],
        output=float(case.values(logits)[0, row]),
        text=text.text,
        text_pair=text.text_pair if isinstance(text, TextInput) else None,
    )


def _rises(case: Case) -> bool:
    """Whether the output has to rise for another answer: a label that is off, a regression below the baseline's."""
    return not case.output.falls(said=case.prediction.main.index, ends=case.table)


def _cased(word: str, like: str) -> str:
    return word.capitalize() if like[:1].isupper() and word.islower() else word


def _none_found(most: int) -> Notice:
    return Notice(
        code="no_replacement",
        text=f"No replacement of up to {most} words that was tried changes the prediction.",
        values={"most": most},
    )
