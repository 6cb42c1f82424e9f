"""An audit from its plan to what is stored, as steps: predict every row, explain texts of the worst gaps, ask the
model again without their words.

What a step leaves is bytes; what follows is computed from the plan, the texts and these alone. So an audit that was
stopped goes on behind the last step that is stored, and finds what an undisturbed one finds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...web.words import N_
from ..data.material import Material
from ..data.plan import Plan
from ..data.values import Floats
from ..evidence.claims import claims_of
from ..evidence.evidence import (
    MENTION,
    Edited,
    Evidence,
    ExplainedText,
    Told,
    ask_without,
    explain_texts,
    occurrences,
    packed,
    unpacked,
)
from ..evidence.masking import masked, originals
from ..evidence.oracle import Oracle, audited_class, probabilities
from ..evidence.painting import Originals
from ..evidence.stored import Stored
from ..family import gaps
from ..family.findings import Test
from ..family.gaps import Measured
from ..report import content as contents

SHARD = 512  # rows that are predicted together: a job stores them as one piece, and a command does the same
TOGETHER = 32  # texts that are explained in one step, a few seconds' work; those of one length share passes
PREDICTING, EXPLAINING, CHECKING = N_("predicting"), N_("explaining"), N_("taking words out")


@dataclass(frozen=True)
class Stage:
    """Steps of one sort, which need every step of the stages before and none of each other."""

    name: str
    steps: int
    do: Callable[[int, Told], bytes]


@dataclass(frozen=True)
class Course:
    """An audit under way. results: what a step that is done has left, by its stage and number."""

    plan: Plan
    material: Material
    oracle: Oracle
    results: Callable[[str, int], bytes]

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        counts = counted(self.plan, self.material)
        works = (self._predict, self._explain, self._check)
        return tuple(Stage(name, counts[name], do) for name, do in zip(counts, works, strict=True))

    @cached_property
    def declared(self) -> contents.Declared:
        source = {**self.material.source, "left_out": dict(self.material.left_out)}
        return contents.Declared(self.plan, self.oracle.facts, self.target, source)

    @cached_property
    def target(self) -> int:
        return audited_class(self.oracle.facts, self.plan.audited)

    @cached_property
    def predicted(self) -> Stored:
        """The tables from the predictions alone; needs the first stage."""
        scores = [np.frombuffer(body, dtype="<f8") for body in self._left(PREDICTING)]
        return self._shown(store(self.material, np.concatenate(scores) if scores else np.zeros(0)))

    @cached_property
    def measured(self) -> Measured:
        return gaps.measure(self.plan, self.predicted)

    @property
    def stored(self) -> Stored:
        """Everything that the report is made from; needs every stage."""
        return self._shown(self._whole)

    @property
    def originals(self) -> Originals:
        """The texts and words that are masked in the report."""
        return originals(self._whole)

    def _shown(self, stored: Stored) -> Stored:
        return stored if self.plan.slurs == "shown" else masked(stored)

    @cached_property
    def _whole(self) -> Stored:
        explained = self._explained
        edited = tuple(each for body in self._left(CHECKING) for each in unpacked(tuple[Edited, ...], body))
        texts = {each.row: self.material.texts[each.row] for each in explained}
        return replace(self.predicted, texts=texts, evidence=Evidence(explained, edited))

    def _left(self, stage: str) -> Iterable[bytes]:
        return (self.results(stage, number) for number in range(counted(self.plan, self.material)[stage]))

    def _predict(self, number: int, tell: Told) -> bytes:
        tell(0.0, PREDICTING)
        return predict(self.oracle, self.material, number, target=self.target).astype("<f8").tobytes()

    def _explain(self, number: int, tell: Told) -> bytes:
        steps = counted(self.plan, self.material)[EXPLAINING]
        asked = self._asked
        part = asked[number * len(asked) // steps : (number + 1) * len(asked) // steps]
        found = explain_texts(
            self.oracle, self.material, part, target=self.target, seed=self.plan.seed,
            tell=lambda share: tell(share, EXPLAINING),
        )  # fmt: skip
        return packed(tuple[ExplainedText, ...], found)

    def _check(self, number: int, tell: Told) -> bytes:
        """The texts of a gap without each of its words."""
        tell(0.0, CHECKING)
        edits = self._edits(number) if number < len(self._worst) else []
        return packed(tuple[Edited, ...], ask_without(self.oracle, self.material, edits, target=self.target))

    @cached_property
    def _worst(self) -> list[Test]:
        return gaps.worst(self.measured, self.plan.explain.gaps)

    @cached_property
    def _sides(self) -> list[tuple[list[int], list[int]]]:
        return [gaps.sampled(self.measured, test, self.plan) for test in self._worst]

    @cached_property
    def _rows(self) -> dict[str, list[int]]:
        """The rows that each method explains: those of the gaps and some of every group; of these some a second one."""
        chosen, pushed = self.plan.explain, gaps.pushed(self.measured, self.plan)
        rows = {row for sides in self._sides for side in sides for row in side} | {
            row for rows in pushed for row in rows
        }
        found: dict[str, list[int]] = {chosen.method: sorted(rows)}
        if chosen.second is not None and chosen.second != chosen.method:
            found[chosen.second] = sorted({row for group in pushed for row in group[: max(2, chosen.each // 2)]})
        return found

    @cached_property
    def _asked(self) -> list[tuple[int, list[str]]]:
        """The distinct texts, the shortest first, each by the first row that holds it, with the methods that explain
        it."""
        asked: dict[str, tuple[int, list[str]]] = {}
        for method, rows in self._rows.items():
            for row in rows:
                _, methods = asked.setdefault(self.material.texts[row], (row, []))
                if method not in methods:
                    methods.append(method)
        return sorted(asked.values(), key=lambda each: (len(self.material.texts[each[0]]), each))

    @cached_property
    def _explained(self) -> tuple[ExplainedText, ...]:
        """Rows with the same text have the same explanation."""
        found = [each for body in self._left(EXPLAINING) for each in unpacked(tuple[ExplainedText, ...], body)]
        if not found:
            return ()
        known = {(self.material.texts[each.row], each.method): each for each in found}
        wanted = [(row, method) for method, rows in self._rows.items() for row in rows]
        return tuple(replace(known[self.material.texts[row], method], row=row) for row, method in wanted)

    def _edits(self, number: int) -> list[tuple[int, str, list[int]]]:
        """(gap, word, rows): the words with the largest claims, and the tried texts that hold them; and those that name
        an identity, which may be several words."""
        texts = Evidence(self._explained).of(self.plan.explain.method)
        own, other = ([texts[row] for row in side] for side in self._sides[number])
        tried = gaps.tried(self.measured, self._worst[number], self.plan)
        edits = [
            (number, claim.word, [row for row in tried if occurrences(self.material.texts[row], claim.word)])
            for claim in claims_of(own, other, seed=self.plan.seed)
        ]
        return [*edits, (number, MENTION, [row for row in tried if self.material.mentions[row]])]


def counted(plan: Plan, material: Material) -> dict[str, int]:
    """The steps of each stage. They follow from the plan and the texts alone, so that a job knows how far it is; how
    many texts are explained follows from the predictions, and they are shared out evenly."""
    chosen = plan.explain
    texts = min(2 * chosen.gaps * chosen.texts + chosen.each * len(material.membership), material.count)
    return {
        PREDICTING: -(-len(material.texts) // SHARD),
        EXPLAINING: -(-texts // TOGETHER) if chosen.gaps else 0,
        CHECKING: chosen.gaps,
    }


def predict(oracle: Oracle, material: Material, shard: int, *, target: int) -> Floats:
    """p(class | text) of one shard."""
    part = material.texts[SHARD * shard : SHARD * (shard + 1)]
    return probabilities(oracle.facts, oracle.logits(part), target=target)


def run(plan: Plan, material: Material, oracle: Oracle, tell: Told) -> tuple[contents.Declared, Stored]:
    """All of it in this process. tell(share done, note)."""
    left: dict[str, list[bytes]] = {}
    course = Course(plan, material, oracle, lambda stage, number: left[stage][number])
    done, steps = 0, sum(stage.steps for stage in course.stages)
    for stage in course.stages:
        left[stage.name] = []
        for number in range(stage.steps):
            left[stage.name].append(stage.do(number, lambda share, note, at=done: tell((at + share) / steps, note)))  # type: ignore[misc]
            done += 1
    return course.declared, course.stored


def store(material: Material, scores: Floats) -> Stored:
    twins = np.arange(len(material.texts)) >= material.count
    return Stored(
        hashes=tuple(hashlib.sha256(text.encode()).hexdigest() for text in material.texts),
        scores=scores,
        labels=material.labels,
        labelled=material.labelled,
        membership=material.membership,
        clusters=material.clusters,
        twins=twins,
        functions=material.functions,
        pairs=material.pairs,
        matches=material.matches,
        texts={},
    )
