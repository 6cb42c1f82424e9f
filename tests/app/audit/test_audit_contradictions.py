"""Page, report, model card and command line say of an audit what its tests say, and one what the other does.

`WHENCE_AUDITS=200 pytest tests/app/audit/test_audit_contradictions.py` reads so many random audits.
"""

from __future__ import annotations

import os
import re
from html import unescape
from typing import Any

import pytest

from app.audit.data import terms
from app.audit.measures.metrics import METRICS, RANKINGS
from app.web.formatting import signed
from app.web.rendering import environment
from tests.app.audit.random_audits import Forms, Text, audit, forms

AUDITS = int(os.environ.get("WHENCE_AUDITS", "6"))
LISTS = {"finding": "found", "found, within the margin": "within_margin", "shown equal": "equal",
         "no difference found": "no_difference", "too little data": "too_little"}  # fmt: skip
FOUND = ("finding", "found, within the margin")
HEADS = (("h1", "h1"), ('p class="lead"', "p"))
NAME = re.compile(r"(?:who: )?g\d")


def groups(content: dict[str, Any], metric: str) -> list[dict[str, Any]]:
    return [test for test in content["tests"] if test["metric"] == metric and test["group"] is not None]


def lists(content: dict[str, Any], metric: str) -> dict[str, list[str]]:
    """The groups under each verdict, as the tests have them."""
    found: dict[str, list[str]] = {}
    for test in groups(content, metric):
        found.setdefault("untested" if test["p"] is None else test["verdict"], []).append(test["group"])
    return {verdict: sorted(names) for verdict, names in found.items()}


def harm(test: dict[str, Any]) -> float | None:
    """The gap where it is to the disadvantage of its group."""
    name = test["metric"]
    better = METRICS[name].better if name in METRICS else RANKINGS[name]
    against = {"low": test["gap"], "high": -test["gap"]}.get(str(better))
    return against if against is not None and against > 0 else None


def check_summary(content: dict[str, Any]) -> None:
    """The value that all forms draw, against the tests."""
    said, tests = content["verdict"], content["tests"]
    found = [test for test in tests if test["verdict"] == "finding"]
    names = [group["name"] for group in content["groups"]]
    for measure in said["measures"]:
        wanted = lists(content, measure["metric"])
        got = {verdict: sorted(measure[name]) for verdict, name in LISTS.items() if measure[name]}
        got |= {"untested": sorted(u["group"] for u in measure["untested"])} if measure["untested"] else {}
        assert got == wanted
        there = {test["verdict"] for test in tests if test["metric"] == measure["metric"]}
        assert (measure["kind"] == "finding") == ("finding" in there)
        assert measure["kind"] != "equal" or set(wanted) == {"shown equal"}
    assert (said["kind"] == "finding") == bool(found)
    assert said["kind"] != "equal" or all(set(lists(content, m["metric"])) == {"shown equal"} for m in said["measures"])
    assert said["equal_everywhere"] == [
        name for name in names
        if all(name in lists(content, m["metric"]).get("shown equal", ()) for m in said["measures"])
    ]  # fmt: skip
    if found:
        headline = tests[said["headline"]]
        worst = max((value for test in found if test["group"] and (value := harm(test)) is not None), default=None)
        assert headline["verdict"] == "finding"
        assert worst is None or harm(headline) == worst
    for test in tests:
        if test["interval"] and test["p"] is not None:
            holds = test["interval"]["low"] <= 0 <= test["interval"]["high"]
            assert holds == (test["verdict"] not in FOUND), test


def read_lists(lines: list[str], labels: dict[str, str], start: int) -> dict[str, list[str]]:
    """From the line on, `verdict: names` on one line or two, until something else comes."""
    found: dict[str, list[str]] = {}
    at = start
    while at < len(lines):
        verdict = next((v for v, label in labels.items() if re.match(rf"{label}( \(\d+\))?(:|：|$)", lines[at])), None)
        if verdict is None:
            break
        label = re.escape(labels[verdict])
        rest = re.sub(rf"^{label}( \(\d+\))?[:：]?", "", lines[at]).strip()
        if not rest:
            at += 1
            rest = lines[at]
        found[verdict] = sorted(NAME.findall(rest))
        at += 1
    return {verdict: names for verdict, names in found.items() if names}


def rows_of(page: str, metric: str) -> dict[str, list[str]]:
    """The groups in the rows of a measure's tables, folded or not, by the verdict that the row carries."""
    part = page.split(f'data-lists="{metric}"')[1].split("data-lists=")[0]
    found: dict[str, list[str]] = {}
    for verdict, name in re.findall(r'<tr[^>]*data-verdict="([^"]+)">\s*<th scope="row">(.*?)</th>', part):
        found.setdefault(verdict, []).append(re.sub(r"<.*?>", "", name))
    return {verdict: sorted(names) for verdict, names in found.items()}


