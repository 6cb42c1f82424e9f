"""Cross-attention: where each token of a translation looks in its source."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from explainers import Incompatible, Question, TokenOutput, build, runner
from explainers.inputs.text.ids import ids_of
from tests.tiny import tiny_continuing

ASKED = Question.about("the film is good", outputs=TokenOutput(continuation="a good movie"))


@pytest.mark.parametrize("name", ["bart", "marian", "t5"])
def test_it_is_the_decoders_own(name: str) -> None:
    """Layers x heads x tokens of the answer x tokens of the source, as the module gives it to the same tokens."""
    model = tiny_continuing(name)
    inputs = model.encode(ASKED)
    found = runner.explain(model, ASKED, build("attention"))
    ids, said = torch.from_numpy(ids_of(inputs).ids)[None], torch.from_numpy(inputs.held.continuation.continued)
    before = torch.cat([torch.tensor([model.module.config.decoder_start_token_id]), said[:-1]])[None]
    with torch.inference_mode():
        wanted = model._twin.module(input_ids=ids, decoder_input_ids=before, output_attentions=True).cross_attentions

    assert found.scores is None
    assert found.relations == pytest.approx(torch.cat(wanted).numpy(), abs=1e-5)
    assert found.relations.shape[2:] == (len(found.looking), len(found.tokens))
    assert [token.text.strip() for token in found.looking] == ["a", "good", "movie"]
    assert found.relations.sum(axis=-1) == pytest.approx(np.ones(found.relations.shape[:3]), abs=1e-4)
    assert 0 <= found.checks["special_share"] <= 1


def test_it_is_not_followed_through_layers() -> None:
    """Its rows are other tokens than its columns: rollout and relevance are refused, and named in no list."""
    model = tiny_continuing("marian")

    assert "attention" in runner.offered(model)
    assert not {"rollout", "relevance", "layers"} & set(runner.offered(model))
    with pytest.raises(Incompatible, match="flow"):
        runner.explain(model, ASKED, build("rollout"))
