"""Contract of a kind of job. To add one: a class like this, a line in registry.py, a route that calls service.submit.

    class Word(Request):                      # in <feature>/schemas.py: web reads it, so it imports nothing heavy
        texts: list[Text]

    class WordKind(Kind):                     # in <feature>/kind.py: imported by the runner alone, may import pandas
        name = "word"  # its line in registry.py of registry.py: Line("...feature.kind:WordKind", Scope.EXPLAIN)
        Request = Word

        def shards(self, work: Work) -> int:
            return math.ceil(len(work.request.texts) / 64)

        def run(self, work: Work, shard: int) -> bytes:
            chosen = work.request.texts[64 * shard : 64 * (shard + 1)]
            return json.dumps(work.engine.ask(Predict(...))).encode()

        def finish(self, work: Work) -> dict[str, Any]:
            work.keep("words.csv", path)
            return {"rows": …, "links": {"results": f"/v1/words/{work.id}"}}

    job = await service.submit(services, project, "word", request, title="…", key=idempotency_key)     # in service.py

What the runner promises, and what a kind must hold to:

- `shards` is called once for a job and must depend on the request alone. A shard is 64-512 rows: what is lost when a
  process is killed. 0 is allowed.
- `run` returns the shard's result. The runner stores it in `job_shards` with the progress, in one transaction, under
  (job, shard) and a hash of kind, request and number. It is called again for a shard that was in hand when a process
  was killed, never for one that is stored. Whatever else it writes must be the same row when it is written twice: use
  keys made of the content. Shards of one job may run at the same time in several threads (`executor.slots`), except
  that a shard waits until the first `after` shards are stored: what it builds on, `work.result(shard)` gives back.
- `finish` is called when every shard is stored, and again if it was interrupted. What it returns (small, JSON) is
  the `result` of the job; `links` in it are shown on the job's page.
- `work.progress(done, note)` between pieces of work of about a second: it stores how far the shard is (at most once a
  second) and raises Cancelled when somebody asked to stop. Everything on `work.engine` does so while it waits.
- An error ends the job as `failed` with the error's code and message; a row that cannot be answered should be a row of
  the result instead. EngineDied is not to be caught: the shard is done again once the engine is back, and the job fails
  when the same shard ended the engine several times.
- A retry after `failed` or `cancelled` goes on behind the shards that are stored.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar, Protocol, cast

from pydantic import BaseModel

from ..registry import KINDS
from .work import Work


class Kind(Protocol):
    name: ClassVar[str]
    Request: ClassVar[type[BaseModel]]

    def shards(self, work: Work) -> int: ...

    def after(self, work: Work, shard: int) -> int:
        """How many shards, from the first, must be stored before this one is run; at most `shard`."""
        return 0

    def run(self, work: Work, shard: int) -> bytes: ...

    def finish(self, work: Work) -> dict[str, Any]: ...


def kind_of(name: str) -> Kind:
    module, _, attribute = KINDS[name].implementation.partition(":")
    return cast(Kind, getattr(import_module(module, __package__), attribute)())
