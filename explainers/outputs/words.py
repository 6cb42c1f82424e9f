"""The classes of one word of a token classifier; the prediction beside them names the class of every word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..contract import FloatArray, Prediction, TextSpan
from .classes import Classes
from .value import word_labels


@dataclass(frozen=True, kw_only=True)
class Words(Classes):
    """An Output whose columns are the logits at one word.

    words: all words that the model reads. read: gives the logits (words, labels) of all of them; it is called where a
    prediction is served, and costs a pass.
    """

    words: tuple[TextSpan, ...]
    read: Callable[[], FloatArray] = field(compare=False, repr=False)

    def served(self, columns: FloatArray) -> Prediction:
        """The class of the word that is asked for, and of every word."""
        plain = self.prediction(columns)
        return plain.model_copy(update={"words": word_labels(self.read(), self.words, self.labels)})
