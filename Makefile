# Every target sets itself up: Python 3.11 to 3.13 and make are all that is needed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: install demo test check generate lock clean

install: $(STAMP)

$(STAMP): requirements-test.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-test.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $@

demo: $(STAMP)
	$(BIN)/python scripts/demo.py

test: $(STAMP)
	$(BIN)/python -m pytest

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check --no-cache .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/ons generate --check

generate: $(STAMP)
	$(BIN)/ons generate

# Names, versions and hashes only: the addresses of an index do not belong into a lock.
lock:
	uv pip compile pyproject.toml --generate-hashes --universal --no-emit-index-url --no-header --no-annotate -q -o requirements.txt
	uv pip compile pyproject.toml --all-extras --generate-hashes --universal --no-emit-index-url --no-header --no-annotate -q -o requirements-test.txt

clean:
	rm -rf $(VENV) build dist *.egg-info
