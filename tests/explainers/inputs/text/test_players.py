"""Players are parts of the user's exact text, in every script and with every kind of tokenizer."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import regex
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from explainers.contract import Encoded, Question
from explainers.errors import BadInput
from explainers.inputs.text.ids import ids_of
from tests.tiny import tiny

TOKENIZERS = {"wordpiece": "bert", "bytes": "roberta", "unigram": "xlm-roberta", "decoder-bytes": "gpt2"}
LEVELS = ("token", "word", "phrase", "sentence")
SCRIPTS = {
    "Latin": "aZéñçßøłŒıİ",
    "combining": "e\u0301o\u0308\u0323a\u0300q\u0307\u0323",
    "Han": "这部电影很好看龍𠮷",
    "Kana": "おちゃをのみますーガギ",
    "Hangul": "한국어영화\u1112\u1161\u11ab",
    "Arabic": "مرحبا بالعالم ﷺ",
    "Hebrew": "שָׁלוֹם עולם",
    "Devanagari": "नमस्ते क्षि ज्ञ",
    "Thai": "สวัสดีครับ กำ",
    "Khmer": "ស្រលាញ់",
    "Myanmar": "မြန်မာ",
    "Greek and Cyrillic": "Ελλάδα Привет ς",
    "emoji": "😀👍🏽👨\u200d👩\u200d👧\u200d👦🇨🇳🏴\U000e0067\U000e007f❤\ufe0f1\ufe0f\u20e3",
    "white space": " \t\n\r\u00a0\u3000\u2028\u0085",
    "invisible": "\u200b\u200c\u200d\u2060\ufeff\u00ad\u202e\u2066",
    "punctuation": ".,;:!?…—-–'’\"“”«»()[]{}/\\@#$%&*_+=|<>~^`。，、！？「」।؟",
    "compatibility": "ﬁ①½㎏Ａ１ﾊﾝｶｸ™",
    "unassigned and private": "\ue000\U000f0000\u0378",
}
CHARACTERS = st.one_of(*(st.sampled_from(list(held)) for held in SCRIPTS.values()))
TEXTS = st.text(
    st.one_of(CHARACTERS, st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1, max_size=40
)
WORDY = st.lists(
    st.sampled_from([*SCRIPTS.values(), "the film", "don't", "3.5", "co-worker", "\r\n", "[MASK]", "<s>"]), max_size=8
)

# The same examples every time, so that a busy machine or an unlucky draw fails nobody's run.
SEARCH = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def encoded(text: str, name: str = "bert", **asked: Any) -> Encoded:
    return tiny(name).encode(Question.about(text=text, **asked))


def spans_of(text: str, name: str = "bert", **asked: Any) -> list[str]:
    return [feature.text for feature in encoded(text, name, **asked).features]


def tried(text: str, name: str, level: Any) -> Encoded | None:
    """None where the text has nothing to explain, which the encoder says with BadInput."""
    try:
        return encoded(text, name, players=level)
    except BadInput:
        return None


@pytest.mark.parametrize("name", TOKENIZERS.values(), ids=TOKENIZERS)
@SEARCH
@given(text=st.one_of(TEXTS, WORDY.map("".join)), level=st.sampled_from(LEVELS))
@example(text="这部电影很好看 😀👍🏽", level="token")
@example(text="a\r\nb\rc\n\nd", level="sentence")
@example(text=" \u0301x \u200d", level="word")
def test_spans_and_gaps_give_back_the_text(name: str, text: str, level: Any) -> None:
    """Spans are cut out of the text, in order, without overlap; no player divides a grapheme cluster or is blank."""
    inputs = tried(text, name, level)
    if inputs is None:
        return
    borders = {0, *(match.end() for match in regex.finditer(r"\X", text))}
    players = inputs.features

    assert all(text[p.start : p.end] == p.text and p.text.strip() for p in players)
    assert all(left.end <= right.start for left, right in pairwise(players))
    assert all({p.start, p.end} <= borders for p in players)
    rebuilt, at = "", 0
    for span in players:
        rebuilt += text[at : span.start] + span.text
        at = span.end
    assert rebuilt + text[at:] == text


@pytest.mark.parametrize("name", TOKENIZERS.values(), ids=TOKENIZERS)
@SEARCH
@given(text=st.one_of(TEXTS, WORDY.map("".join)), level=st.sampled_from(LEVELS))
def test_every_token_of_the_text_has_one_player(name: str, text: str, level: Any) -> None:
    """Special tokens have none, all others one; every player has a token, and its span covers its tokens' spans."""
    inputs = tried(text, name, level)
    if inputs is None:
        return

    for token, owner in zip(inputs.tokens, inputs.owner.tolist(), strict=True):
        assert (owner == -1) == token.special
        assert token.player == (None if token.special else owner)
        if token.special or not token.text.strip():
            continue
        player = inputs.features[owner]
        assert text[token.start : token.end] == token.text
        assert player.start <= token.start < token.end <= player.end  # type: ignore[operator]
    assert set(inputs.owner.tolist()) - {-1} == set(range(len(inputs.features)))


@pytest.mark.parametrize("name", TOKENIZERS.values(), ids=TOKENIZERS)
@SEARCH
@given(text=WORDY.map(" ".join))
def test_coarser_levels_are_sums_of_finer_ones(name: str, text: str) -> None:
    """Every token, word and phrase lies within one word, phrase and sentence."""
    if tried(text, name, "token") is None:
        return
    owners = [encoded(text, name, players=level).owner for level in LEVELS]

    for fine, coarse in pairwise(owners):
        pairs = {(int(a), int(b)) for a, b in zip(fine, coarse, strict=True)}
        assert len(pairs) == len({a for a, _ in pairs})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("don't stop", ["don't", "stop"]),
        ("a co-worker pays 3.5, not 1,000!", ["a", "co-worker", "pays", "3.5", ",", "not", "1,000", "!"]),
        ("(good) film...", ["(", "good", ")", "film", ".", ".", "."]),
        ("it costs $5", ["it", "costs", "$", "5"]),
        ("这部电影 good", ["这部", "电影", "good"]),
        ("I你 don't", ["I", "你", "don't"]),
        ("naïve café", ["naïve", "café"]),
        ("cafe\u0301 s", ["cafe\u0301", "s"]),
        ("co\u00adworker", ["co\u00adworker"]),
        ("'quoted'", ["'", "quoted", "'"]),
        ("  padded\t\n", ["padded"]),
    ],
)
def test_words(text: str, wanted: list[str]) -> None:
    """Words are what readers take for words; each punctuation mark is a player of its own."""
    assert spans_of(text, players="word") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("สวัสดี ครับ", 2),
        ("မြန်မာ", 2),
        ("お茶を飲みます", 5),
    ],
)
def test_scripts_without_spaces_have_one_player_per_token(text: str, wanted: int) -> None:
    """In Thai, Myanmar, Kana and the like a whole line is not one player."""
    words, tokens = (spans_of(text, "roberta", players=level) for level in ("word", "token"))

    assert words == tokens
    assert len(words) > wanted


def test_bytes_of_one_character_play_together() -> None:
    """With a byte-level vocabulary 这 is three tokens, one player, and appears once."""
    inputs = encoded("这部电影很好看 😀👍🏽", "roberta", players="token")

    assert [f.text for f in inputs.features] == [*"这部电影很好看", "😀", "👍🏽"]
    assert inputs.size > 2 * len(inputs.features)
    assert np.bincount(inputs.owner[inputs.owner >= 0]).min() >= 2


@pytest.mark.parametrize(
    ("text", "phrases", "sentences"),
    [
        ("Good film, bad plot. See it!", ["Good film,", "bad plot.", "See it!"], ["Good film, bad plot.", "See it!"]),
        ('He said: "It is good." Then he left.', ["He said:", '"It is good."', "Then he left."], None),
        ("Mr. Smith pays 3.5 now. Good.", ["Mr. Smith pays 3.5 now.", "Good."], ["Mr. Smith pays 3.5 now.", "Good."]),
        (
            "这部电影很好看。我喜欢，真的！",
            ["这部电影很好看。", "我喜欢，", "真的！"],
            ["这部电影很好看。", "我喜欢，真的！"],
        ),
        ("one line\nanother line\n\nnew part", ["one line", "another line", "new part"], None),
        ("wait... what is it", ["wait...", "what is it"], ["wait... what is it"]),
        ("it is bad. it is, i say", ["it is bad.", "it is,", "i say"], ["it is bad.", "it is, i say"]),
        ("the U.S. film at 3 a.m. is bad", ["the U.S. film at 3 a.m. is bad"], None),
        ("a film (not good) was here", ["a film", "(not good)", "was here"], ["a film (not good) was here"]),
    ],
)
def test_phrases_and_sentences(text: str, phrases: list[str], sentences: list[str] | None) -> None:
    """Phrases end at punctuation, sentences at final punctuation; closing marks stay with what they close."""
    assert spans_of(text, "roberta", players="phrase") == phrases
    if sentences:
        assert spans_of(text, "roberta", players="sentence") == sentences


def test_auto_takes_the_finest_level_with_at_most_80_players() -> None:
    """80 words are words; 81 words are phrases; 81 phrases are sentences; then sentences whatever their number."""
    assert encoded("a " * 80).players == "word"
    assert encoded("a " * 80 + ". a").players == "phrase"
    assert encoded("a, " * 50 + "a. a", "llama").players == "phrase"
    assert encoded("a, " * 60 + "a.", "llama").players == "phrase"


def test_long_comma_lists_become_sentences() -> None:
    """More than 80 phrases are too many."""
    from explainers.models.transformer import TransformerModel
    from tests.tiny import network_for, tokenizer_for

    tokenizer = tokenizer_for("bert")
    tokenizer.model_max_length = 1024
    try:
        network = network_for("bert", tokenizer, max_position_embeddings=1024)
        model = TransformerModel(network, tokenizer, id="long", digest="long")
    finally:
        tokenizer.model_max_length = 128
    phrases, sentences = "a, " * 90 + "a.", "Good. " * 90

    assert model.encode(Question.about(text=phrases)).players == "sentence"
    assert len(model.encode(Question.about(text=sentences)).features) == 90


def test_unknown_players_are_marked() -> None:
    """A player is unknown where all its tokens are; a typed [UNK] is what it says."""
    inputs = encoded("the 龍 films [UNK]")

    assert [f.known for f in inputs.features if f.text in ("the", "龍", "films", "[UNK]")] == [True, False, True, True]


def test_a_text_of_unreadable_characters_is_explained() -> None:
    """It is predicted like any other; every player is marked."""
    inputs = encoded("龍龍 ﷺ")

    assert inputs.features
    assert not any(f.known for f in inputs.features)


@pytest.mark.parametrize("name", ["bert", "roberta", "xlm-roberta", "gpt2", "llama"])
def test_pairs_keep_their_special_tokens_and_parts(name: str) -> None:
    """Each part has its own offsets; what stands between them is nobody's player."""
    inputs = encoded("the film", name, text_pair="is good")

    assert [(f.text, f.part, f.start) for f in inputs.features] == [
        ("the", "text", 0),
        ("film", "text", 4),
        ("is", "text_pair", 0),
        ("good", "text_pair", 3),
    ]
    assert all(token.special == (owner == -1) for token, owner in zip(inputs.tokens, inputs.owner, strict=True))


def test_pairs_have_their_segments() -> None:
    """BERT reads the second text with segment 1, from its first token to its separator."""
    inputs = encoded("the film", text_pair="is good")

    assert ids_of(inputs).segments is not None
    assert ids_of(inputs).segments.tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert [t.text for t in inputs.tokens if t.special] == ["[CLS]", "[SEP]", "[SEP]"]


@pytest.mark.parametrize("name", ["bert", "roberta", "xlm-roberta", "gpt2"])
def test_what_was_cut_is_unseen(name: str) -> None:
    """Players and the unseen rest give back the text; the rest starts where the model stopped reading."""
    text = "the film is good " * 60
    inputs = encoded(text, name, long_text="cut")
    (rest,) = inputs.unseen

    assert inputs.size == 128
    assert text[rest.start : rest.end] == rest.text
    assert not text[inputs.features[-1].end : rest.start].strip()
    assert rest.end == len(text.rstrip())


def test_what_was_cut_on_the_left_is_unseen() -> None:
    """A tokenizer may cut the beginning; then that is what the model did not see."""
    from explainers.models.transformer import TransformerModel
    from tests.tiny import network_for, tokenizer_for

    tokenizer = copy.deepcopy(tokenizer_for("bert"))
    tokenizer.truncation_side = "left"
    model = TransformerModel(network_for("bert", tokenizer), tokenizer, id="left", digest="left")
    text = "the film is good " * 60
    inputs = model.encode(Question.about(text=text, long_text="cut"))
    (rest,) = inputs.unseen

    assert rest.start == 0
    assert not text[rest.end : inputs.features[0].start].strip()
    assert inputs.features[-1].end == len(text.rstrip())


