"""Known faults of the explanation libraries: ours does not have them, and the installed version shows them."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import captum.attr
import numpy as np
import pytest
import shap
import torch
from lime.lime_text import IndexedString, LimeTextExplainer
from torch.nn.modules.module import register_module_forward_pre_hook

from explainers import runner
from explainers.contract import Attribution, Case, Question
from explainers.game.batches import batch_for
from explainers.inputs.text.ids import ids_of
from explainers.methods.shap import Shap
from explainers.metrics.faithfulness import SHARES, kept
from explainers.registry import build
from explainers.testing import AndModel, GradientModel, LinearModel
from tests.given import case_for
from tests.tiny import byte_level, tiny, wordpiece

CHINESE = "这部电影很好看"
EIGHT = "the film is never good , great movie"
TWENTY = " ".join(["the film is never good and great movie but"] * 3)


def ask(method: str, model: Any, text: str, **asked: Any) -> Attribution:
    return runner.explain(model, Question.about(text=text, **asked), build(method))


@contextmanager
def passed_through(model: Any) -> Iterator[list[torch.Tensor]]:
    """The ids (rows, tokens) of every batch that reaches the network, as it looks them up."""
    seen: list[torch.Tensor] = []
    embeddings = model._network.module.get_input_embeddings()

    def see(module: Any, args: Any) -> None:
        if module is embeddings:
            seen.append(args[0].clone())

    handle = register_module_forward_pre_hook(see)
    try:
        yield seen
    finally:
        handle.remove()


class TestShap:
    def test_byte_level_characters_are_not_duplicated(self) -> None:
        """shap's Text masker gives a model 这这这… for 这: each byte token brings its whole character."""
        tokenizer, case = byte_level(), case_for(tiny("roberta"), CHINESE)
        masker = shap.maskers.Text(tokenizer)
        kept_all = np.ones(masker.shape(CHINESE)[1], dtype=bool)

        assert masker(kept_all, CHINESE)[0][0].startswith("这这这部部部")
        assert ids_of(case.inputs).ids.tolist() == tokenizer(CHINESE)["input_ids"]
        assert "".join(feature.text for feature in case.inputs.features) == CHINESE

    @pytest.mark.parametrize("name", ["bert", "roberta", "gpt2"])
    def test_masked_inputs_are_the_intended_ids(self, name: str) -> None:
        """shap masks strings and tokenises again; here every id that reaches the network is kept or the baseline."""
        model = tiny(name)
        case = case_for(model, "a gorgeous film that never recovers")
        assert model._fast  # compared with the module once, on ids of its own

        with passed_through(model) as seen:
            Shap().explain(case)

        for batch in seen:
            assert batch.shape[1] == case.inputs.size
            assert (
                (batch.numpy() == ids_of(case.inputs).ids) | (batch.numpy() == ids_of(case.inputs).baseline_ids)
            ).all()

    def test_shap_tokenises_masked_strings_again(self) -> None:
        """Half of `never` masked is pieces of other words to the tokenizer, so the model reads other ids than meant."""
        tokenizer = byte_level()
        text = "co-worker naïve café clumsily"
        masker = shap.maskers.Text(tokenizer)
        ids = tokenizer(text)["input_ids"]
        intended = 0
        for token in range(1, len(ids) - 1):
            keep = np.arange(len(ids)) != token
            again = tokenizer(str(masker(keep, text)[0][0]))["input_ids"]
            intended += again == [tokenizer.mask_token_id if i == token else id_ for i, id_ in enumerate(ids)]

        assert intended < len(ids) - 2

    def test_new_lines_are_kept(self) -> None:
        """shap's masker gives the model a space for them."""
        text = "a gorgeous film\nthat never\r\n\trecovers"
        masker = shap.maskers.Text(wordpiece())
        found = ask("shap", tiny("roberta"), text)

        assert "\n" not in masker(np.ones(masker.shape(text)[1], dtype=bool), text)[0][0]
        assert found.text == text
        assert [text[f.start : f.end] for f in found.features] == text.split()
        assert tiny("roberta").encode(Question.about(text=text)).held.ids.tolist() == byte_level()(text)["input_ids"]

    def test_every_class_has_its_scores_and_its_base_value(self) -> None:
        """With a top-1 pipeline shap sees 0 for all labels but the first; here each class adds up by itself."""
        found = ask("shap", tiny("bert", labels=3), "a gorgeous film", value="probability")

        assert found.scores is not None
        assert found.baseline_output is not None
        assert found.baseline_output.sum() == pytest.approx(1)
        assert found.output.sum() == pytest.approx(1)
        assert found.baseline_output + found.scores.sum(axis=1) == pytest.approx(found.output)
        assert (np.abs(found.scores).sum(axis=1) > 0).all()

    @pytest.mark.parametrize("method", ["shap", "lime", "integrated-gradients", "rollout"])
    def test_long_text_is_explained_and_says_what_was_not_read(self, method: str) -> None:
        """800 words for a model of 128 positions: explained in sentences, the rest marked, the badge not sound."""
        text = "the film is good. " * 200

        found = runner.explain(tiny("bert"), Question.about(text=text, budget=64, long_text="cut"), build(method))

        assert len(found.tokens) <= 130
        assert found.unseen
        assert found.badge is not None
        assert found.badge.level != "sound"
        assert "cut" in {reason.code for reason in found.badge.reasons}

    def test_the_values_are_shapley_values(self) -> None:
        """shap's partition shares by halves of a tree: of a joint effect of three not everyone gets a third."""
        joint = ask("shap", AndModel(), "a b c")
        owen = ask("shap-partition", AndModel(), "a b c")

        assert joint.scores is not None
        assert owen.scores is not None
        assert joint.scores[1] == pytest.approx([2 / 3] * 3)
        assert owen.scores[1] != pytest.approx([2 / 3] * 3)

    def test_the_budget_is_spent_on_distinct_coalitions_in_full_batches(self) -> None:
        """At 72 tokens shap's partition evaluates 47 distinct strings in batches of 5.7."""
        model = LinearModel({"good": (0.0, 1.0)})
        found = ask("shap", model, " ".join(["good"] * 72))

        distinct = len(set(model.rows_asked))
        case = case_for(LinearModel({"good": (0.0, 1.0)}), " ".join(["good"] * 72))
        Shap().explain(case)
        assert distinct >= found.forward_passes >= 250
        assert np.mean(case.table.batches) > 0.9 * batch_for(len(case.inputs.tokens)) > 5.7


