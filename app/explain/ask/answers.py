"""The outcome of one text as a row, alike in a job and on the command line."""

from __future__ import annotations

from pydantic import Field

from ..._library import explainers
from ...schemas import Record


class RowError(Record):
    code: str
    detail: str


class BatchRow(Record):
    """Outcome of one text: its explanation, or the error."""

    row: int  # counted from 0, in the order of the inputs
    text: str
    text_pair: str | None = None
    label: str | None = None
    probability: float | None = None
    logits: tuple[float, ...] = ()
    probabilities: tuple[float, ...] | None = None
    values: tuple[float, ...] | None = Field(
        None, description="Of a regression, which has no label: the value of each output, in the model's order."
    )
    explanation: str | None = Field(None, description="The key below /v1/explanations, where everything is.")
    unit: str | None = None
    features: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = Field((), description="Where each feature lies in the text, as start and end.")
    scores: tuple[float, ...] | None = Field(
        None, description="Of the predicted class or the first output, one for each feature."
    )
    badge: str | None = None
    error: RowError | None = None


def predicted(row: int, text: str, text_pair: str | None, *, found: explainers.Prediction) -> BatchRow:
    best, shares = found.predicted, found.probabilities
    if best is None:
        return BatchRow(row=row, text=text, text_pair=text_pair, values=tuple(found.logits))
    return BatchRow(
        row=row,
        text=text,
        text_pair=text_pair,
        label=best.label,
        probability=None if shares is None else shares[best.index],
        logits=tuple(found.logits),
        probabilities=None if shares is None else tuple(shares),
    )


def explained(row: int, found: explainers.Attribution, *, key: str | None = None) -> BatchRow:
    """With the scores of the predicted class, of a regression of its first output.

    `key`: where the whole explanation lies.
    """
    best = found.prediction.main.index
    shown = next(at for at, each in enumerate(found.targets) if each.index == best)
    return predicted(row, found.text, found.text_pair, found=found.prediction).model_copy(
        update={
            "explanation": key,
            "unit": found.unit,
            "features": tuple(each.text for each in found.features),
            "spans": tuple((each.start, each.end) for each in found.features if isinstance(each, explainers.TextSpan)),
            "scores": None if found.scores is None else tuple(map(float, found.scores[shown])),
            "badge": None if found.badge is None else found.badge.level,
        }
    )


def failed(row: int, text: str, text_pair: str | None, *, error: explainers.ExplainersError) -> BatchRow:
    return BatchRow(row=row, text=text, text_pair=text_pair, error=RowError(code=error.code, detail=str(error)))
