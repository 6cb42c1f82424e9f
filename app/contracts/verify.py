"""A contract held against a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .._library import explainers
from ..audit.evidence.oracle import Oracle, logits_of, probabilities
from ..changes.material import Texts
from ..errors import BadRequest
from . import margins
from .contract import Contract
from .golden import check_behaviour, check_golden
from .outcomes import together
from .schemas import CheckedOut, CheckOut

Told = Callable[[float, str], None]


@dataclass(frozen=True)
class Failing:
    """The explanations that belong to a check that does not pass."""

    check: CheckOut
    explanations: tuple[explainers.Attribution, ...]


def check(
    contract: Contract, sha256: str, oracle: Oracle, texts: Texts | None, find: Callable[[str], Oracle], tell: Told
) -> tuple[CheckedOut, list[Failing]]:
    """find: a model by its name, for the agreement. Raises BadRequest, and what loading a model raises."""
    if oracle.facts.head == "regression":
        raise BadRequest(f"{oracle.facts.id} gives no class of a text", cure="Contracts are for classifiers.")
    contract.refuse_without(texts)
    checks: list[CheckOut] = []
    failing: list[Failing] = []

    def told(found: CheckOut, *explanations: explainers.Attribution | None) -> None:
        checks.append(found)
        shown = tuple(each for each in explanations if each is not None)
        if found.outcome != "passed" and shown:
            failing.append(Failing(found, shown))

    for number, golden in enumerate(contract.golden):
        tell(0.3 * number / len(contract.golden), "golden texts")
        told(*check_golden(oracle, golden, seed=contract.seed))
    for behaviour in contract.behaviour:
        told(check_behaviour(oracle, behaviour))
    if texts is not None:
        _over_texts(contract, oracle, texts, find, told, tell)
    listed = [each.outcome for each in checks]
    found = CheckedOut(
        contract=contract.name,
        sha256=sha256,
        model=oracle.facts.id,
        digest=oracle.facts.digest,
        outcome=together(listed),
        passed=listed.count("passed"),
        failed=listed.count("failed"),
        undecided=listed.count("undecided"),
        checks=tuple(checks),
        notes=texts.notes if texts else (),
    )
    return found, failing


def _over_texts(
    contract: Contract,
    oracle: Oracle,
    texts: Texts,
    find: Callable[[str], Oracle],
    told: Callable[..., None],
    tell: Told,
) -> None:
    labels, seed = oracle.facts.labels, contract.seed
    if contract.accuracy or contract.calibration or contract.gap:
        logits = logits_of(oracle, texts.texts, lambda share: tell(0.3 + 0.2 * share, "predicting"))
        scores = probabilities(oracle.facts, logits, target=len(labels) - 1)
        if contract.accuracy:
            told(margins.check_accuracy(contract.accuracy, texts, logits))
        if contract.calibration:
            told(margins.check_calibration(contract.calibration, texts, scores, len(labels) - 1, seed=seed))
        for gap in contract.gap:
            for each in margins.check_gap(gap, texts, scores, labels, seed=seed):
                told(each)
    for words in contract.words:
        found, worst = margins.check_words(
            oracle, words, texts, seed=seed, tell=lambda share: tell(0.5 + 0.2 * share, "words")
        )
        told(found, *worst)
    if contract.agreement:
        asked = contract.agreement
        twin = None if asked.twin is None else find(asked.twin)
        told(
            margins.check_agreement(
                oracle,
                find(asked.baseline),
                twin,
                asked,
                texts,
                seed=seed,
                tell=lambda share: tell(0.7 + 0.3 * share, "agreement"),
            )
        )
