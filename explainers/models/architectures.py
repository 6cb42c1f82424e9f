"""The architectures that are supported, and in what they differ from a BERT that reads its first position.

What is listed here was compared with transformers' own forward, masked and whole, in tests/explainers/models.
"""

from __future__ import annotations

from typing import Any

from ..contract import BaselineKind, Need

ENCODERS = frozenset(
    {
        "albert", "bert", "big_bird", "camembert", "convbert", "data2vec-text", "deberta", "deberta-v2",
        "distilbert", "electra", "ernie", "funnel", "longformer", "megatron-bert", "mobilebert", "modernbert",
        "mpnet", "rembert", "roberta", "roformer", "squeezebert", "xlm-roberta", "xlm-roberta-xl", "xlnet",
    }
)  # fmt: skip
DECODERS = frozenset(
    {
        "bloom", "gemma", "gemma2", "gemma3_text", "gpt2", "gpt_neox", "llama", "mistral", "olmo2", "opt",
        "phi", "phi3", "qwen2", "qwen3", "smollm3", "starcoder2",
    }
)  # fmt: skip
MODEL_TYPES = ENCODERS | DECODERS
CAUSAL = DECODERS  # as language models
# Classifiers of pictures. The last is our own name for the one embedded checkpoint.
PICTURES = frozenset({"beit", "convnext", "deit", "resnet", "swin", "vit", "efficientnet-lite0"})
LISTENERS = frozenset({"whisper"})  # which write down what they hear
TRANSLATORS = frozenset({"bart", "m2m_100", "marian", "mbart", "mt5", "t5"})
HIDES = CAUSAL - {"bloom", "opt"}  # these two number positions by what is seen, so that hiding would move the others
FROM_PAD = frozenset({"roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "data2vec-text", "longformer"})
READ_LAST = frozenset({"xlnet"})  # encoders whose classifier reads the last position
IN_PLACE = frozenset({"longformer"})  # writes into the results of products, which the quicker ones do not allow
FP32_ONLY = frozenset({"funnel", "mobilebert"})  # layers that read fp32 positions; states that no norm keeps small

NOT_OFFERED: dict[str, frozenset[Need]] = {
    "convbert": frozenset({Need.ATTENTIONS}),  # half of what a layer mixes goes through a convolution
    "funnel": frozenset({Need.ATTENTIONS, Need.LAYERS}),  # deeper layers have fewer positions than tokens
    "longformer": frozenset({Need.ATTENTIONS, Need.LAYERS}),  # attention of windows, states of a padded text
    "squeezebert": frozenset({Need.ATTENTIONS, Need.LAYERS}),  # scores instead of shares; channels before positions
    "xlnet": frozenset({Need.ATTENTIONS, Need.LAYERS}),  # attention without gradients; positions before rows
}


def not_offered(config: Any) -> frozenset[Need]:
    """Needs of methods that an architecture's own forward does not meet."""
    return NOT_OFFERED.get(config.model_type, frozenset())


def longest_full(config: Any) -> int | None:
    """BigBird: the tokens up to which transformers computes its full attention; None for all others.

    Beyond, its attention is sparse and the network would have to be another one for long texts than for short ones.
    """
    if config.model_type != "big_bird" or config.attention_type != "block_sparse":
        return None
    return int((5 + 2 * config.num_random_blocks) * config.block_size)


def looks_back(config: Any) -> bool:
    """Whether a layer of a decoder sees only the places just before each."""
    kinds = getattr(config, "layer_types", None)
    sliding = getattr(config, "sliding_window", None) is not None
    return sliding and (kinds is None or any("sliding" in kind for kind in kinds))


def ways_without_token(config: Any) -> tuple[BaselineKind, ...]:
    """Ways of leaving tokens out of a decoder's prompt that take no token for them."""
    if config.model_type not in HIDES:
        return ()
    return ("hidden",) if looks_back(config) else ("hidden", "deleted")


def in_full(network: Any) -> Any:
    """The network with full attention, as transformers itself sets it for short texts."""
    if network.config.model_type == "big_bird":
        network.base_model.set_attention_type("original_full")
    return network
