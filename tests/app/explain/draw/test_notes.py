"""An explanation as Markdown."""

from __future__ import annotations

from app.explain.draw.notes import escaped, to_markdown
from tests.samples import HOSTILE, attribution


def test_the_notes_have_the_text_the_answer_and_a_line_a_method() -> None:
    """The strongest parts come with their scores, strongest first."""
    notes = to_markdown((attribution("witty but dull"),), answer="Positive (0.75), mostly because of *witty*.")
    quote, answer, table, source = notes.strip().split("\n\n")

    assert quote == "> witty but dull"
    assert answer == r"Positive \(0.75\), mostly because of \*witty\*."
    assert table.splitlines()[2:] == [
        "| SHAP | sound: Every coalition was evaluated. | witty +2.00, but +1.00, dull 0.00 |"
    ]
    assert source == "Model tiny (sha256 d1), seed 0, log-odds."


def test_texts_stay_texts_in_notes() -> None:
    """Neither HTML nor a link nor a new column comes out of what somebody wrote."""
    notes = to_markdown((attribution(HOSTILE),))

    assert "<script" not in notes.replace("\\<", "")
    assert escaped("a|b [c](d)\n# e") == r"a\|b \[c\]\(d\) \# e"
    assert escaped("*a*") == r"\*a\*"
