"""Small classifiers of every supported architecture, built in code: two layers, width 32, random weights.

Nothing is downloaded. The weights are wide enough that masking a word visibly moves the logits.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForImageClassification,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PreTrainedTokenizerFast,
)

from explainers.models.architectures import in_full
from explainers.models.continuation import ContinuationModel
from explainers.models.similarity import SimilarityModel
from explainers.models.transformer import TransformerModel
from explainers.models.vision import VisionModel

WORDS = (
    "a the film movie is was not never good bad great clumsy witty funny dull and but from its opening recovers "
    "gorgeous worker co don re you it i t s pay 3 5 1 0 de caf e na ve"
)
CORPUS = [
    "a gorgeous, witty film that never recovers from its clumsy opening",
    "the movie is good and the movie is not bad, don't you think?",
    "co-worker 3.5 naïve café 这部电影很好看 お茶を飲みます नमस्ते مرحبا بالعالم สวัสดี 😀👍🏽",
] * 4
SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 130,
    "initializer_range": 0.25,
}
GROUPS = [f"{part}_groups" for part in ("q", "k", "v", "post_attention", "intermediate", "output")]
UNKNOWN = {"funnel": ("num_hidden_layers",), "xlnet": ("max_position_embeddings",)}  # what a configuration refuses
ENCODERS = {
    "bert": ("wordpiece", {"type_vocab_size": 2}),
    "distilbert": ("wordpiece", {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48, "seq_classif_dropout": 0.0}),
    "roberta": ("bytes", {"type_vocab_size": 1}),
    "xlm-roberta": ("unigram", {"type_vocab_size": 1}),
    "camembert": ("unigram", {"type_vocab_size": 1}),
    "albert": ("unigram", {"embedding_size": 16, "classifier_dropout_prob": 0.0}),
    "electra": ("wordpiece", {"embedding_size": 16}),
    "deberta": ("bytes", {"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "type_vocab_size": 0}),
    "deberta-v2": (
        "unigram",
        {"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "position_buckets": 16, "type_vocab_size": 0},
    ),
    "mpnet": ("wordpiece", {}),
    "big_bird": ("unigram", {"attention_type": "block_sparse", "block_size": 16, "num_random_blocks": 1}),
    "convbert": ("wordpiece", {"embedding_size": 16, "head_ratio": 2, "conv_kernel_size": 3}),
    "data2vec-text": ("bytes", {"type_vocab_size": 1}),
    "ernie": ("wordpiece", {"type_vocab_size": 2}),
    "funnel": ("wordpiece", {"d_model": 32, "n_head": 4, "d_head": 8, "d_inner": 48, "block_sizes": [1, 1]}),
    "longformer": ("bytes", {"attention_window": 8, "type_vocab_size": 1}),
    "megatron-bert": ("wordpiece", {"type_vocab_size": 2}),
    "mobilebert": (
        "wordpiece",
        {"embedding_size": 16, "intra_bottleneck_size": 32, "true_hidden_size": 32, "initializer_range": 0.15},
    ),
    "rembert": ("unigram", {"input_embedding_size": 16, "output_embedding_size": 16, "type_vocab_size": 2}),
    "roformer": ("wordpiece", {"embedding_size": 16, "type_vocab_size": 2}),
    "squeezebert": ("wordpiece", {"embedding_size": 32, "type_vocab_size": 2, **dict.fromkeys(GROUPS, 1)}),
    "xlm-roberta-xl": ("unigram", {"type_vocab_size": 1}),
    "xlnet": ("unigram", {"d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 48}),
    "modernbert": ("bytes", {"local_attention": 8, "global_attn_every_n_layers": 2}),
}
DECODERS = {
    "gpt2": ("bytes", {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 130}),
    "llama": ("unigram", {"num_key_value_heads": 2}),
    "mistral": ("unigram", {"num_key_value_heads": 2, "sliding_window": None}),
    "bloom": ("bytes", {"n_layer": 2, "n_head": 4}),
    "gemma": ("unigram", {"num_key_value_heads": 2, "head_dim": 8}),
    "gemma2": ("unigram", {"num_key_value_heads": 2, "head_dim": 8, "sliding_window": 16, "query_pre_attn_scalar": 8}),
    "gemma3_text": ("unigram", {"num_key_value_heads": 2, "head_dim": 8, "query_pre_attn_scalar": 8}),
    "gpt_neox": ("bytes", {}),
    "olmo2": ("unigram", {"num_key_value_heads": 2}),
    "opt": ("unigram", {"ffn_dim": 48, "word_embed_proj_dim": 32}),
    "phi": ("bytes", {}),
    "phi3": ("unigram", {"num_key_value_heads": 2}),
    "smollm3": ("unigram", {"num_key_value_heads": 2}),
    "starcoder2": ("bytes", {"num_key_value_heads": 2}),
    "qwen2": ("bytes", {"num_key_value_heads": 2}),
    "qwen3": ("bytes", {"num_key_value_heads": 2, "head_dim": 8}),
}
ARCHITECTURES = (*ENCODERS, *DECODERS)
TRANSLATORS = {
    "t5": (
        "unigram",
        {"d_model": 32, "num_layers": 2, "num_heads": 4, "d_kv": 8, "d_ff": 48, "initializer_factor": 8.0},
    ),
    "bart": (
        "bytes",
        {"d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4}
        | {"decoder_attention_heads": 4, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "init_std": 0.1}
        | {"scale_embedding": True},
    ),
    "marian": (
        "unigram",
        {"d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4}
        | {"decoder_attention_heads": 4, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "init_std": 0.1}
        | {"scale_embedding": True},
    ),
}
CONTINUING = (*DECODERS, *TRANSLATORS)


def tiny(name: str, *, labels: int = 2, problem: str | None = None, seed: int = 0, **changed: Any) -> TransformerModel:
    """A classifier of architecture `name` with random weights; equal arguments give the same object."""
    return _tiny(name, labels, problem, seed, tuple(sorted(changed.items())))


@cache
def _tiny(name: str, labels: int, problem: str | None, seed: int, changed: tuple[tuple[str, Any], ...]) -> Any:
    tokenizer = tokenizer_for(name)
    network = network_for(name, tokenizer, labels=labels, problem=problem, seed=seed, **dict(changed))
    return TransformerModel(network, tokenizer, id=f"tiny-{name}", digest=f"{name}-{labels}-{problem}-{seed}")


def network_for(
    name: str,
    tokenizer: Any,
    *,
    labels: int = 2,
    problem: str | None = None,
    seed: int = 0,
    task: str = "text",
    **changed: Any,
) -> Any:
    """The torch module alone, in fp32 and evaluation mode."""
    sizes = {**SIZES, **(ENCODERS | DECODERS)[name][1], **changed}
    for refused in UNKNOWN.get(name, ()):
        sizes.pop(refused)
    config = AutoConfig.for_model(
        name,
        vocab_size=len(tokenizer),
        num_labels=labels,
        problem_type=problem,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        cls_token_id=tokenizer.cls_token_id,
        sep_token_id=tokenizer.sep_token_id,
        **sizes,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        auto = AutoModelForTokenClassification if task == "word" else AutoModelForSequenceClassification
        network = in_full(auto.from_config(config))
    return network.requires_grad_(False).eval()


@cache
def tiny_continuing(name: str, seed: int = 0, **changed: Any) -> ContinuationModel:
    """A language model or translator of architecture `name` with random weights; `changed` is of its configuration."""
    tokenizer = tokenizer_for(name)
    sizes = {"max_position_embeddings": 130} if name in TRANSLATORS else SIZES
    config = AutoConfig.for_model(
        name,
        vocab_size=len(tokenizer),
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
        **{**sizes, **(DECODERS | TRANSLATORS)[name][1], **changed},
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        auto = AutoModelForSeq2SeqLM if name in TRANSLATORS else AutoModelForCausalLM
        network = auto.from_config(config).requires_grad_(False).eval()
    return ContinuationModel(network, tokenizer, id=f"tiny-{name}", digest=f"{name}-{seed}-{sorted(changed.items())}")


@cache
def tiny_vision(side: int = 24, labels: int = 2, seed: int = 0) -> VisionModel:
    """A vision transformer with patches of 8 pixels and random weights."""
    config = AutoConfig.for_model(
        "vit",
        image_size=side,
        patch_size=8,
        num_labels=labels,
        **{name: size for name, size in SIZES.items() if name != "max_position_embeddings"},
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = AutoModelForImageClassification.from_config(config).requires_grad_(False).eval()
    return VisionModel(network, id="tiny-vit", digest=f"vit-{side}-{labels}-{seed}")


def tokenizer_for(name: str) -> Any:
    kind = (ENCODERS | DECODERS | TRANSLATORS)[name][0]
    if kind == "wordpiece":
        return wordpiece()
    if name in DECODERS:
        return decoder_bytes() if kind == "bytes" else decoder_unigram()
    return byte_level() if kind == "bytes" else unigram()


@cache
def wordpiece() -> Any:
    """BERT's: lower case, accents off, one piece a Chinese character, [UNK] for what it does not know."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'-$()\"这部电影很好看我喜欢。，"
    vocabulary = dict.fromkeys([*special, *letters, *WORDS.split(), *(f"##{c}" for c in letters if c.isalnum())])
    built = Tokenizer(models.WordPiece({t: i for i, t in enumerate(vocabulary)}, unk_token="[UNK]"))
    built.normalizer = normalizers.BertNormalizer()
    built.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    built.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=built,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=128,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