def tally_of(page: str, metric: str) -> dict[str, int]:
    """How many groups the first screen counts under each verdict of a measure."""
    part = page.split(f'data-measure="{metric}"')[1].split("</dl>")[0]
    found = re.findall(r'data-verdict="([^"]+)".*?<dd>(\d+)</dd>', part, re.DOTALL)
    return {verdict: int(n) for verdict, n in found if int(n)}


def check_lists(content: dict[str, Any], made: Forms) -> None:
    """Every form has the same groups under the same verdict of the same measure."""
    say = terms.filters(environment(content["language"]).filters["tr"])
    word = environment(content["language"]).filters["tr"]
    labels = {verdict: say["audit_verdict"](verdict) for verdict in LISTS} | {"untested": word("Not tested")}
    html = Text(made.html).lines
    card, told = ([line.strip(" -") for line in text.splitlines() if line.strip()] for text in (made.card, made.told))
    for measure in content["verdict"]["measures"]:
        name, title = (
            measure["metric"],
            f"{say['audit_metric'](measure['metric'])}: {say['audit_kind'](measure['kind'])}",
        )
        wanted = lists(content, name)
        assert rows_of(made.page, name) == wanted
        assert tally_of(made.page, name) == {verdict: len(names) for verdict, names in wanted.items()}
        for lines, marks in ((html, f"[data-measure={name}]"), (card, f"## {title}"), (told, title)):
            first = next(at for at, line in enumerate(lines) if line.startswith(marks))
            first += next(at for at, line in enumerate(lines[first:]) if line.startswith(labels["finding"]))
            assert read_lists(lines, labels, first) == wanted, (name, marks)


def check_tables(content: dict[str, Any], made: Forms) -> None:
    """Every group's gap and verdict, in the tables of page, report and card."""
    say = terms.filters(environment(content["language"]).filters["tr"])
    untested = environment(content["language"]).filters["tr"]("Not tested")
    rows = {
        "page": re.findall(r"<tr[^>]*>\s*<th scope=\"row\">(.*?)</th>(.*?)</tr>", made.page, re.DOTALL),
        "html": re.findall(r"<tr>\s*<th>(.*?)</th>(.*?)</tr>", made.html, re.DOTALL),
        "card": re.findall(r"^\| (.*?) \|(.*?)\|$", made.card, re.MULTILINE),
    }
    for form, found in rows.items():
        plain = [(re.sub(r"<.*?>", "", name), re.sub(r"<[^>]*>", "|", rest)) for name, rest in found]
        for measure in content["verdict"]["measures"]:
            for test in groups(content, measure["metric"]):
                gap = "–" if test["gap"] is None else signed(100 * test["gap"], 1)
                verdict = untested if test["p"] is None else say["audit_verdict"](test["verdict"])
                assert any(name == test["group"] and f"{gap}" in rest and verdict in rest for name, rest in plain), (
                    form, test,
                )  # fmt: skip


def check_words(content: dict[str, Any], made: Forms) -> None:
    """The same headline and lead, with the points of the test; advice where a gap was found, and there alone."""
    language, said = content["language"], content["verdict"]
    page, html = Text(made.page).lines, Text(made.html).lines
    card = [line for line in unescape(made.card).splitlines() if line and not line.startswith("#")]
    said_in = [card[:2], made.told.splitlines()[:2]]
    for text in (made.page, made.html):
        parts = (re.search(rf"<{tag}[^>]*>(.*?)</{end}>", text, re.DOTALL) for tag, end in HEADS)
        said_in.append([" ".join(Text(part[1]).lines) for part in parts if part])
    assert len({parts[0] for parts in said_in}) == 1, said_in
    if said["headline"] is not None:
        assert len({parts[1] for parts in said_in}) == 1, said_in
    headline = said_in[0][0]
    translate = environment(language).filters["tr"]
    advice = translate(
        "Do not use this model to hide, rank or decide about texts of groups with a gap without a person in between."
    )
    for text in (" ".join(page), " ".join(html), made.card, made.told):
        assert (advice in text) == (said["kind"] == "finding")
    if said["kind"] == "finding":
        test = content["tests"][said["headline"]]
        assert f"{abs(100 * test['gap']):.1f}" in headline
        assert all(name in headline for name in NAME.findall(str(test["group"] or test["highest"])))
    before = " ".join(page[: next(at for at, line in enumerate(page) if "[data-lists=" in line)])
    shown = next(line for line in page if line.startswith("[data-equal-everywhere=]"))
    assert sorted(NAME.findall(shown)) == sorted(said["equal_everywhere"])
    assert before.count("[data-equal-everywhere=]") == 1


@pytest.mark.parametrize("seed", range(AUDITS))
def test_no_form_of_an_audit_contradicts_another(seed: int) -> None:
    """Of random rows: groups treated alike or not, few rows or many, with and without labels, clusters, blank cells."""
    content = audit(seed)
    made = forms(content)

    check_summary(content)
    check_words(content, made)
    check_lists(content, made)
    check_tables(content, made)
