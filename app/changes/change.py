"""Compares a model with what it came from: two models, perhaps a seed twin as the yardstick, on the same texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..audit.data.plan import Language
from ..audit.data.values import Floats
from ..audit.evidence.oracle import ModelFacts, Oracle, logits_of, probabilities
from ..errors import BadRequest
from . import reasons, verdict
from .costs import cost, milliseconds_of
from .decisions import decisions_of
from .gaps import gaps_of
from .material import Texts
from .reasons import Explained
from .schemas import AgreementOut, Call, ChangeOut, ModelFactsOut, TwinsOut, WordOut

Told = Callable[[float, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """explained: texts whose words are scored. moved: further ones, whose prediction moved most, for the words alone.

    margin: of tau; a smaller loss against the twin is called none.
    """

    explained: int = 100
    moved: int = 20
    margin: float = 0.05
    terms: Language | None = None
    seed: int = 0


@dataclass(frozen=True)
class Side:
    """A model, with what its files and weights hold where that is known."""

    oracle: Oracle
    size: int | None = None
    memory: int | None = None


def change(
    before: Side, after: Side, texts: Texts, *, twin: Side | None = None, options: Options | None = None, tell: Told
) -> ChangeOut:
    """Raises BadRequest where the models have other classes, or none."""
    options = options or Options()
    sides = [before, after, *([twin] if twin else [])]
    _refuse_unlike([side.oracle.facts for side in sides])
    logits = [_logits(side.oracle, texts, tell, at, len(sides)) for at, side in enumerate(sides)]
    classes = [each.argmax(axis=1) for each in logits]
    compared = _compared(sides, texts, logits, options, tell)
    tell(0.9, "timing")
    decisions = decisions_of(classes[0], classes[1], texts.labels)
    facts = before.oracle.facts
    scores = [probabilities(side.oracle.facts, each, target=-1) for side, each in zip(sides, logits, strict=True)]
    gaps = gaps_of(texts, (scores[0], scores[1]), facts.labels, terms=options.terms, seed=options.seed)
    milliseconds = milliseconds_of(before.oracle, after.oracle, texts.texts, seed=options.seed)
    known = before.size is not None and after.size is not None
    size = cost(before.size or 0, after.size or 0) if known else None
    weighed = before.memory is not None and after.memory is not None
    sentences = verdict.said(decisions, compared.agreement, compared.words, gaps, size, milliseconds)
    return ChangeOut(
        before=_facts(before),
        after=_facts(after),
        twin=_facts(twin) if twin else None,
        file=texts.name,
        sha256=texts.sha256,
        decisions=decisions,
        size=size,
        milliseconds=milliseconds,
        memory=cost(before.memory or 0, after.memory or 0) if weighed else None,
        agreement=compared.agreement,
        words=compared.words,
        gaps=gaps,
        notes=texts.notes,
        said=sentences,
        verdict=" ".join(map(str, sentences)),
    )


@dataclass(frozen=True)
class Compared:
    agreement: AgreementOut
    words: tuple[WordOut, ...]


def _compared(sides: list[Side], texts: Texts, logits: list[Floats], options: Options, tell: Told) -> Compared:
    rng = np.random.default_rng(options.seed)
    drawn = rng.permutation(len(texts.texts))[: options.explained].tolist()
    extra = [_most_moved(logits[0], each, options.moved) for each in logits[1:]]
    wanted = [sorted({*drawn, *(row for rows in extra for row in rows)}), *(sorted({*drawn, *rows}) for rows in extra)]
    found: list[dict[int, Explained]] = []
    for at, (side, rows) in enumerate(zip(sides, wanted, strict=True)):
        start, share = 0.3 + 0.6 * at / len(sides), 0.6 / len(sides)

        def told(done: float, start: float = start, share: float = share) -> None:
            tell(start + share * done, "explaining")

        found.append(reasons.explained(side.oracle, texts.texts, rows, seed=options.seed, tell=told))
    classes = {row: int(logits[0][row].argmax()) for row in drawn}
    facts = sides[0].oracle.facts
    pairs = [reasons.moved_words(found[0], each, len(facts.labels)) for each in found[1:]]
    words = reasons.words_of(pairs[0], pairs[1] if len(pairs) > 1 else None, facts.labels)
    return Compared(_agreement(found, classes, options), words)


def _agreement(found: list[dict[int, Explained]], classes: dict[int, int], options: Options) -> AgreementOut:
    own = reasons.alike(found[0], found[1], classes)
    measured = reasons.likeness_of(own, seed=options.seed)
    twins = None
    if len(found) > 2:
        other = reasons.alike(found[0], found[2], classes)
        gap = reasons.difference_of(own, other, seed=options.seed)
        twins = TwinsOut(**reasons.likeness_of(other, seed=options.seed).model_dump(), difference=gap)
    ends = measured.tau.low, measured.tau.high
    return AgreementOut(
        tau=measured.tau.value,
        top5=measured.top5.value,
        sign=measured.sign.value,
        interval=None if ends[0] is None or ends[1] is None else (ends[0], ends[1]),
        texts=measured.texts,
        measured=measured,
        twins=twins,
        call=_call(twins, options.margin),
        margin=options.margin,
        unlike=own.unlike,
    )


def _call(twins: TwinsOut | None, margin: float) -> Call:
    if twins is None:
        return "unmeasured"
    low, high = twins.difference.low, twins.difference.high
    if low is None or high is None:
        return "undecided"
    return "changed" if high < -margin else "within" if low > -margin else "undecided"


def _most_moved(one: Floats, other: Floats, most: int) -> list[int]:
    """The texts whose logits, centred, moved most."""
    shift = np.abs((one - one.mean(axis=1, keepdims=True)) - (other - other.mean(axis=1, keepdims=True))).max(axis=1)
    found: list[int] = np.argsort(-shift, kind="stable")[:most].tolist()
    return found


def _logits(oracle: Oracle, texts: Texts, tell: Told, at: int, sides: int) -> Floats:
    return logits_of(oracle, texts.texts, lambda share: tell(0.3 * (at + share) / sides, "predicting"))


def _refuse_unlike(facts: list[ModelFacts]) -> None:
    first = facts[0]
    for each in facts:
        if each.head == "regression" or len(each.labels) < 2:
            raise BadRequest(f"{each.id} gives no class of a text", cure="Compare classifiers.")
        if each.labels != first.labels:
            raise BadRequest(
                f"{each.id} has the classes {', '.join(each.labels)[:200]}, {first.id} has "
                f"{', '.join(first.labels)[:200]}",
                cure="Compare models with the same classes in the same order.",
            )


def _facts(side: Side) -> ModelFactsOut:
    facts = side.oracle.facts
    return ModelFactsOut(id=facts.id, title=facts.title, digest=facts.digest)
