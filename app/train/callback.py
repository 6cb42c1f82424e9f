"""A callback for the Trainer of transformers: chosen texts are explained after every epoch, and a contract ends it.

from whence import ReasonsCallback
trainer.add_callback(ReasonsCallback(["a gorgeous, witty film"], "reasons", contract="contract.toml"))
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from .._library import explainers
from ..audit.evidence.oracle import LocalOracle
from ..changes.material import Asked, read_texts
from ..contracts.contract import Contract, read_contract
from ..contracts.reports import to_junit, to_page
from ..contracts.schemas import CheckedOut
from ..contracts.verify import check
from ..errors import BadRequest
from ..explain.draw.export import many_to_html

PANELS, PAGE, CHECKS, FAILING, JUNIT = "panels.jsonl", "reasons.html", "checks.json", "failing.html", "checks.xml"


class ReasonsCallback(TrainerCallback):
    """Explains texts after every epoch, and holds a contract against the model when the training ends.

    texts: at least one. folder: where `panels.jsonl` (a panel a text and epoch), `reasons.html` (the heat maps of every
    epoch) and, with a contract, `checks.json`, `checks.xml` and `failing.html` are written. contract: a TOML file.
    methods: of the panel, by default all that the model can be asked by. checked: the outcome, once it is known.
    Raises BadRequest for no text or a contract that is wrong, before anything is trained.
    """

    def __init__(
        self,
        texts: Sequence[str],
        folder: str | Path,
        *,
        contract: str | Path | None = None,
        methods: Sequence[str] | None = None,
    ) -> None:
        if isinstance(texts, str) or not texts:
            raise BadRequest("no text to explain after every epoch", cure="Give a list of texts.")
        self.texts = tuple(texts)
        self.folder = Path(folder)
        self.methods = None if methods is None else tuple(methods)
        self.asked: tuple[Contract, str] | None = None if contract is None else read_contract(Path(contract))
        self.beside = Path(contract or ".").parent  # where the contract's own files lie
        self.checked: CheckedOut | None = None
        self._maps: list[explainers.Attribution] = []

    def on_train_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / PANELS).write_text("", encoding="utf-8")
        self._maps.clear()

    def on_epoch_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        epoch = round(state.epoch or 0, 4)
        model = _model(rest, f"epoch {epoch:g}")
        with (self.folder / PANELS).open("a", encoding="utf-8") as file:
            for text in self.texts:
                found = explainers.panel(text, model, methods=self.methods)
                line = {"epoch": epoch, "step": state.global_step, "panel": found.model_dump(mode="json")}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
                self._maps.append(found.explanations[0])
        page = many_to_html(self._maps, title="Reasons by epoch", answer=", ".join(self.texts)[:200])
        (self.folder / PAGE).write_text(page, encoding="utf-8")

    def on_train_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        if self.asked is None:
            return
        contract, digest = self.asked
        oracle = LocalOracle(_model(rest, "trained"))
        texts = None
        if contract.texts is not None:
            columns = Asked(contract.text, contract.label, contract.groups)
            texts = read_texts(self.beside / contract.texts, oracle.facts.labels, columns)
        found, failing = check(contract, digest, oracle, texts, _other, lambda share, note: None)
        self.checked = found
        (self.folder / CHECKS).write_text(json.dumps(found.model_dump(mode="json"), indent=1), encoding="utf-8")
        (self.folder / JUNIT).write_text(to_junit(found), encoding="utf-8")
        (self.folder / FAILING).write_text(to_page(found, failing), encoding="utf-8")


def _model(given: dict[str, Any], name: str) -> explainers.Model:
    """A copy of the network as it is now. Raises BadRequest where the Trainer has no tokenizer."""
    tokenizer = given.get("processing_class")
    if tokenizer is None:
        raise BadRequest("the Trainer has no tokenizer", cure="Give it: Trainer(…, processing_class=tokenizer).")
    return explainers.classifier_of(given["model"], tokenizer, id=name)


def _other(name: str) -> LocalOracle:
    return LocalOracle(explainers.load_model(name))
