"""Hidden words in models whose layers look back a little, or cap what attention asks for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from explainers import PromptInput, Question, TokenOutput
from tests.tiny import tiny_chat

WINDOW = 24  # tokens; fewer than the prompt of the user has, and more than what the template puts behind it
FAMILIES: dict[str, dict[str, Any]] = {
    "gemma2": {"sliding_window": WINDOW, "attn_logit_softcapping": 5.0, "final_logit_softcapping": 5.0},
    "gemma3_text": {"sliding_window": WINDOW},
    "gpt_neox": {},
    "mistral": {"sliding_window": WINDOW},
    "phi3": {"sliding_window": WINDOW},
    "qwen2": {"sliding_window": WINDOW, "use_sliding_window": True, "max_window_layers": 0},
    "qwen3": {"sliding_window": WINDOW, "use_sliding_window": True, "max_window_layers": 0},
    "starcoder2": {"sliding_window": WINDOW},
}
PROMPT = PromptInput.of("the film is good and witty and the movie is not bad", system="never dull " * 6)


@pytest.mark.parametrize("how", ["eager", "sdpa"])
@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_whole_windows_may_be_hidden(name: str, how: str) -> None:
    """Everything kept is what is served, to 1e-4; hidden words give numbers in fp32 and bf16, and change them.

    Rows of one pass, which share their first positions, come out as alone.
    """
    if (name, how) == ("gemma2", "sdpa"):
        pytest.skip("transformers has no such attention for Gemma 2: it caps the scores")
    model = tiny_chat(name, 0, attn_implementation=how, **FAMILIES[name])
    assert model.module.config._attn_implementation == how
    asked = Question.about("", prompt=PROMPT, outputs=TokenOutput(continuation=" a good movie"), baseline="hidden")
    inputs = model.encode(asked)
    count = len(inputs.features)
    keep = np.tri(count + 1, count, -1, dtype=bool)  # nothing, then one word more each time
    keep = np.concatenate([keep[[0, count]], keep[1:count:4], ~keep[1:count:4]])

    exact, half = (model.outputs(inputs, keep, precision=precision) for precision in ("fp32", "bf16"))
    alone = np.concatenate([model.outputs(inputs, row[None]) for row in keep])

    assert exact[1] == pytest.approx(model.predict([inputs])[0], abs=1e-4)
    assert exact == pytest.approx(alone, abs=1e-4)
    assert abs(exact[0] - exact[1]).max() > 1e-3
    assert np.isfinite(half).all()
    assert half == pytest.approx(exact, abs=0.5)
