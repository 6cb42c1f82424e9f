"""Finished explanations to draw, print and send, without a model."""

from __future__ import annotations

from typing import Any

from explainers import Attribution, Badge, MethodRecord, ModelRecord, Notice, Prediction, Target, TextInput, TextSpan

HOSTILE = "<script>alert(1)</script> \"x\" 'y' &amp; </script><img src=x onerror=alert(1)>"


def spans(text: str, part: str = "text") -> tuple[TextSpan, ...]:
    """The runs between spaces, with their offsets."""
    found, at = [], 0
    for word in text.split(" "):
        if word:
            found.append(TextSpan(text=word, start=at, end=at + len(word), part=part))
        at += len(word) + 1
    return tuple(found)


def attribution(text: str = "witty but dull", **changes: Any) -> Attribution:
    """Scores of 2, 1, 0, −1 … of class 'positive', the opposite for 'negative'; complete, so the residual is 0."""
    pair = changes.pop("text_pair", None)
    features = (*spans(text), *spans(pair or "", "text_pair"))
    scores = [float(2 - position) for position in range(len(features))]
    positive, negative = Target(index=1, label="positive"), Target(index=0, label="negative")
    fields: dict[str, Any] = {
        "model": ModelRecord(id="tiny", digest="d1"),
        "method": MethodRecord(name="shap", version="1", options={"error": 0.05}, seed=0),
        "input": TextInput(text=text, text_pair=pair),
        "players": "word",
        "value": "log-odds",
        "baseline": "mask",
        "precision": "fp32",
        "features": features,
        "prediction": Prediction(
            labels=("negative", "positive"), logits=(0.0, 1.0), probabilities=(0.25, 0.75), predicted=positive
        ),
        "targets": (negative, positive),
        "unit": "log-odds",
        "scores": [[-score for score in scores], scores],
        "output": [-sum(scores) - 0.5, sum(scores) + 0.5],
        "baseline_output": [-0.5, 0.5],
        "badge": Badge(level="sound", reasons=(Notice(code="exact", text="Every coalition was evaluated."),)),
        "forward_passes": 8,
    }
    return Attribution(**{**fields, **changes})
