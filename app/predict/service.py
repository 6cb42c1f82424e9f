from __future__ import annotations

from .._library import explainers
from ..engine.messages import Predict
from ..web.dependencies import Services
from .schemas import ClassOut, OutputOut, PredictionOut, PredictionRequest, PredictionsOut


async def predict(services: Services, request: PredictionRequest) -> PredictionsOut:
    questions = tuple(explainers.Question.about(text=each.text, text_pair=each.text_pair) for each in request.inputs)
    found = await services.engine.ask(Predict(model=request.model, questions=questions))
    state = await services.engine.ready(request.model)
    return PredictionsOut(
        model=request.model,
        digest=state.digest,
        predictions=tuple(listed(prediction, top_k=request.top_k) for prediction in found),
    )


def listed(prediction: explainers.Prediction, *, top_k: int) -> PredictionOut:
    """The classes in the order of what the model says of them, or the values of a regression."""
    if prediction.predicted is None:
        named = enumerate(zip(prediction.labels, prediction.logits, strict=True))
        values = tuple(OutputOut(index=index, label=label, value=value) for index, (label, value) in named)
        return PredictionOut(predicted=None, classes=(), outputs=values)
    shares = prediction.probabilities or ()
    classes = [
        ClassOut(index=index, label=label, logit=logit, probability=share)
        for index, (label, logit, share) in enumerate(zip(prediction.labels, prediction.logits, shares, strict=True))
    ]
    ranked = sorted(classes, key=lambda each: -(each.logit or 0.0))
    return PredictionOut(
        predicted=classes[prediction.main.index],
        classes=tuple(ranked[:top_k]),
        left_out=max(0, len(ranked) - top_k),
        words=prediction.words,
    )
