"""A model of speech: its columns are its network's own, and what is hidden is not heard."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from explainers import (
    AudioInput,
    BadInput,
    BadModel,
    Decoding,
    Question,
    TokenOutput,
    check_folder,
    explain,
    load_model,
)
from explainers.inputs.audio.encoding import heard
from explainers.inputs.text.continuation import continued
from explainers.models.folders.wheels import WHEELS
from explainers.models.recordings.ctranslate import read, write_folder
from explainers.models.speech import SpeechModel
from tests.listening import HEARING, RATE, folder_of, model, network, sound, tokenizer

SAID = " ab cd"
ASKED = TokenOutput(continuation=SAID, whole=True)


@pytest.fixture(scope="module")
def listener() -> SpeechModel:
    return model()


def question(**changes: Any) -> Question:
    return Question(**({"input": sound(), "outputs": ASKED} | changes))


def features(listener: SpeechModel, samples: Any) -> torch.Tensor:
    """(1, bins, frames) as transformers makes them."""
    made = HEARING._extractor(samples, sampling_rate=RATE, return_tensors="pt", padding="max_length")
    found: torch.Tensor = made["input_features"]
    return found


def test_columns_are_the_networks_own(listener: SpeechModel) -> None:
    """Each token by its logit after the tokens before it, as the whole network gives them for its own features."""
    inputs = listener.encode(question())
    ids = continued(inputs).continued
    before = torch.tensor([[*listener._network.start, *ids[:-1]]])  # type: ignore[attr-defined]
    with torch.inference_mode():
        logits = listener.module(input_features=features(listener, sound().samples), decoder_input_ids=before).logits[
            0, 1:
        ]
    wanted = logits.double().log_softmax(-1)[range(len(ids)), ids]
    columns = listener.predict([inputs])
    found = listener.output_of(inputs).value(columns, "log-probability", list(range(len(ids) + 1)))[0]

    assert found[:-1] == pytest.approx(wanted.numpy(), abs=1e-4)
    assert found[-1] == pytest.approx(float(wanted.sum()), abs=1e-4)


def test_what_is_said_is_what_transformers_generates(listener: SpeechModel) -> None:
    own = listener.generate(question(outputs=None), Decoding(max_tokens=12))
    settings = listener.module.generation_config
    with torch.inference_mode():
        made = listener.module.generate(
            features(listener, sound().samples), max_new_tokens=12, do_sample=False, return_timestamps=False,
            num_beams=1, generation_config=settings,
        )  # fmt: skip
    theirs = [each for each in made[0].tolist() if each not in tokenizer().all_special_ids]

    assert [token.id for token in own.tokens] == theirs[: len(own.tokens)]
    assert len(own.tokens) > 3


def test_an_absent_stretch_sounds_like_what_follows_the_recording(listener: SpeechModel) -> None:
    """Without its last stretches a recording is the shorter recording, but for the frames around the cut."""
    inputs = listener.encode(question(players="span"))
    keep = np.ones((1, len(inputs.features)), dtype=bool)
    keep[0, 5:] = False
    held = heard(inputs)
    cells = np.where(inputs.kept_positions(keep)[0][:, None], held.whole, held.absent)
    samples = sound().samples
    assert samples is not None
    shorter = HEARING.heard(samples[: int(inputs.features[5].start * RATE)])  # type: ignore[union-attr]
    apart = np.abs(cells - shorter).max(axis=1)

    assert inputs.features[5].start == pytest.approx(0.5)  # type: ignore[union-attr]
    assert set(np.flatnonzero(apart > 1e-3)) <= {24, 25, 26}
    assert (inputs.owner[held.cells + 1 :] == -1).all()


def test_every_method_explains_every_token(listener: SpeechModel) -> None:
    """Shapley values add up, leave-one-out is what the network says without the stretch, in both baselines."""
    for baseline in ("silence", "noise"):
        asked: dict[str, Any] = {"outputs": ASKED, "players": "span", "baseline": baseline}
        shap = explain(sound(0.5), listener, method="shap", accuracy="exact", **asked)
        alone = explain(sound(0.5), listener, method="leave-one-out", **asked)
        inputs = listener.encode(question(input=sound(0.5), players="span", baseline=baseline))
        keep = np.ones((1, len(inputs.features)), dtype=bool)
        keep[0, 2] = False
        rows = list(range(len(shap.targets)))
        without = listener.output_of(inputs).value(listener.outputs(inputs, keep), "log-probability", rows)[0]

        assert shap.residual == pytest.approx(np.zeros(len(rows)), abs=1e-4)
        assert alone.scores is not None
        assert alone.output - alone.scores[:, 2] == pytest.approx(without, abs=1e-4)
        assert shap.features[0].kind == "span"
    sloped = explain(sound(), listener, method="gradient-x-input", outputs=ASKED, players="span")
    assert np.isfinite(sloped.scores).all()  # type: ignore[arg-type]


def test_only_the_layers_of_the_encoder_are_in_half_precision(listener: SpeechModel) -> None:
    """Near the exact numbers, and not the same; what predicts stays as it was."""
    inputs = listener.encode(question(input=sound(0.5), players="span"))
    keep = np.random.default_rng(0).random((8, len(inputs.features))) < 0.5
    exact, rough = listener.outputs(inputs, keep), listener.outputs(inputs, keep, precision="bf16")
    kinds = {name: weight.dtype for name, weight in listener._half.module.named_parameters()}

    assert 0 < np.abs(exact - rough).max() < 0.2 * np.ptp(exact)
    assert {kind for name, kind in kinds.items() if name.startswith("model.encoder.layers")} == {torch.bfloat16}
    assert {kind for name, kind in kinds.items() if not name.startswith("model.encoder.layers")} == {torch.float32}
    assert next(listener.module.parameters()).dtype == torch.float32


def test_a_contrast_and_words_are_players(listener: SpeechModel) -> None:
    against = explain(sound(), listener, method="leave-one-out", outputs=TokenOutput(continuation=SAID, contrast=" xy"))
    words = listener.encode(question(players="word"))

    assert against.targets[-1].label == "ab cd / xy"
    assert {span.word for span in words.features} <= {"ab", "cd", ""}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"input": {"text": "a word"}}, "hears recordings"),
        ({"baseline": "mask"}, "no|not exist for a recording"),
        ({"players": "sentence"}, "has no sentences"),
        ({"input": sound(2.5)}, "2.5 s long; the model hears 2 s"),
        ({"input": AudioInput(digest="0" * 64)}, "are not here"),
        ({"outputs": {"kind": "classes"}}, "ask for tokens"),
    ],
)
def test_what_cannot_be_asked_is_refused(listener: SpeechModel, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        listener.encode(question(**changes))


def test_a_folder_hears_as_its_network_does(tmp_path: Path) -> None:
    """A folder of save_pretrained is loaded with the same numbers, and refused where its preparation is another."""
    made = network()
    folder = folder_of(tmp_path / "own", made)
    loaded = load_model(folder)
    asked = question(players="span")

    assert loaded.task == "speech"
    assert loaded.predict([loaded.encode(asked)]) == pytest.approx(model().predict([model().encode(asked)]), abs=1e-5)
    for name, wrong, said in (
        ("preprocessor_config.json", '{"feature_size": 20}', "num_mel_bins is 16"),
        ("preprocessor_config.json", None, "feature_extractor.save_pretrained"),
    ):
        (folder / name).unlink()
        if wrong is not None:
            (folder / name).write_text(wrong)
        with pytest.raises(BadModel, match=said):
            check_folder(folder)


def test_a_file_of_ctranslate_gives_the_same_weights(tmp_path: Path) -> None:
    """Written as CTranslate2 writes it, read back: every weight under its name; cut short, it is refused."""
    made = network()
    weights = made.state_dict()
    path = tmp_path / "model.bin"
    path.write_bytes(_ctranslate(weights))
    tokenizer().backend_tokenizer.save(str(tmp_path / "tokenizer.json"))
    plain = {"suppress_ids": [], "suppress_ids_begin": [], "alignment_heads": [[0, 1]]}
    (tmp_path / "config.json").write_text(json.dumps(plain))
    write_folder(path, tmp_path / "made")
    from safetensors.torch import load_file

    found = load_file(tmp_path / "made" / "model.safetensors")
    unlike = [name for name, weight in found.items() if not torch.equal(weight, weights[name])]
    path.write_bytes(path.read_bytes()[:-40])

    assert unlike == []
    assert set(weights) - set(found) == {"proj_out.weight"}  # which is the table of the decoder
    with pytest.raises(BadModel, match="cut short"):
        read(path)


def _ctranslate(weights: Any) -> bytes:
    """Whisper's weights in the format of CTranslate2."""

    def named(text: str) -> bytes:
        return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"

    def joined(prefix: str, parts: tuple[str, ...], kind: str) -> Any:
        held = [weights.get(f"{prefix}.{part}.{kind}") for part in parts]
        size = next(each for each in held if each is not None)
        return torch.cat([torch.zeros_like(size) if each is None else each for each in held])

    entries: dict[str, Any] = {}
    for side in ("encoder", "decoder"):
        entries[f"{side}/num_heads"] = np.array(2, dtype="<i2")
        entries[f"{side}/position_encodings/encodings"] = weights[f"model.{side}.embed_positions.weight"]
        norms = [("layer_norm", "layer_norm")]
        for number in range(2):
            layer, ours = f"layer_{number}", f"layers.{number}"
            norms += [(f"{layer}/self_attention/layer_norm", f"{ours}.self_attn_layer_norm")]
            norms += [(f"{layer}/ffn/layer_norm", f"{ours}.final_layer_norm")]
            kinds = [("self_attention", "self_attn", (("q_proj", "k_proj", "v_proj"), ("out_proj",)))]
            if side == "decoder":
                norms += [(f"{layer}/attention/layer_norm", f"{ours}.encoder_attn_layer_norm")]
                kinds += [("attention", "encoder_attn", (("q_proj",), ("k_proj", "v_proj"), ("out_proj",)))]
            for theirs, own, groups in kinds:
                for place, group in enumerate(groups):
                    for kind in ("weight", "bias"):
                        name = f"{side}/{layer}/{theirs}/linear_{place}/{kind}"
                        entries[name] = joined(f"model.{side}.{ours}.{own}", group, kind)
            for place, name in enumerate(("fc1", "fc2")):
                for kind in ("weight", "bias"):
                    entries[f"{side}/{layer}/ffn/linear_{place}/{kind}"] = weights[f"model.{side}.{ours}.{name}.{kind}"]
        for theirs, own in norms:
            for kind, other in (("weight", "gamma"), ("bias", "beta")):
                entries[f"{side}/{theirs}/{other}"] = weights[f"model.{side}.{own}.{kind}"]
    entries["decoder/embeddings/weight"] = weights["model.decoder.embed_tokens.weight"]
    for number in (1, 2):
        for kind in ("weight", "bias"):
            entries[f"encoder/conv{number}/{kind}"] = weights[f"model.encoder.conv{number}.{kind}"]
    made = struct.pack("<I", 6) + named("WhisperSpec") + struct.pack("<II", 3, len(entries))
    for name, held in entries.items():
        array = np.asarray(held)
        code = {"float32": 0, "int16": 2}[array.dtype.name]
        made += named(name) + struct.pack(f"<B{array.ndim}IBI", array.ndim, *array.shape, code, array.nbytes)
        made += array.tobytes()
    return made + struct.pack("<I", 0)


@pytest.mark.skipif(WHEELS["whisper-tiny-en"].path is None, reason="whence models fetch whisper-tiny-en")
def test_the_wheel_is_the_pinned_one() -> None:
    wheel = WHEELS["whisper-tiny-en"]
    assert wheel.path is not None

    wheel.verify(wheel.path)
    arrays = read(wheel.path)
    assert arrays["decoder/embeddings/weight"].shape == (51864, 384)
    assert np.isfinite(arrays["encoder/conv1/weight"]).all()
