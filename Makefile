# make run: everything, on http://127.0.0.1:8000        make test: everything that this machine can check
PORT ?= 8000
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test lint install soak load shots requirements

run: install
	@exec $(BIN)/python manage.py run --port $(PORT)

test: lint
	@$(BIN)/python -m pytest

lint: install
	@$(BIN)/python -m tests.lint

install: .venv/installed

.venv/installed: requirements-dev.txt
	@echo "Installing into .venv"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Cutscore needs Python 3.11 or newer.")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# Pins with hashes and without download addresses, from pyproject.toml.
requirements: install
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt
