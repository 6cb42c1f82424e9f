"""A model that writes down what it hears, as the methods see it: from which stretch of sound does each word come?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ..contract import AudioInput, Encoded, HalfCheck, Ids, Need, Question, TokenOutput
from ..errors import BadInput
from ..inputs.audio.encoding import BASELINES, AudioEncoder, wants_words
from ..inputs.audio.hearing import Hearing
from ..inputs.text.continuation import Continuation, continued, tokens_of
from .language.hearing import HearingNetwork
from .networks import attention, half, probing
from .networks.device import has_bf16
from .saying import SayingModel

CHECK_SAID = " one two three"
CHECK_SECONDS, CHECK_ROWS = 3, 12


class SpeechModel(SayingModel):
    """Offers outputs and gradients of every token of a transcript; the players are stretches of the recording.

    network: a WhisperForConditionalGeneration in fp32 and evaluation mode; it is never changed. tokenizer: its fast
    tokenizer. hearing: how it hears a recording; by default as Whisper does.
    """

    task: Literal["speech"] = "speech"
    baselines = BASELINES
    offers = frozenset({Need.OUTPUTS, Need.GRADIENTS, Need.ANSWERS})
    usual_tokens = 200
    usual_outputs = TokenOutput(whole=True)

    def __init__(
        self,
        network: Any,
        tokenizer: Any,
        *,
        id: str,
        digest: str,
        title: str | None = None,
        card: Mapping[str, Any] | None = None,
        hearing: Hearing | None = None,
    ) -> None:
        start = start_of(network, tokenizer)
        super().__init__(
            HearingNetwork(network, start),
            tokenizer,
            id=id,
            digest=digest,
            title=title,
            card=card,
            maximum_length=network.config.max_target_positions - len(start),
        )
        self._encoder = AudioEncoder(hearing=hearing or Hearing())

    @property
    def _listener(self) -> HearingNetwork:
        assert isinstance(self._network, HearingNetwork)
        return self._network

    @cached_property
    def _half(self) -> HearingNetwork:
        return self._listener.halved()

    @cached_property
    def _twin(self) -> HearingNetwork:
        """Attention that gives its weights."""
        twin = attention.eager_twin(self._listener)
        assert isinstance(twin, HearingNetwork)
        return twin

    @cached_property
    def half_check(self) -> HalfCheck:
        """Whether bf16 may stand for fp32 in masked evaluations, by the log-odds of three words in a fixed sound."""
        if not has_bf16(self._network.device):
            return HalfCheck(supported=False, rank_agreement=1.0, value_error=0.0)
        outputs = TokenOutput(continuation=CHECK_SAID)
        inputs = self.encode(Question(input=trial_sound(self._encoder.hearing), outputs=outputs, players="span"))
        keep = half.check_coalitions(len(inputs.features), rows=CHECK_ROWS)
        targets = list(range(len(continued(inputs).labels)))
        exact, rough = (
            self.output_of(inputs).value(columns, "log-probability", targets)
            for columns in (self.outputs(inputs, keep), self.outputs(inputs, keep, precision="bf16"))
        )
        return half.compare(exact, rough, supported=True)

    def _prompt(self, question: Question) -> Encoded:
        return self._encoder.encode(question)

    def _tokens(self, prompt: Encoded, text: str) -> tuple[Ids, tuple[str, ...]]:
        """The words as Whisper says them: with a blank before the first word."""
        return tokens_of(self._tokenizer, text if text[:1].isspace() else f" {text}")

    def _said(self, prompt: Encoded) -> tuple[Ids, tuple[str, ...], str]:
        try:
            return super()._said(prompt)
        except BadInput:
            raise BadInput(f"{self.id} hears no words in this recording: give the words as continuation") from None

    def _followed(
        self, prompt: Encoded, continuation: Continuation, said: tuple[Ids, tuple[str, ...]], question: Question
    ) -> Encoded:
        ids, labels = said
        weights = self._twin.looks(prompt, ids, self._heads) if wants_words(question, labels) else None
        return self._encoder.played(prompt, continuation, labels, weights)

    @cached_property
    def _heads(self) -> list[list[int]]:
        """Layer and head whose attention follows time; where the folder does not name them, the upper half of all."""
        config = self.module.config
        named = getattr(self.module.generation_config, "alignment_heads", None)
        layers, heads = config.decoder_layers, config.decoder_attention_heads
        return named or [[layer, head] for layer in range(layers // 2, layers) for head in range(heads)]

    def randomised(self, seed: int) -> SpeechModel:
        return SpeechModel(
            probing.redrawn(self.module, seed),
            self._tokenizer,
            id=self.id,
            digest=f"{self.digest}-randomised-{seed}",
            hearing=self._encoder.hearing,
        )


def start_of(network: Any, tokenizer: Any) -> tuple[int, ...]:
    """The tokens before a transcript: start, of a model of many languages English and transcribe, no times."""
    settings = network.generation_config
    first = [network.config.decoder_start_token_id]
    if getattr(settings, "is_multilingual", False):
        first += [tokenizer.convert_tokens_to_ids(each) for each in ("<|en|>", "<|transcribe|>")]
    plain = getattr(settings, "no_timestamps_token_id", None)
    return tuple(first if plain is None else [*first, plain])


def trial_sound(hearing: Hearing) -> AudioInput:
    """Tones that come and go, always the same, for three seconds at most."""
    rate = hearing.rate
    time = np.arange(min(CHECK_SECONDS, hearing.seconds) * rate) / rate
    tones = sum(np.sin(2 * np.pi * pitch * time) for pitch in (220, 700, 1800))
    loud = np.maximum(np.sin(2 * np.pi * 1.5 * time), 0)
    return AudioInput.of((0.1 * tones * loud).astype(np.float32), rate)
