"""Audits of random rows, and each form of their reports read back as a reader sees it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import numpy as np
from starlette.requests import Request

from app.audit.data import terms
from app.audit.data.groups import from_columns, from_mentions
from app.audit.data.plan import Plan
from app.audit.evidence.oracle import ModelFacts
from app.audit.evidence.stored import Stored
from app.audit.pages import page_of
from app.audit.report import report
from app.audit.report.content import Declared, content_of, digest
from app.audit.schemas import AuditOut
from app.jobs.schemas import JobOut
from app.store.job_states import State
from app.web.rendering import environment, render

MEASURES = ("false_positive_rate", "true_positive_rate", "selection_rate", "accuracy", "mean_score",
            "positive_predictive_value", "auc", "negative_aeg")  # fmt: skip
MODEL = ModelFacts("linear", "Linear", "0" * 64, ("no", "yes"), "classification", None)  # type: ignore[arg-type]
FACTS = {"kind": "table", "title": "rows.csv", "sha256": "0" * 64, "licence": None, "assigned": "columns",
         "language": None, "labels": [], "unknown": [], "vanished": [], "left_out": {}}  # fmt: skip


def audit(seed: int) -> dict[str, Any]:
    """The content of an audit: of 30 to 3,000 rows in 2 to 8 groups, none or some of them treated otherwise, with or
    without clusters, labels and blank cells."""
    rng = np.random.default_rng(seed)
    n, groups = int(rng.choice([30, 120, 600, 3000])), int(rng.integers(2, 9))
    labelled = rng.random() < 0.85
    truth, known = rng.random(n) < rng.choice([0.05, 0.3, 0.5]), rng.random(n) < rng.choice([0.4, 1.0])
    who = rng.choice(groups, n, p=rng.dirichlet(np.full(groups, 3.0)))
    gap = np.where(rng.random(groups) < 0.4, rng.choice([0.02, 0.15, 0.6]) * rng.choice([-1, 1], groups), 0.0)
    skill = rng.choice([0.0, 0.35, 0.6])
    scores = np.clip(rng.beta(2, 4, n) * rng.choice([0.3, 0.8]) + skill * truth + gap[who], 0, 1).round(6)
    names = [f"g{k}" for k in range(groups)]
    if rng.random() < 0.6:
        cells = [names[k] if rng.random() < 0.95 else "" for k in who]
        membership = from_columns({"who": cells})
    else:
        mentions = (who[:, None] == np.arange(groups)) | (rng.random((n, groups)) < 0.05)
        membership = from_mentions(names, ["axis"] * groups, mentions)
    wanted = MEASURES if labelled else ("selection_rate", "mean_score")
    plan = Plan.model_validate(
        {
            "model": "linear",
            "data": {"kind": "table", "dataset": "here", "groups": ["who"], "label": "label" if labelled else ""},
            "metrics": [str(name) for name in rng.permutation(wanted)[: int(rng.integers(1, 4))]],
            "margin": float(rng.choice([0.02, 0.05, 0.3])),
            "correction": str(rng.choice(["bh", "by"])),
            "explain": {"gaps": 0, "each": 0},
            "resamples": 200,
            "seed": seed,
            "language": str(rng.choice(["en", "zh"])),
        }
    )
    clusters = tuple(f"c{k}" for k in rng.integers(0, max(2, n // 4), n)) if rng.random() < 0.3 else None
    stored = Stored(
        hashes=tuple(str(k) for k in range(n)), scores=scores, labels=truth if labelled else None,
        labelled=known if labelled else None, membership=membership, clusters=clusters, twins=np.zeros(n, dtype=bool),
    )  # fmt: skip
    return content_of(Declared(plan, MODEL, 1, FACTS), stored, {})


@dataclass(frozen=True)
class Forms:
    page: str
    html: str
    card: str
    told: str


def forms(content: dict[str, Any]) -> Forms:
    """The page, the HTML report, the model card and what the command line prints, in the language of the plan."""
    made = {"content": content, "sha256": digest(content), "run": {}}
    return Forms(page(content), report.to_html(made), report.model_card(made), report.told(made))


def page(content: dict[str, Any]) -> str:
    job = JobOut(
        id="a" * 32, kind="audit", title="t", state=State.DONE, priority=1, attempt=1, version=1, shards=1, done=1,
        progress=1.0, created=datetime.now(UTC),
    )  # fmt: skip
    found = AuditOut(job=job, sha256="0" * 64, content=content, run={})
    language = content["language"]
    scope = {"type": "http", "method": "GET", "path": "/audits/a", "query_string": f"lang={language}".encode(),
             "headers": [], "server": ("localhost", 80), "scheme": "http", "root_path": ""}  # fmt: skip
    say = terms.filters(environment(language).filters["tr"])
    answer = render(Request(scope), "audit/page.html", page_of(found, content, say), section="audits")
    return bytes(answer.body).decode()


class Text(HTMLParser):
    """The text of a page, one line an element, with [name=value] before that of an element with a data attribute."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.hidden = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in ("style", "script", "svg")
        self.parts.append("" if tag in ("b", "strong", "span", "a", "code") else "\n")
        self.parts += [f"[{name}={value or ''}]" for name, value in attrs if name.startswith("data-")]

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("style", "script", "svg")
        self.parts.append("" if tag in ("b", "strong", "span", "a", "code") else "\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(data)

    @property
    def lines(self) -> list[str]:
        """One blank between words."""
        joined = "".join(part if part == "\n" else re.sub(r"\s+", " ", part) for part in self.parts)
        return [line.strip() for line in joined.split("\n") if line.strip()]
