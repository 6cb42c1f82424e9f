"""The answer in a sentence, in another language and as part of a page."""

from __future__ import annotations

from app.web.rendering import translations
from app.web.sentences import marked_up, speech_of
from explainers import Question, build, sentence_of
from explainers.contract import TextSpan
from explainers.runner import panel
from explainers.testing import LinearModel

HOSTILE = "<script>alert(1)</script>"


def test_chinese_orders_the_words_its_own_way() -> None:
    """What is left out comes before what follows from it, and nothing of the English is left."""
    found = panel(LinearModel({"好": (0.0, 3.0), "差": (0.0, -2.0)}), Question.about("很 好 差 ，"), [build("shap")])
    said = sentence_of(found.answer, found.explanations[0].features, speech_of("zh", translations("zh").gettext))

    assert said == (
        "yes（0.73），主要因为“好”；“差”起相反作用。这只依据一种方法：SHAP。只需去掉“好”（0.88），判断就翻转为 no。"
    )


def test_a_page_shows_hostile_words_and_labels_as_text() -> None:
    """Words are the user's, labels the model's: neither becomes markup."""

    class Hostile(LinearModel):
        labels = ("no", HOSTILE)

    found = panel(Hostile({HOSTILE: (0.0, 3.0)}), Question.about(f"so {HOSTILE}"), [build("shap")])
    features = (TextSpan(text="so", start=0, end=2), TextSpan(text=HOSTILE, start=3, end=28))
    said = sentence_of(found.answer, features, marked_up(speech_of("en", str)))

    assert "<script" not in said
    assert said.count("&lt;script&gt;") == 3
    assert "<mark class='heat' data-step='4' dir='auto'>&lt;script&gt;" in said
