"""What readers of Chinese meet: models, examples and an audit in their language, or the way to get them."""

from __future__ import annotations

from pathlib import Path

from starlette.testclient import TestClient

from app.audit.data.plan import DEMOS, demo_plan, read_plan
from app.audit.data.samples import size
from tests.served import served
from tests.tiny import tiny

FETCH = "whence models fetch e5"
FORM = {"origin": "http://localhost"}


def test_without_the_base_pages_say_how_to_get_it(tmp_path: Path) -> None:
    """On the page of models for everyone; on the first page and that of audits for readers of Chinese."""
    app, _ = served(tmp_path)
    with TestClient(app, base_url="http://localhost") as client:
        found = {path: client.get(path).text for path in ("/models", "/?lang=zh", "/audits?lang=zh", "/?lang=en")}

    assert {path: FETCH in page for path, page in found.items()} == {
        "/models": True,
        "/?lang=zh": True,
        "/audits?lang=zh": True,
        "/?lang=en": False,
    }
    assert "91 MB" in found["/models"]


def test_with_the_base_readers_of_chinese_begin_with_its_models(tmp_path: Path) -> None:
    """Chosen for them, with examples in Chinese; the audit in one click is that of the Chinese model."""
    names = ("sentiment", "toxicity", "e5", "sentiment-zh", "offensive-zh")
    app, _ = served(tmp_path, load=lambda name: tiny("bert"), names=names)
    with TestClient(app, base_url="http://localhost") as client:
        home, english = (client.get(f"/?lang={language}").text for language in ("zh", "en"))
        audits = client.get("/audits?lang=zh").text
        refused = client.post("/audits/demo", data={"plan": "../x"}, headers=FORM)

    assert FETCH not in home
    assert 'value="sentiment-zh" selected' in home
    assert 'value="这部电影很好看"' in home
    assert 'value="sentiment-zh" selected' not in english
    assert audits.index('value="demo-zh"') < audits.index('value="demo"')
    assert refused.status_code == 422
    assert "there are demo, demo-zh" in refused.text


def test_the_audits_in_one_click_are_sound() -> None:
    """Each names the model it is offered for, and templates that are there."""
    for name, model in DEMOS.items():
        plan = read_plan(demo_plan(name))

        assert plan.model == model
        assert plan.data.kind == "templates"
        assert min(size(plan.data.language)) > 10
