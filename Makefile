# Everything a newcomer types. Needs Python 3.11 or later and make, nothing else.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev

.PHONY: help demo test bench chaos lint lock clean
help: ## What there is
	@grep -hE '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 8

demo: $(RUN) ## Play the story once: the loop closes, from nothing
	@$(BIN)/closeloop demo

test: $(DEV) ## Everything but bench and chaos
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not chaos and not bench"

chaos: $(DEV) ## Kill workers, broker and database, and look at what is left
	$(BIN)/python -m pytest -m chaos --timeout 600 tests/chaos

bench: $(DEV) ## Measure beside the peers
	$(PIP) install -e '.[bench,minilm]'
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.bench_linking
	$(BIN)/python -m tests.bench.adapting

lint: $(DEV) ## ruff, mypy, import-linter
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: $(DEV) ## Pin every package by hash again
	$(PIP) install uv
	$(BIN)/uv pip compile pyproject.toml --extra install $(LOCK) -o requirements.txt
	$(BIN)/uv pip compile pyproject.toml --extra install --extra dev -c requirements.txt $(LOCK) -o requirements-dev.txt
LOCK := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet

clean: ## Forget the environment and everything that was embedded
	rm -rf $(VENV) .closeloop

$(RUN): requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing what closeloop needs into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements-dev.txt pyproject.toml | $(BIN)/python
	@echo "Installing what the tests need into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ $(RUN)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: install it, or say make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)
