"""The texts of the benchmark: film sentences whose number of players is known."""

from __future__ import annotations

from ..errors import BadInput

LONG = (
    "the young director tells a quiet story about two brothers and an old piano with so much patience and humour that "
    "even the slow opening scenes feel warm honest and alive in the end"
)
SENTENCES = {
    8: "a gorgeous and witty film about old friends",
    16: "the music is lovely but the story moves too slowly and never finds a convincing end",
    31: "the young director tells a quiet story about two brothers and an old piano with so much patience and humour "
    "that even the slow opening scenes feel warm honest and alive",
}
NINE = (
    "a warm and funny film with a great cast",
    "the plot is thin but the acting is superb",
    "this sequel never finds the charm of the first",
    "beautiful pictures cannot save such a tired old story",
    "the children will laugh and their parents will yawn",
    "an honest portrait of a family in hard times",
    "the ending feels rushed and the jokes fall flat",
    "not a great film but a very enjoyable evening",
    "the camera loves the sea and so do we",
    "a clever thriller that keeps its secret very well",
    "two hours of noise with hardly any human moment",
    "the director trusts his actors and it clearly shows",
    "hardly original yet told with real care and wit",
    "an uneven debut with one truly unforgettable final scene",
    "the dialogue sounds false and the pacing is poor",
    "rarely has a documentary been so calm and moving",
    "the songs are catchy although the romance seems forced",
    "what begins as comedy slowly becomes something far sadder",
    "a dull script wastes the talent of everyone involved",
    "simple images and silence say more than any speech",
)

DOZEN = (
    "a warm and funny film with a great cast and lovely music",
    "the plot is thin but the acting is superb from the start",
    "this sequel never finds the charm or wit of the first one",
    "beautiful pictures cannot save such a tired and very old love story",
    "the children will laugh and their parents will yawn all evening long",
    "an honest portrait of a family in hard times and deep debt",
    "the ending feels rushed and most of the jokes simply fall flat",
    "not a great film but still a very enjoyable and quiet evening",
    "the camera loves the sea and so do we all in here",
    "a clever thriller that keeps its one secret very well hidden throughout",
    "two long hours of noise with hardly any real or human moment",
    "the director trusts his actors and in the end it clearly shows",
    "hardly original yet told with real care and wit and much warmth",
    "an uneven first film with one truly unforgettable and very bold scene",
    "the dialogue sounds false and the pacing is very poor all along",
    "rarely has a documentary about war been so calm and so moving",
)


def text_of(players: int) -> str:
    """A sentence of so many words. Raises BadInput beyond the longest there is."""
    words = LONG.split()
    if players in SENTENCES:
        return SENTENCES[players]
    if not 1 <= players <= len(words):
        raise BadInput(f"there is no benchmark sentence of {players} words; choose 1 to {len(words)}")
    return " ".join(words[:players])
