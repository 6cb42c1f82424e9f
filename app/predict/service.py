from __future__ import annotations

from .._library import explainers
from ..web.dependencies import Services
from .schemas import ClassOut, PredictionOut, PredictionRequest, PredictionsOut


async def predict(services: Services, request: PredictionRequest) -> PredictionsOut:
    questions = [explainers.Question(text=each.text, text_pair=each.text_pair) for each in request.inputs]
    found = await services.engine.predict(request.model, questions)
    state = await services.engine.ready(request.model)
    return PredictionsOut(
        model=request.model,
        digest=state.digest,
        predictions=tuple(listed(prediction, top_k=request.top_k) for prediction in found),
    )


def listed(prediction: explainers.Prediction, *, top_k: int | None = None) -> PredictionOut:
    """The classes in the order of what the model says of them."""
    shares = prediction.probabilities or (None,) * len(prediction.labels)
    classes = [
        ClassOut(index=index, label=label, logit=logit, probability=share)
        for index, (label, logit, share) in enumerate(zip(prediction.labels, prediction.logits, shares, strict=True))
    ]
    ranked = sorted(classes, key=lambda each: -(each.logit or 0.0))
    return PredictionOut(
        predicted=classes[prediction.predicted.index], classes=tuple(ranked[:top_k]), words=prediction.words
    )