@cache
def byte_level() -> Any:
    """RoBERTa's: bytes, so that one Chinese character is up to three tokens."""
    built = _bytes(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    built.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True)
    return PreTrainedTokenizerFast(
        tokenizer_object=built,
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token=AddedToken("<mask>", lstrip=True, special=True),
        model_max_length=128,
        model_input_names=["input_ids", "attention_mask"],
    )


@cache
def decoder_bytes() -> Any:
    """GPT-2's: bytes, no special token around the text, and offsets that include the space before a word."""
    built = _bytes(["<|endoftext|>"])
    built.post_processor = processors.ByteLevel(trim_offsets=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=built,
        eos_token="<|endoftext|>",
        pad_token="<|endoftext|>",
        model_max_length=128,
        model_input_names=["input_ids", "attention_mask"],
    )


@cache
def unigram() -> Any:
    """XLM-RoBERTa's: SentencePiece pieces after NFKC, spaces written as ▁."""
    built = _unigram(["<s>", "<pad>", "</s>", "<unk>", "<mask>"], unknown=3)
    built.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=built,
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token=AddedToken("<mask>", lstrip=True, special=True),
        model_max_length=128,
        model_input_names=["input_ids", "attention_mask"],
    )


@cache
def decoder_unigram() -> Any:
    """Llama's: a beginning-of-sequence token before the text, nothing after it."""
    built = _unigram(["<unk>", "<s>", "</s>", "<pad>"], unknown=0)
    built.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=built,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        model_max_length=128,
        model_input_names=["input_ids", "attention_mask"],
    )


