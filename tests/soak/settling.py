"""Memory that the engine holds after its first panel, and after many kinds of work and a rest."""

from __future__ import annotations

import time
from pathlib import Path

from tests.processes import Server
from tests.soak.figures import Figure
from tests.soak.waiting import MODEL, embedded, text

MOST_HELD = 1.3  # times what the engine held after its first panel
REST = 60.0  # seconds; the allocator's memory goes back after ten without work
AUDIT = {
    "model": "toxicity",
    "audited": "toxic",
    "data": {"kind": "templates", "identities": ["gay", "straight"]},
    "explain": {"gaps": 1, "texts": 20, "each": 2},
    "resamples": 200,
}


def settled(
    folder: Path, *, panels: int = 38, long: int = 2, predictions: int = 2000, rest: float = REST
) -> list[Figure]:
    """An hour's kinds of work without its repetitions: panels of both models, long texts, an audit, predictions."""
    held: dict[str, float] = {}
    with embedded(folder, explanation_seconds=600) as server:
        held["its start"] = resident(server)
        _panel(server, MODEL, words=16)
        held["the first panel"] = resident(server)
        for number in range(panels):
            _panel(server, (MODEL, "toxicity")[number % 2], words=3 + number % 38)
        held["panels"] = resident(server)
        for number in range(long):
            _panel(server, (MODEL, "toxicity")[number % 2], words=650, players="sentence")
        held["long texts"] = resident(server)
        server.finished(server.submit(AUDIT, "audit", "/v1/audits"))
        held["an audit"] = resident(server)
        for _ in range(predictions // 100):
            body = {"model": MODEL, "inputs": [{"text": text(n, words=5 + n % 30)} for n in range(100)]}
            assert server.http.post("/v1/predictions", json=body, timeout=300).status_code == 200
        held["predictions"] = resident(server)
        time.sleep(rest)
        held["the rest"] = resident(server)
        peak = resident(server, "VmHWM")
    return [
        *(Figure(f"engine after {name}", value, unit="MB") for name, value in held.items()),
        Figure("engine at its most", peak, unit="MB"),
        Figure("engine after the rest / after the first panel", held["the rest"] / held["the first panel"], MOST_HELD),
    ]


def _panel(server: Server, model: str, *, words: int, **asked: str) -> None:
    """A panel of a text that nobody has asked about; every 12 words are a sentence."""
    plain = text(words, words=words).split()
    sentences = [" ".join(plain[at : at + 12]) for at in range(0, words, 12)]
    body = {"model": model, "input": {"text": ". ".join(sentences) + "."}, **asked}
    answer = server.http.post("/v1/panels", json=body, headers={"Prefer": "wait=60"}, timeout=600)
    assert answer.status_code in (200, 202), answer.text
    if answer.status_code == 202:
        server.finished(answer.json()["id"])


def resident(server: Server, figure: str = "VmRSS") -> float:
    """MB of the engine's process in memory (Linux)."""
    status = Path(f"/proc/{server.pid('engine')}/status").read_text(encoding="ascii")
    return int(status.split(f"{figure}:")[1].split()[0]) / 1024
