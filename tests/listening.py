"""A tiny Whisper that is built in the test, and sounds for it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as Decoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from transformers import WhisperConfig, WhisperForConditionalGeneration
from transformers.tokenization_utils_tokenizers import PreTrainedTokenizerFast

from explainers.contract import AudioInput
from explainers.inputs.audio.hearing import Hearing
from explainers.models.speech import SpeechModel

RATE = 16_000
HEARING = Hearing(seconds=2, bins=16)
SPECIAL = ("<|endoftext|>", "<|startoftranscript|>", "<|notimestamps|>")


def tokenizer() -> PreTrainedTokenizerFast:
    """Single bytes, and after them the tokens that begin and end a transcript."""
    letters = sorted(ByteLevel.alphabet())
    backend = Tokenizer(BPE(vocab={letter: number for number, letter in enumerate(letters)}, merges=[]))
    backend.pre_tokenizer = ByteLevel(add_prefix_space=False)
    backend.decoder = Decoder()
    backend.add_special_tokens(list(SPECIAL))
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token=SPECIAL[0], clean_up_tokenization_spaces=False)


def folder_of(folder: Path, made: Any) -> Path:
    """The network as a folder that save_pretrained wrote."""
    folder.mkdir(parents=True, exist_ok=True)
    made.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    sizes = {"feature_size": HEARING.bins, "chunk_length": HEARING.seconds}
    kind = {"feature_extractor_type": "WhisperFeatureExtractor"}
    (folder / "preprocessor_config.json").write_text(json.dumps(sizes | kind))
    return folder


def model() -> SpeechModel:
    """A listener of random weights."""
    return SpeechModel(network(), tokenizer(), id="listener", digest="listener", hearing=HEARING)


def network(seed: int = 0, **sizes: Any) -> WhisperForConditionalGeneration:
    """Random weights, large enough that what is heard changes what is said."""
    words = tokenizer()
    end, start, plain = words.convert_tokens_to_ids(list(SPECIAL))
    config = WhisperConfig(
        vocab_size=len(words), num_mel_bins=HEARING.bins, d_model=16, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32,
        max_source_positions=HEARING.cells, max_target_positions=64, decoder_start_token_id=start, eos_token_id=end,
        pad_token_id=end, bos_token_id=end, suppress_tokens=None, begin_suppress_tokens=None, init_std=0.5, **sizes,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = WhisperForConditionalGeneration(config)
    made.generation_config._from_model_config = False  # else it is made anew of the other configuration
    made.generation_config.no_timestamps_token_id = plain
    made.generation_config.begin_suppress_tokens = [end]
    return made.eval().requires_grad_(False)


def written(form: str = "WAV", *, seconds: float = 1.0, rate: int = RATE, channels: int = 1, **saved: Any) -> bytes:
    """The sound as a file; further channels are silent."""
    samples = sound(seconds, rate).samples
    assert samples is not None
    out = io.BytesIO()
    held = np.zeros((len(samples), channels), dtype=np.float32)
    held[:, 0] = samples
    soundfile.write(out, held, rate, format=form, **saved)
    return out.getvalue()


def sound(seconds: float = 1.0, rate: int = RATE, seed: int = 0) -> AudioInput:
    """Tones that change every fifth of a second, over some noise."""
    generator = np.random.default_rng(seed)
    time = np.arange(int(seconds * rate)) / rate
    pitch = 200 * 1.5 ** (time // 0.2)
    return AudioInput.of(
        (0.3 * np.sin(2 * np.pi * pitch * time) + 0.01 * generator.standard_normal(len(time))).astype(np.float32), rate
    )