class TestLime:
    def test_a_chinese_sentence_has_a_player_for_each_word(self) -> None:
        """LIME splits at what is not a letter: the sentence is one feature."""
        assert IndexedString(CHINESE).num_words() == 1
        assert [f.text for f in ask("lime", tiny("bert"), CHINESE).features] == ["这部", "电影", "很", "好看"]

    def test_no_masked_text_is_evaluated_twice(self) -> None:
        """LIME sends 5,000 samples of eight words to the model, of which at most 256 differ."""
        sent: Counter[str] = Counter()
        LimeTextExplainer(random_state=0).explain_instance("a b c d e f g h", counting(sent), num_samples=5000)
        case = case_for(LinearModel({"good": (0.0, 1.0)}), EIGHT, accuracy="exact")

        build("lime").explain(case)
        build("shap").explain(case)

        assert sum(sent.values()) == 5000
        assert len(sent) <= 256
        assert case.table.evaluations == 256

    def test_no_made_up_word_reaches_the_model(self) -> None:
        """With bow=False LIME writes UNKWORDZ in place of a word, which a tokenizer cuts into pieces."""
        sent: Counter[str] = Counter()
        LimeTextExplainer(bow=False, random_state=0).explain_instance("a b c d", counting(sent), num_samples=50)
        model = tiny("bert")
        case = case_for(model, "a gorgeous film")

        with passed_through(model) as seen:
            build("lime").explain(case)

        assert any("UNKWORDZ" in text for text in sent)
        allowed = {*ids_of(case.inputs).ids.tolist(), wordpiece().mask_token_id}
        assert {int(i) for batch in seen for i in batch.flatten()} <= allowed

    def test_without_a_seed_the_answer_is_the_same_every_time(self) -> None:
        """LIME draws from a generator that nobody seeded: two runs differ."""
        first, second = (
            LimeTextExplainer().explain_instance(TWENTY, lengths, num_samples=100).as_list() for _ in range(2)
        )
        ours = [ask("lime", tiny("bert"), TWENTY, budget=64).scores for _ in range(2)]

        assert first != second
        assert ours[0] is not None
        assert (ours[0] == ours[1]).all()

    def test_the_fit_is_shown(self) -> None:
        """R² and the distance from the text's own output stand in the record and decide the badge."""
        straight = ask("lime", LinearModel({"good": (0.0, 1.0)}), "good film and bad")
        joint = ask("lime", AndModel(), "good film and bad")

        assert straight.checks["r2"] == pytest.approx(1)
        assert straight.checks["local_error"] == pytest.approx(0, abs=1e-9)
        assert straight.badge is not None
        assert straight.badge.level == "sound"
        assert joint.checks["local_error"] == pytest.approx(1)
        assert joint.badge is not None
        assert joint.badge.level == "distrust"

    def test_samples_come_in_bounded_batches(self) -> None:
        """LIME hands all 5,000 texts over in one call."""
        calls: list[int] = []
        LimeTextExplainer(random_state=0).explain_instance(
            "a b c d e f g h", lambda texts: calls.append(len(texts)) or lengths(texts), num_samples=5000
        )
        case = case_for(LinearModel({}), TWENTY)

        build("lime").explain(case)

        assert calls == [5000]
        assert max(case.table.batches) <= 64


