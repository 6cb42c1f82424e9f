"""Names of the embedded models, and the sentences on their cards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from ..web.words import N_, naming
from .service import PAGES

MODELS = {
    "Sentiment": N_("Sentiment"),
    "Toxicity": N_("Toxicity"),
    "Similarity": N_("Similarity"),
    "similarity": N_("Similarity"),
    "sentiment": N_("Sentiment"),
    "toxicity": N_("Toxicity"),
    "Sentiment, Chinese and English": N_("Sentiment, Chinese and English"),
    "Offensiveness, Chinese": N_("Offensiveness, Chinese"),
    "Multilingual E5 small, Chinese and English": N_("Similarity, Chinese and English"),
}
# Words of the button, by kind of model.
ASKING = {"tokens": N_("Ask it"), "image": N_("Explain a picture"), "speech": N_("Explain a recording")}
CARDS = (  # what the cards of the embedded models say
    N_("Is a short post normal, or offensive or hateful?"),
    N_("A classifier with known bias, made to be audited: English social-media posts of one to three sentences."),
    N_("Not for moderation: it was made to show what an audit finds, and identity terms alone can raise its score."),
    N_("English only: other scripts mostly reach the model as unknown tokens."),
    N_("Offensive and hateful are one class here; the raters disagreed often (see HateXplain, arXiv:2012.10289)."),
    N_("Is a review sentence or a whole review positive or negative?"),
    N_(
        "English film and product reviews, from a phrase to 512 tokens. A first model to explain, "
        "and a teaching example."
    ),
    N_("There is no neutral class: a text without an opinion is still called positive or negative."),
    N_("Trained on film reviews: opinions about people or politics are outside what it was judged on."),
    N_("Is a Chinese or English review positive or negative?"),
    N_(
        "Reviews in simplified Chinese or in English, from a phrase to 128 tokens. A first model to explain "
        "in Chinese, and a teaching example."
    ),
    N_(
        "The Chinese it learned from are hotel reviews: other subjects are reached by way of the English "
        "film reviews and the base."
    ),
    N_("Scripts other than Han and Latin letters reach the model as unknown tokens."),
    N_("Is a short Chinese post offensive about a region, a race or a gender?"),
    N_("A classifier with known bias, made to be audited: Chinese social-media posts of one to three sentences."),
    N_("Not for moderation: it was made to show what an audit finds, and a group's name alone can raise its score."),
    N_(
        "The raters of COLD often disagree; posts against bias quote what they oppose and are called "
        "offensive too often."
    ),
)


def filters(translate: Callable[[str], str]) -> dict[str, Callable[[Any], str]]:
    """`model.title|model_name`, where a model of somebody's own keeps its name; `model|door` and `model|asking`: the
    address at which it is asked, and the words of the button that leads there."""
    return {
        "model_name": naming(MODELS, translate),
        "door": lambda model: f"{PAGES.get(model.task, '/')}?{urlencode({'model': model.id})}",
        "asking": lambda model: translate(ASKING.get(model.task, N_("Explain a text"))),
    }
