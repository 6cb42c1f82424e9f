"""What came of one text, as a row: the same in a job and on the command line."""

from __future__ import annotations

from .._library import explainers
from .schemas import BatchRow, RowError


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
            "spans": tuple((each.start, each.end) for each in found.features),
            "scores": None if found.scores is None else tuple(map(float, found.scores[shown])),
            "badge": None if found.badge is None else found.badge.level,
        }
    )


def failed(row: int, text: str, text_pair: str | None, *, error: explainers.ExplainersError) -> BatchRow:
    return BatchRow(row=row, text=text, text_pair=text_pair, error=RowError(code=error.code, detail=str(error)))