class TestCaptum:
    def test_a_linear_function_is_integrated_exactly(self) -> None:
        """captum's riemann_trapezoid at 5 steps gives a linear function 80 % of its output; LIT stops at 29/30."""
        theirs = captum.attr.IntegratedGradients(lambda x: 3 * x.sum(dim=1)).attribute(
            torch.ones(1, 2), n_steps=5, method="riemann_trapezoid"
        )

        ours = ask("integrated-gradients", GradientModel({"good": (0.0, 3.0)}), "good good")

        assert theirs.sum().item() == pytest.approx(0.8 * 6)
        assert ours.scores is not None
        assert ours.scores[1] == pytest.approx([3, 3], abs=1e-6)

    @pytest.mark.parametrize("name", ["bert", "roberta", "xlm-roberta", "gpt2"])
    def test_positions_and_segments_stay_on_the_way_from_the_baseline(self, name: str) -> None:
        """A baseline with position ids of 0 has another output; here both ends of the way are the real ones."""
        case = case_for(tiny(name), "a gorgeous film", **({"text_pair": "is good"} if name == "bert" else {}))

        ends = case.model.path_gradients(case.inputs, np.array([0.0, 1.0]), value=case.value, targets=case.targets)

        assert ends.logits[:1] == pytest.approx(case.table.empty, abs=1e-5)
        assert ends.logits[1:] == pytest.approx(case.table.whole, abs=1e-5)

    def test_points_come_in_bounded_batches(self) -> None:
        """captum sends all steps through the model at once unless it is told otherwise."""
        theirs: list[int] = []
        captum.attr.IntegratedGradients(lambda x: theirs.append(len(x)) or x.sum(dim=1)).attribute(
            torch.ones(1, 2), n_steps=300
        )
        model = tiny("bert")
        case = case_for(model, "a gorgeous film")
        ours: list[int] = []
        handle = register_module_forward_pre_hook(
            lambda module, args: ours.append(len(args[0])) if type(module).__name__ == "LayerNorm" else None
        )
        try:
            build("integrated-gradients", {"tolerance": 1e-12}).explain(case)
        finally:
            handle.remove()

        assert max(theirs) == 300
        assert max(ours) == 32

    def test_sampling_is_paired_seeded_and_large_enough(self) -> None:
        """captum's KernelShap takes 25 samples, without a seed and without complements."""
        options = inspect.signature(captum.attr.KernelShap.attribute).parameters
        case = case_for(tiny("bert"), TWENTY)

        found = Shap().explain(case)

        assert options["n_samples"].default == 25
        assert not {"seed", "random_state", "generator", "paired"} & set(options)
        assert case.table.evaluations >= 500
        assert (found.scores == Shap().explain(case_for(tiny("bert"), TWENTY)).scores).all()


