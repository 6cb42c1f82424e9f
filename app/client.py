"""A typed client of the REST interface.

from whence import Client

with Client("http://127.0.0.1:8000") as whence:
    found = whence.explain("a gorgeous, witty film", method="shap")
    print(found, found.key)
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlencode

import httpx2
from pydantic import BaseModel, TypeAdapter

from ._library import explainers
from .audit.data.plan import Plan
from .audit.schemas import AuditOut
from .engine.schemas import ModelOut
from .explain.ask.answers import BatchRow
from .explain.ask.schemas import ExplanationOut, PanelOut
from .generate.schemas import GenerationOut
from .jobs.schemas import JobOut, JobsPage
from .models.schemas import ModelsOut
from .predict.schemas import PredictionsOut
from .store.job_states import FINAL, State
from .taught.schemas import TaughtJobOut

M = TypeVar("M", bound=BaseModel)
DEFAULT_MODEL = "sentiment"
SHORTEST_PAUSE, LONGEST_PAUSE = 0.2, 30.0  # seconds between two attempts
METHODS = TypeAdapter(list[dict[str, Any]])


class ClientError(Exception):
    """The server answered with a problem document (RFC 9457), or not at all.

    status: the HTTP status, 0 where there was no answer. code: a word a program can compare, such as
    "unknown_model". retry_after: seconds after which asking again makes sense, or None.
    """

    def __init__(
        self, status: int, code: str, detail: str, *, cure: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(f"{detail} ({code})" if detail else code)
        self.status = status
        self.code = code
        self.detail = detail
        self.cure = cure
        self.retry_after = retry_after


class Client:
    """Asks one server. A 503 that says when to come back is asked again, for `patience` seconds at most; where an
    explanation becomes a job (202), it is followed to its end."""

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8000",
        *,
        key: str | None = None,  # for a server with log-ins: whence keys create
        patience: float = 120.0,
        timeout: float = 120.0,  # longer than the server lets a caller wait
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._http = httpx2.Client(base_url=base_url, headers=headers, timeout=timeout, transport=transport)
        self._patience = patience
        self._sleep = sleep

    def predict(
        self, texts: str | Sequence[str], model: str = DEFAULT_MODEL, *, top_k: int | None = None
    ) -> PredictionsOut:
        """The prediction for each text, at most 64 of them."""
        listed = [texts] if isinstance(texts, str) else list(texts)
        body = _given(model=model, inputs=[{"text": text} for text in listed], top_k=top_k)
        return self._post("/v1/predictions", body, PredictionsOut)

    def explain(
        self,
        text: str | explainers.PromptInput | explainers.FileInput,
        model: str = DEFAULT_MODEL,
        *,
        method: str = "shap",
        text_pair: str | None = None,
        options: Mapping[str, Any] | None = None,
        target: int | str | None = None,
        **question: Any,
    ) -> ExplanationOut:
        """One method's explanation, of a text, a picture or a recording (ImageInput.sent, AudioInput.sent). question:
        further fields of the request (players, seed, measures …)."""
        asked = _given(model=model, input=_input(text, text_pair), target=target, **question)
        return self._made("/v1/explanations", {**asked, **_given(method=method, options=options)}, ExplanationOut)

    def panel(
        self,
        text: str | explainers.PromptInput | explainers.FileInput,
        model: str = DEFAULT_MODEL,
        *,
        methods: Sequence[str] | None = None,
        text_pair: str | None = None,
        target: int | str | None = None,
        **question: Any,
    ) -> PanelOut:
        """Prediction, every method, their agreement and the counterfactual check."""
        asked = _given(model=model, input=_input(text, text_pair), target=target, **question)
        return self._made("/v1/panels", {**asked, **_given(methods=methods)}, PanelOut)

    def generate(
        self,
        text: str | None = None,
        model: str = explainers.DEFAULT_LANGUAGE_MODEL,
        *,
        on_text: Callable[[str], None] | None = None,
        **asked: Any,
    ) -> GenerationOut:
        """An answer of a language model. on_text: called with each piece of the answer as it comes.

        asked: further fields of the request (system, passages, messages, max_tokens, temperature, top_p, seed). Why it
        says that: `explain(text, model, outputs=answer.output().model_dump())`.
        """
        body = _given(model=model, text=text, **asked)
        if on_text is None:
            return self._post("/v1/generations", body, GenerationOut)
        with self._http.stream("POST", "/v1/generations", json={**body, "stream": True}) as response:
            if not response.is_success:
                response.read()
                raise _error_of(response)
            for name, told in _events(response.iter_lines()):
                if name == "error":
                    raise _error(0, told)
                if name == "done":
                    return GenerationOut.model_validate(told)
                on_text(told["text"])
        raise ClientError(0, "unreachable", "the answer was cut short", cure="Ask again.")

    def delete_generation(self, key: str) -> None:
        """An answer of a language model; explanations of it stay."""
        self._ask("DELETE", f"/v1/generations/{quote(key, safe='')}")

    def batch(
        self,
        texts: Sequence[str],
        model: str = DEFAULT_MODEL,
        *,
        method: str | None = None,
        idempotency_key: str | None = None,
        **request: Any,
    ) -> JobOut:
        """A job that predicts many texts or, with a method, explains them. Sent again with the same key, it is the same
        job. request: further fields of the request (options, players, seed, shard_rows …)."""
        body = _given(model=model, inputs=[{"text": text} for text in texts], method=method, **request)
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        return JobOut.model_validate(self._ask("POST", "/v1/batches", body, headers=headers))

    def batch_results(self, id: str) -> Iterator[BatchRow]:
        """The results of a batch so far, one a text."""
        headers = {"Accept": "application/x-ndjson"}
        with self._http.stream("GET", f"/v1/batches/{id}/results", headers=headers) as response:
            if not response.is_success:
                response.read()
                raise _error_of(response)
            for line in response.iter_lines():
                yield BatchRow.model_validate_json(line)

    def delete_batch(self, id: str) -> None:
        """With its results, and the explanations that are kept for it alone. One that runs is stopped."""
        self._ask("DELETE", f"/v1/batches/{quote(id, safe='')}")

    def jobs(self, *, states: Sequence[str] = (), limit: int = 20, cursor: str | None = None) -> JobsPage:
        """Long work, newest first; cursor: the `next` of the previous page."""
        query = urlencode([("state", state) for state in states] + list(_given(limit=limit, cursor=cursor).items()))
        return JobsPage.model_validate(self._ask("GET", f"/v1/jobs?{query}"))

    def job(self, id: str) -> JobOut:
        return JobOut.model_validate(self._ask("GET", f"/v1/jobs/{quote(id, safe='')}"))

    def cancel_job(self, id: str) -> JobOut:
        return JobOut.model_validate(self._ask("DELETE", f"/v1/jobs/{quote(id, safe='')}"))

    def retry_job(self, id: str) -> JobOut:
        return JobOut.model_validate(self._ask("POST", f"/v1/jobs/{quote(id, safe='')}/retry"))

    def wait_for_job(
        self, id: str, *, seconds: float | None = None, every: float = 1.0, look: Callable[[JobOut], None] | None = None
    ) -> JobOut:
        """The job once it has ended, however it did. `look` sees it meanwhile. Raises TimeoutError after `seconds`."""
        left = seconds
        while (job := self.job(id)).state not in FINAL:
            if look is not None:
                look(job)
            if left is not None and left <= 0:
                raise TimeoutError(f"the job {id} is still {job.state} after {seconds:g} s")
            pause = every if left is None else min(every, left)
            left = None if left is None else left - pause
            self._sleep(pause)
        return job

    def find_explanation(self, key: str) -> ExplanationOut:
        """A result by its key. Raises ClientError with code "not_found"."""
        return ExplanationOut.model_validate(self._ask("GET", f"/v1/explanations/{key}"))

    def find_panel(self, key: str) -> PanelOut:
        return PanelOut.model_validate(self._ask("GET", f"/v1/panels/{key}"))

    def delete_explanation(self, key: str) -> None:
        """With its arrays, its line of the history and its job, also where that is still at work."""
        self._ask("DELETE", f"/v1/explanations/{key}")

    def delete_panel(self, key: str) -> None:
        self._ask("DELETE", f"/v1/panels/{key}")

    def audit(self, plan: Plan | Mapping[str, Any]) -> JobOut:
        """Starts an audit; follow it with `find_audit`."""
        asked = plan.model_dump(mode="json") if isinstance(plan, Plan) else dict(plan)
        return self._post("/v1/audits", asked, JobOut)

    def find_audit(self, id: str) -> AuditOut:
        """How far it is and, once it is done, everything that it found."""
        return AuditOut.model_validate(self._ask("GET", f"/v1/audits/{id}"))

    def delete_audit(self, id: str) -> None:
        """With its report, its rows and the texts that it quotes. One that runs is stopped."""
        self._ask("DELETE", f"/v1/audits/{quote(id, safe='')}")

    def review_audit(
        self,
        id: str,
        *,
        not_comparable: Sequence[tuple[str, str]] = (),
        checked: Sequence[Mapping[str, str | int]] = (),
    ) -> JobOut:
        """Another audit of the same plan without these pairs of groups, and with the counts of matches that were read:
        group, matches and wrong of each."""
        asked = {"not_comparable": [list(pair) for pair in not_comparable], "checked": [dict(each) for each in checked]}
        return self._post(f"/v1/audits/{id}/reviews", asked, JobOut)

    def delete_dataset(self, id: str) -> None:
        """With its file, its rows, their explanations and the batches over it. Finished audits stay."""
        self._ask("DELETE", f"/v1/datasets/{quote(id, safe='')}")

    def delete_training(self, id: str) -> None:
        """With the model that came of it."""
        self._ask("DELETE", f"/v1/trainings/{quote(id, safe='')}")

    def taught(self, text: str, *, model: str, target: str = "", leave_out: int = 0, seed: int = 0) -> JobOut:
        """Look for the training texts that raised or lowered a prediction; follow it with `find_taught`. leave_out:
        train again without so many of the strongest."""
        given = {"model": model, "text": text, "target": target, "leave_out": leave_out, "seed": seed}
        return self._post("/v1/taught", given, JobOut)

    def find_taught(self, id: str) -> TaughtJobOut:
        """How far it is and, once it is done, the texts."""
        return TaughtJobOut.model_validate(self._ask("GET", f"/v1/taught/{quote(id, safe='')}"))

    def delete_taught(self, id: str) -> None:
        """With the texts that it quotes. One that runs is stopped."""
        self._ask("DELETE", f"/v1/taught/{quote(id, safe='')}")

    def models(self) -> tuple[ModelOut, ...]:
        return ModelsOut.model_validate(self._ask("GET", "/v1/models")).models

    def methods(self) -> list[dict[str, Any]]:
        """Every method with the JSON Schema of its options."""
        found = self._ask("GET", "/v1/explainers")
        return METHODS.validate_python(found["explainers"] if isinstance(found, dict) else found)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _made(self, path: str, body: Mapping[str, Any], answer: type[M]) -> M:
        """The answer, once the job that makes it is done. Raises ClientError with what the job failed with."""
        while "state" in (found := self._ask("POST", path, body)):
            job = self.wait_for_job(JobOut.model_validate(found).id)
            if job.error is not None:
                raise ClientError(httpx2.codes.ACCEPTED, job.error.code, job.error.detail)
            if job.state is not State.DONE:
                raise ClientError(httpx2.codes.ACCEPTED, str(job.state), f"the job {job.id} was {job.state}")
        return answer.model_validate(found)

    def _post(self, path: str, body: Mapping[str, Any], answer: type[M]) -> M:
        return answer.model_validate(self._ask("POST", path, body))

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The JSON of a success; anything else is raised once patience ends."""
        left = self._patience
        while True:
            try:
                return self._once(method, path, body, headers=headers)
            except ClientError as error:
                if error.status != httpx2.codes.SERVICE_UNAVAILABLE or error.retry_after is None:
                    raise
                pause = min(max(error.retry_after, SHORTEST_PAUSE), LONGEST_PAUSE)
                if pause > left:
                    raise
                left -= pause
                self._sleep(pause)

    def _once(
        self, method: str, path: str, body: Mapping[str, Any] | None, *, headers: Mapping[str, str] | None
    ) -> Any:
        try:
            response = self._http.request(method, path, json=body, headers=headers)
        except httpx2.TransportError as error:
            where = self._http.base_url
            raise ClientError(0, "unreachable", f"no answer from {where}: {error}") from error
        if response.is_success:
            return response.json() if response.content else None
        raise _error_of(response)


