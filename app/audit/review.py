"""The decisions of somebody who has read a report. A report never changes: a review declares another plan, which
names the report it follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from ..errors import BadRequest
from ..schemas import Frozen
from .data.plan import Apart, Checked, Plan


class Review(Frozen):
    """A reader's decisions: pairs of groups that are not compared, either way; matches of terms that were read."""

    not_comparable: Apart = Field((), description="Pairs of groups of the report.")
    checked: tuple[Checked, ...] = Field((), max_length=500, description="A group again: the new count is taken.")


def revised(content: Mapping[str, Any], sha256: str, review: Review) -> Plan:
    """The plan of the report with what was decided. Raises BadRequest where that is nothing, or not of this report."""
    plan = plan_of(content)
    apart = _more_apart(content, plan, review)
    read = _read(content, plan, review)
    if not apart and read == plan.checked:
        raise BadRequest("the review decides nothing new", cure="Mark a pair that is not marked yet, or read matches.")
    data = plan.data
    if apart:
        data = data.model_copy(update={"not_comparable": (*getattr(data, "not_comparable", ()), *apart)})
    return plan.model_copy(update={"data": data, "checked": read, "follows": sha256})


def plan_of(content: Mapping[str, Any]) -> Plan:
    return Plan.model_validate({name: value for name, value in content["plan"].items() if name != "sha256"})


def groups_of(content: Mapping[str, Any]) -> list[str]:
    """The groups that stand for one another in a report, by name."""
    if content["effects"]:
        return sorted(content["effects"]["identities"])
    return sorted({name for pair in pairs_of(content) for name in pair})


def pairs_of(content: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The ordered pairs of groups that a report on swapped texts has figures of."""
    cells = content["swaps"]["all"]["cells"] if content["swaps"] else ()
    return {(cell["before"], cell["after"]) for cell in cells}


def _read(content: Mapping[str, Any], plan: Plan, review: Review) -> tuple[Checked, ...]:
    known = [each["group"] for each in (content.get("matches") or {"groups": ()})["groups"]]
    wrong = next((each.group for each in review.checked if each.group not in known), None)
    if wrong is not None:
        there = ", ".join(known) or "none: no group was found by terms"
        raise BadRequest(f"no matches of {wrong[:80]!r} are in the report", cure=f"There are {there}.")
    return tuple(({each.group: each for each in plan.checked} | {each.group: each for each in review.checked}).values())


def _more_apart(content: Mapping[str, Any], plan: Plan, review: Review) -> list[tuple[str, str]]:
    known, apart = groups_of(content), set(plan.apart)
    more = []
    for before, after in review.not_comparable:
        wrong = next((name for name in (before, after) if name not in known), None)
        if wrong is not None:
            there = ", ".join(known) or "none: nothing was swapped"
            raise BadRequest(f"no group of the report is called {wrong[:80]!r}", cure=f"There are {there}.")
        if before == after:
            raise BadRequest(f"{before!r} cannot be held against itself", cure="Name two groups.")
        if frozenset((before, after)) not in apart:
            apart.add(frozenset((before, after)))
            more.append((before, after))
    return more