class TestTransformersInterpret:
    @pytest.mark.parametrize("name", ["bert", "roberta", "xlm-roberta"])
    def test_what_is_explained_is_what_was_typed(self, name: str) -> None:
        """No punctuation is rewritten, and the ids are the tokenizer's for the text."""
        text = "Don't!!  a  'good'—film ,really?"
        model = tiny(name)

        found = ask("shap", model, text, budget=64)

        assert found.text == text
        assert all(text[f.start : f.end] == f.text for f in found.features)
        assert found.prediction.logits == pytest.approx(served(model, text), abs=1e-6)

    @pytest.mark.parametrize("name", ["bert", "xlm-roberta"])
    def test_segments_are_the_tokenizers(self, name: str) -> None:
        """Segment 1 for the last [SEP] alone is not invented; XLM-R, which has no second segment, is explained."""
        case = case_for(tiny(name), "a gorgeous film")

        assert ids_of(case.inputs).segments is None or not ids_of(case.inputs).segments.any()
        assert np.isfinite(ask("integrated-gradients", tiny(name), "a gorgeous film").output).all()


class TestFerret:
    def test_segments_of_a_pair_stay_in_masked_rows(self) -> None:
        """With everything kept, masked evaluation and prediction agree; so they would not without the segments."""
        model = tiny("bert")
        case = case_for(model, "a gorgeous film", text_pair="the movie is bad")
        everything = np.ones((1, case.table.players), dtype=bool)

        assert ids_of(case.inputs).segments is not None
        assert ids_of(case.inputs).segments.any()
        assert model.outputs(case.inputs, everything) == pytest.approx(case.table.whole, abs=1e-6)
        assert without_segments(case) != pytest.approx(case.table.whole, abs=1e-3)

    def test_a_head_with_one_output_is_explained(self) -> None:
        """A soft-max over one output is 1, whatever the text, and every score 0."""
        found = ask("shap", tiny("bert", labels=1, problem="regression"), "a gorgeous film")

        assert found.unit == "output"
        assert found.scores is not None
        assert np.abs(found.scores).max() > 1e-3

    @pytest.mark.parametrize("players", [1, 2, 7, 40])
    def test_areas_are_means_over_the_same_bins(self, players: int) -> None:
        """Five, for every score vector of every text."""
        assert len(kept([range(players)], players)) == len(SHARES) == 5


class TestLit:
    def test_the_error_is_shown(self) -> None:
        """The residual stands in the result and decides the badge."""
        found = ask("integrated-gradients", tiny("bert"), "a gorgeous film")

        assert found.residual is not None
        assert found.badge is not None
        assert "residual" in {reason.code for reason in found.badge.reasons}

    def test_words_are_not_split_at_spaces_alone(self) -> None:
        """Punctuation is a player of its own, an apostrophe inside a word is not."""
        found = ask("lime", tiny("bert"), "don't, film!")

        assert [f.text for f in found.features] == ["don't", ",", "film", "!"]

    def test_attention_is_there(self) -> None:
        """Every layer and head, for models whose fast kernels give none."""
        found = ask("attention", tiny("bert"), "a gorgeous film")

        assert found.relations is not None
        assert found.relations.ndim == 4


def lengths(texts: list[str]) -> Any:
    share = np.array([len(text) / 200 for text in texts])
    return np.stack([1 - share, share], axis=1)


def counting(sent: Counter[str]) -> Any:
    def count(texts: list[str]) -> Any:
        sent.update(texts)
        return lengths(texts)

    return count


def served(model: Any, text: str) -> list[float]:
    """The logits of the plain call: tokenizer, then network."""
    ids = torch.tensor([model._encoder.tokenizer(text)["input_ids"]])
    with torch.inference_mode():
        logits: list[float] = model._network.module(input_ids=ids).logits[0].tolist()
    return logits


def without_segments(case: Case) -> Any:
    with torch.inference_mode():
        return case.model._network.module(input_ids=torch.from_numpy(ids_of(case.inputs).ids)[None]).logits.numpy()
