"""The recipe of the embedded model of captions: a small vision transformer and decoder, taught on drawn scenes.

In most scenes parts are hidden as an explanation hides them, and the words of a hidden shape become a guess
among all words of their sort. So what each word comes from is known: the shape that it names.

    python -m explainers.models.teaching.training

goes on for MINUTES from where the last call stopped; the last call writes the model.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from importlib.metadata import version
from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...scenes.drawing import SIDE
from ...scenes.language import LONGEST, VOCABULARY, tokenizer
from .lessons import CELL, HIDING, batch_of, drawn

WIDTH, HEADS, INNER = 96, 4, 192
LAYERS, DECODING = 3, 2  # layers of the encoder and of the decoder
STEPS, BATCH, RATE = 3300, 64, 1.5e-3
WARMUP = 200
POOL = 12_000  # scenes drawn for one call
BUILD = Path("build/captions")
FOLDER = Path(__file__).parent.parent / "embedded" / "captions"
MINUTES = 8.0
CARD: dict[str, Any] = {
    "name": "captions",
    "title": "Captions of drawn scenes",
    "description": "A teaching model: it says which shapes a drawn scene holds, and where.",
    "intended_use": "To see a caption explained at once, and to check maps: what each word comes from is known.",
    "limits": [
        "It knows two or three plain shapes on a plain ground, five kinds in six colours, and nothing else.",
        "Of a photo it says a caption of shapes all the same: its words then mean nothing.",
        "Names the shapes from left to right, each with its place to the next: left of, above, below.",
    ],
    "language": "en",
    "labels": [],
    "maximum_length": LONGEST,
    "seed": 0,
    "training_texts": STEPS * BATCH,
    "unit": "scenes",
    "fit": {"steps": STEPS, "batch": BATCH, "learning_rate": RATE, "hidden_parts": HIDING},
    "figures": [],
}


def network() -> Any:
    """The network with weights drawn by torch's random state."""
    from transformers import GPT2Config, GPT2LMHeadModel, VisionEncoderDecoderModel, ViTConfig, ViTModel

    encoder = ViTConfig(
        image_size=SIDE,
        patch_size=CELL,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=INNER,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    decoder = GPT2Config(
        vocab_size=len(VOCABULARY),
        n_positions=LONGEST,
        n_embd=WIDTH,
        n_layer=DECODING,
        n_head=HEADS,
        n_inner=INNER,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        add_cross_attention=True,
        is_decoder=True,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=2,
    )
    made = VisionEncoderDecoderModel(
        encoder=ViTModel(encoder, add_pooling_layer=False), decoder=GPT2LMHeadModel(decoder)
    )
    made.config.decoder_start_token_id, made.config.eos_token_id, made.config.pad_token_id = 0, 1, 2
    return made


def loss_of(module: Any, batch: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Cross entropy against the wanted shares, the mean over all words."""
    pixels, before, wanted = batch
    odds = module(pixel_values=pixels, decoder_input_ids=before, use_cache=False).logits.log_softmax(dim=-1)
    loss: torch.Tensor = -(wanted * odds).sum() / wanted.sum()
    return loss


def rate_at(step: int) -> float:
    """The learning rate: a short rise, then half a cosine."""
    return RATE * min(step / WARMUP, 0.5 + 0.5 * cos(pi * step / STEPS))


def go_on(minutes: float) -> int:
    """Train for so many minutes from where the last call stopped; the steps done."""
    torch.manual_seed(0)
    module, kept = network(), BUILD / "state.pt"
    optimiser = torch.optim.AdamW(module.parameters(), lr=RATE, weight_decay=0.02, betas=(0.9, 0.98))
    step = 0
    if kept.exists():
        state = torch.load(kept, weights_only=True)
        module.load_state_dict(state["module"])
        optimiser.load_state_dict(state["optimiser"])
        step = int(state["step"])
    draw, until, started = np.random.default_rng((0, step)), time.monotonic() + 60 * minutes, time.monotonic()
    pool, losses, first = drawn(draw, POOL), [], step
    torch.manual_seed(step)
    module.train()
    while step < STEPS and time.monotonic() < until:
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step + 1)
        loss = loss_of(module, batch_of(pool, draw, BATCH))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimiser.step()
        losses.append(float(loss.detach()))
        step += 1
        if step % 100 == 0:
            each = (time.monotonic() - started) / (step - first)
            print(f"step {step}: loss {np.mean(losses[-100:]):.4f}, {each:.2f} s a step", flush=True)
            _keep(module, optimiser, step)
    _keep(module, optimiser, step)
    write(module, FOLDER if step >= STEPS else BUILD / "model")
    return step


def _keep(module: Any, optimiser: Any, step: int) -> None:
    """Write down how far the training is: whole, or not at all."""
    BUILD.mkdir(parents=True, exist_ok=True)
    part = BUILD / "state.part"
    torch.save({"module": module.state_dict(), "optimiser": optimiser.state_dict(), "step": step}, part)
    part.replace(BUILD / "state.pt")


def write(module: Any, folder: Path) -> None:
    """The folder of the model as anyone would save one, with weights of 16 bits."""
    module.eval()
    for config in (module.config, module.generation_config):
        config.decoder_start_token_id, config.eos_token_id, config.pad_token_id = 0, 1, 2
    state = {name: weight.half() for name, weight in module.state_dict().items()}
    module.save_pretrained(folder, state_dict=state)
    tokenizer().save_pretrained(folder)
    preparation = {
        "do_resize": True,
        "size": {"height": SIDE, "width": SIDE},
        "resample": 2,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(preparation, indent=1) + "\n", encoding="utf-8")
    weights = (folder / "model.safetensors").read_bytes()
    card = {**CARD, "weights": {"sha256": hashlib.sha256(weights).hexdigest()}}
    card["libraries"] = {name: version(name) for name in ("torch", "transformers")}
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    done = go_on(parser.parse_args().minutes)
    print(f"{done} of {STEPS} steps" + ("" if done >= STEPS else ": call it again"))
