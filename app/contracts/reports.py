"""A checked contract for other programs and for readers: JUnit for build servers, heat maps as one page."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as Xml  # written, never read

from ..explain.draw.export import many_to_html
from .schemas import CheckedOut
from .verify import Failing


def to_junit(found: CheckedOut) -> str:
    """A test case a check; undecided ones are skipped, with the reason."""
    suite = Xml.Element(
        "testsuite",
        name=_plain(f"{found.contract}: {found.model}"),
        tests=str(len(found.checks)),
        failures=str(found.failed),
        errors="0",
        skipped=str(found.undecided),
    )
    for check in found.checks:
        case = Xml.SubElement(
            suite, "testcase", classname=f"{_plain(found.contract)}.{check.kind}", name=_plain(check.name)
        )
        if check.outcome == "passed":
            continue
        tag = "failure" if check.outcome == "failed" else "skipped"
        line = Xml.SubElement(case, tag, message=_plain(check.told))
        line.text = _plain("\n".join(check.examples))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(suite, encoding="unicode") + "\n"


def to_page(found: CheckedOut, failing: Sequence[Failing]) -> str:
    """The explanations behind what failed or is undecided, on one page that opens anywhere."""
    explanations = [each for part in failing for each in part.explanations]
    told = ". ".join(f"{part.check.name}: {part.check.outcome}, {part.check.told}" for part in failing)
    title = f"{found.contract}: {found.failed} failed, {found.undecided} undecided"
    return many_to_html(explanations, title=title, answer=told)


def _plain(text: str) -> str:
    """Without characters that XML cannot hold."""
    return "".join(
        c for c in text if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"
    )