def _bytes(special: list[str]) -> Tokenizer:
    built = Tokenizer(models.BPE())
    built.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=340,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    built.train_from_iterator([line for line in CORPUS if line.isascii()], trainer)
    return built


def _unigram(special: list[str], *, unknown: int) -> Tokenizer:
    """Every character of the corpus and its words; the scores prefer longer pieces."""
    characters = sorted({c for line in CORPUS for c in line if not c.isspace()})
    words = sorted({f"▁{word}" for line in CORPUS for word in line.split() if word.isascii() and word.isalpha()})
    pieces = [(token, 0.0) for token in special]
    pieces += [(piece, -6.0 + len(piece) / 4) for piece in dict.fromkeys(["▁", *characters, *words])]
    built = Tokenizer(models.Unigram(pieces, unk_id=unknown, byte_fallback=False))
    built.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    built.pre_tokenizer = pre_tokenizers.Metaspace()
    return built


@cache
def tiny_comparing(name: str = "bert", unit: bool = True, pooling: Any = "mean") -> SimilarityModel:
    """A sentence encoder of architecture `name` with random weights, with the prompts of an E5."""
    tokenizer = tokenizer_for(name)
    config = AutoConfig.for_model(
        name, vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, **{**SIZES, **ENCODERS[name][1]}
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = AutoModel.from_config(config).requires_grad_(False).eval()
    prompts = {"query": "the film: ", "passage": "a movie: "}
    return SimilarityModel(
        network,
        tokenizer,
        id=f"tiny-{name}-pairs",
        digest=f"{name}-{unit}",
        pooling=pooling,
        unit=unit,
        prompts=prompts,
    )


CHAT = (
    "{% for message in messages %}<s>{{ message['role'] }}\n{{ message['content'] }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant\n{% endif %}"
)


@cache
def tiny_chat(name: str = "llama", seed: int = 0, **changed: Any) -> ContinuationModel:
    """A language model with a chat template and random weights; `changed` is of its configuration."""
    plain = tiny_continuing(name, seed, **changed)
    return ContinuationModel(
        plain.module, plain.tokenizer, id=f"tiny-chat-{name}", digest=f"chat-{plain.digest}", template=CHAT
    )