def test_long_pairs_show_what_is_unseen_of_each_part() -> None:
    """Both parts are cut, and both rests are shown."""
    inputs = encoded("the film " * 90, text_pair="is good " * 90)

    assert [rest.part for rest in inputs.unseen] == ["text", "text_pair"]


def test_a_text_that_fits_has_nothing_unseen() -> None:
    """Also when its last character is one that the tokenizer drops."""
    assert encoded("the film\u200b").unseen == ()


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("", "type at least one character"),
        (" \t\n\u3000", "type at least one character"),
        ("a\0b", "NUL character at position 1"),
        ("a\ud83d", "U\\+D83D, at position 1"),
        ("\udc00", "half a surrogate"),
        ("\u200b\u2060", "invisible characters only"),
    ],
)
def test_texts_that_cannot_be_read_are_refused_with_a_cure(text: str, cure: str) -> None:
    """BadInput says what is wrong, where, and what to do."""
    with pytest.raises(BadInput, match=cure):
        encoded(text)
    with pytest.raises(BadInput, match=cure):
        encoded("good", text_pair=text)


@pytest.mark.parametrize(
    "text", ["a", "这", "😀", ".", "<script>alert(1)</script>", "</script>", "[MASK] [SEP] x", "é"]
)
@pytest.mark.parametrize("name", TOKENIZERS.values(), ids=TOKENIZERS)
def test_odd_texts_are_explained(name: str, text: str) -> None:
    """One character is enough, and markup or typed special tokens are text like any other."""
    inputs = encoded(text, name)

    assert "".join(f.text for f in inputs.features) == "".join(text.split())


def test_ten_thousand_words_are_explained() -> None:
    """What the windows hold is explained in coarse players, the rest is unseen."""
    inputs = encoded("the film is good. " * 2500)

    assert 1 <= len(inputs.features) <= 80
    assert inputs.unseen


def test_a_text_baseline_replaces_player_by_player() -> None:
    """The empty coalition is the second text itself."""
    model = tiny("bert")
    inputs = model.encode(Question.about(text="the film is good", baseline="text", baseline_text="a movie was bad"))
    other = model.encode(Question.about(text="a movie was bad"))
    nothing = np.zeros((1, 4), dtype=bool)

    np.testing.assert_allclose(model.outputs(inputs, nothing), model.predict([other]), atol=1e-6)
    assert inputs.baseline_text == "a movie was bad"


@pytest.mark.parametrize(
    ("asked", "cure"),
    [
        ({"baseline": "text"}, "needs a baseline_text"),
        ({"baseline": "text", "baseline_text": "a film"}, "has 2 players and the text 3"),
        ({"baseline": "text", "baseline_text": "the film goodwhich"}, "needs equally many"),
        ({"baseline_text": "a film"}, "choose baseline 'text' with it"),
        ({"baseline": "eos"}, "does not exist for this model; choose mask"),
        ({"baseline": "text", "baseline_text": "a b c", "text_pair": "x"}, "for single texts"),
        ({"baseline": "text", "baseline_text": ""}, "the baseline text is empty"),
    ],
)
def test_baselines_that_do_not_fit_are_refused(asked: dict[str, Any], cure: str) -> None:
    """BadInput names what does not fit and what to choose."""
    with pytest.raises(BadInput, match=cure):
        encoded("the film good", **asked)


def test_the_default_baseline_is_the_mask_else_unknown_else_padding_else_end() -> None:
    """The first of the model's baselines, and the ids of the empty coalition are filled with it."""
    assert tiny("bert").baselines == ("mask", "unk", "pad", "zero", "mean", "text")
    assert tiny("llama").baselines == ("unk", "pad", "eos", "zero", "mean", "text")
    assert tiny("gpt2").baselines == ("pad", "eos", "zero", "mean", "text")
    inputs = encoded("the film")

    assert inputs.baseline == "mask"
    assert ids_of(inputs).baseline_ids is not None
    assert ids_of(inputs).baseline_ids.tolist() == [2, 4, 4, 3]  # [CLS] [MASK] [MASK] [SEP]
