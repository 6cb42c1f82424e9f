"""What the documentation promises fits into a body; what is over it is told what would fit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from app.guard.bodies import BESIDE, PER_INPUT, InHand, Refused, limit_of
from app.schemas import LONGEST_TEXT, MOST_FILE
from app.settings import Settings
from tests.served import served

JSON = {"content-type": "application/json"}
REVIEW = ("a good film with a long plot and many actors who speak for hours. " * 20)[:1300]
LONGEST = {"Latin": "x" * LONGEST_TEXT, "Chinese": "好" * LONGEST_TEXT, "emoji": "😀" * LONGEST_TEXT}
# route → the list of its schema and how many it takes
COUNTS = {
    "/v1/predictions": ("inputs", 64),
    "/v1/batches": ("inputs", 1024),
    "/v1/models/sentiment:predict": ("instances", 64),
    "/v1/models/sentiment:explain": ("instances", 8),
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("data"))
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def escaped(path: str, texts: list[str]) -> bytes:
    """As json.dumps writes it."""
    field = COUNTS[path][0]
    named = {} if field == "instances" else {"model": "sentiment"}
    return json.dumps({**named, field: [{"text": text, "text_pair": text} for text in texts]}).encode()


@pytest.mark.parametrize("path", COUNTS)
@pytest.mark.parametrize("script", LONGEST)
def test_as_many_of_the_longest_texts_as_a_route_takes_fit(path: str, script: str) -> None:
    """Pairs of them, in any script, with room for what stands beside them."""
    one = len(escaped(path, [LONGEST[script]]))
    limit = limit_of({"method": "POST", "path": path}, Settings()).bytes

    assert one * COUNTS[path][1] <= limit


@pytest.mark.parametrize(
    ("path", "texts", "status"),
    [
        ("/v1/predictions", [f"{number} {REVIEW}" for number in range(64)], 200),
        ("/v1/batches", [f"{number} {REVIEW}" for number in range(1024)], 202),
        ("/v1/predictions", ["好 " * 6_000], 200),
        ("/v1/predictions", ["😀 " * 9_500], 200),
    ],
    ids=["64 reviews", "a batch of 1,024", "12,000 Chinese characters", "19,000 with emoji"],
)
def test_what_is_documented_is_taken(client: TestClient, path: str, texts: list[str], status: int) -> None:
    """None of them was, when every body had 64 KiB."""
    body = json.dumps({"model": "sentiment", "inputs": [{"text": text} for text in texts]})

    assert client.post(path, content=body, headers=JSON).status_code == status


def test_a_form_has_room_for_the_longest_text() -> None:
    """Browsers write a character as up to twelve bytes, and a line break as six."""
    for text in (*LONGEST.values(), "\r\n" * LONGEST_TEXT):
        form = urlencode({"text": text, "text_pair": text, "model": "sentiment", "method": "shap"})

        assert len(form) <= limit_of({"method": "POST", "path": "/explain"}, Settings()).bytes


@pytest.mark.parametrize(
    ("path", "cure"),
    [
        ("/v1/predictions", "at most 64 texts"),
        ("/v1/models/sentiment:explain", "at most 8 texts"),
        ("/v1/batches", "at most 1,024 texts a batch"),
        ("/v1/explanations", "a shorter text"),
        ("/v1/datasets", "WHENCE_UPLOAD_LIMIT"),
    ],
)
def test_the_cure_fits_the_case(client: TestClient, path: str, cure: str) -> None:
    """Sixty-four texts too many are not helped by a shorter one."""
    headers = {**JSON, "content-length": str(1 << 40)}
    problem: dict[str, Any] = client.post(path, content=b"{}", headers=headers).json()

    assert (problem["status"], problem["code"]) == (413, "too_large")
    assert cure in problem["cure"]


def test_an_operator_may_allow_less_and_is_named(tmp_path: Path) -> None:
    """Then the documented counts do not fit, and whoever asks learns whose limit it is."""
    app, _ = served(tmp_path, body_limit=2000)
    with TestClient(app, base_url="http://localhost") as client:
        problem = client.post("/v1/predictions", content=b"x" * 3000, headers=JSON).json()

    assert "over 2,000 bytes" in problem["detail"]
    assert "WHENCE_BODY_LIMIT" in problem["cure"]


def test_large_bodies_share_a_room_that_is_given_back(client: TestClient) -> None:
    """Many large requests at once are told to come again rather than fill the memory; afterwards all is free."""
    room = InHand(1000)
    room.take(900)
    with pytest.raises(Refused, match="together they may have 1,000"):
        room.take(101)

    client.post("/v1/predictions", content=escaped("/v1/predictions", [LONGEST["Chinese"]]), headers=JSON)
    guard = client.app.middleware_stack  # type: ignore[attr-defined]
    while not hasattr(guard, "in_hand"):
        guard = guard.app
    assert guard.in_hand.bytes == 0


def test_what_stands_beside_the_texts_has_room_of_its_own() -> None:
    """Options and names are counted apart from the texts."""
    assert limit_of({"method": "POST", "path": "/v1/generations"}, Settings()).bytes == PER_INPUT + BESIDE


def test_a_picture_has_room_in_base64_where_pictures_are_taken() -> None:
    """The largest that is read, with all that stands beside it; other routes hold no more than their texts."""
    for path in ("/v1/explanations", "/v1/panels", "/v1/images", "/images", "/v1/speech", "/speech"):
        assert limit_of({"method": "POST", "path": path}, Settings()).bytes == 4 * -(-MOST_FILE // 3) + BESIDE
    assert limit_of({"method": "POST", "path": "/v1/generations"}, Settings()).bytes < MOST_FILE