def _given(**fields: Any) -> dict[str, Any]:
    """The fields that were given: the server knows its own defaults."""
    return {name: value for name, value in fields.items() if value is not None}


def _input(text: str | explainers.PromptInput | explainers.FileInput, text_pair: str | None) -> dict[str, Any]:
    if isinstance(text, explainers.FileInput):
        if text.content is None:
            raise ValueError(f"this {text.known_as} has no file: make it with {type(text).__name__}.sent(…)")
        return {"kind": text.kind, "data": base64.b64encode(text.content).decode(), "name": text.name}
    return _given(text=text, text_pair=text_pair) if isinstance(text, str) else text.model_dump(mode="json")


def _events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and data of each server-sent event."""
    name = "message"
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)
            name = "message"


def _error_of(response: httpx2.Response) -> ClientError:
    try:
        problem = response.json()
    except ValueError:
        problem = None
    known = problem if isinstance(problem, dict) else {}
    usual = {"code": f"http_{response.status_code}", "detail": response.reason_phrase}
    return _error(response.status_code, usual | known, retry_after=_retry_after(response.headers.get("Retry-After")))


def _error(status: int, problem: Mapping[str, Any], *, retry_after: float | None = None) -> ClientError:
    code, detail, cure = (str(problem.get(name) or "") for name in ("code", "detail", "cure"))
    return ClientError(int(problem.get("status", status)), code, detail, cure=cure, retry_after=retry_after)


def _retry_after(header: str | None) -> float | None:
    """Seconds, or the time until a date (RFC 9110, 10.2.3)."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
