"""Texts to start with, by model. Each shows something that a person may want to see explained."""

from __future__ import annotations

from dataclasses import dataclass

from ...web.words import N_


@dataclass(frozen=True, slots=True)
class Example:
    kind: str
    text: str
    lang: str = "en"
    pair: str = ""  # of a model that compares two texts


EXAMPLES = {
    "sentiment": (
        Example(N_("A turn"), "a gorgeous, witty film that never recovers from its clumsy opening"),
        Example(N_("Double negation"), "I expected nothing and was not disappointed."),
        Example(N_("Irony"), "The trailer promised a comedy. The film delivers a yawn."),
        Example(N_("Concession"), "The script is thin, but the two leads make every scene worth watching."),
        Example(N_("Not English"), "这部电影很好看 😀👍🏽", "zh"),
    ),
    "toxicity": (
        Example(N_("Plain"), "What a lovely morning to learn something new."),
        Example(N_("Identity"), "My neighbours are Muslim and make the best tea in the street."),
        Example(N_("Insult"), "Nobody with a brain would listen to such a fool."),
        Example(N_("Quotation"), "He was suspended for calling his colleague an idiot."),
        Example(N_("Reclaimed"), "As a proud gay man I loved every minute of the parade."),
    ),
}
PAIRS = (
    Example(N_("Question and answer"), "How do I reset my password?", pair="Change your login in the settings"),
    Example(N_("Two sayings"), "The early bird catches the worm.", pair="Who comes first is served first."),
    Example(N_("Same words, other matter"), "The bank raised its rates.", pair="We sat on the bank of the river."),
    Example(N_("Negation"), "The flight was delayed.", pair="The flight was not delayed."),
)
OTHERS = (
    Example(N_("Short"), "This is better than I thought it would be."),
    Example(N_("Two sentences"), "The first half is slow. The second half makes up for it."),
)


def examples_for(model: str, *, compares: bool = False) -> tuple[Example, ...]:
    """compares: the model is asked of two texts."""
    return PAIRS if compares else EXAMPLES.get(model, OTHERS)
