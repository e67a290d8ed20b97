# make run: everything, on http://127.0.0.1:8000        make test: everything that this machine can check
# make soak: hundreds of sittings and a stack with everything going wrong        make load: the production stack under load
PORT ?= 8000
PYTHON ?= python3
BIN := .venv/bin
SESSIONS ?= 500
SEED ?= 1
FAULTS ?= 1000
WORKERS ?= 3
REQUESTS ?= 100000
FIRST ?= 0

.PHONY: run test soak fuzz load measure lint audit sbom install requirements

run: install
	@exec $(BIN)/python manage.py run --port $(PORT)

test: lint
	@$(BIN)/python -m pytest

# The fault tests at length (docs/faults.md): randomized browser sessions, the rules of saving, and at least FAULTS faults
# of the production stack's programs and lines, which needs redis-server and caddy.
soak: install
	@SOAK_SESSIONS=$(SESSIONS) SOAK_SEED=$(SEED) $(BIN)/python -m pytest tests/e2e/test_soak.py -m soak -p tests.e2e.tally \
	  -n $(WORKERS) --quiet --no-header --durations=0 --durations-min=120
	@CUTSCORE_SOAK=3000 $(BIN)/python -m pytest tests/exams/test_save_machine.py -n 0 -q
	@$(BIN)/python -m tests.faults --faults $(FAULTS) --seed $(SEED) $(SOAK)

# Whatever can be sent to every address and form, with nothing but proper answers; less of it: make fuzz REQUESTS=5000 SEED=7
fuzz: install
	@FUZZ_REQUESTS=$(REQUESTS) FUZZ_SEED=$(SEED) FUZZ_FIRST=$(FIRST) nice -n 10 $(BIN)/python -m pytest tests/fuzz \
	  -n $(WORKERS) --quiet --no-header --durations=0 --durations-min=600

# What is promised of the production stack under load, on this machine; needs redis-server and caddy. Less of it, or one
# scenario: make load LOAD="saves --seconds 10"; the full day: make load LOAD="day --full".
load: install
	@exec $(BIN)/python -m tests.load $(LOAD)

# How soon the exam screen is usable on a slow line and processor, how still it is and how little it sends.
measure: install
	@$(BIN)/python -m pytest tests/e2e/test_speed.py -m "soak or not soak" -n 0 -s --quiet --no-header

lint: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@SECRET_KEY=not-used CUTSCORE_QUICKSTART=true $(BIN)/mypy
	@$(BIN)/lint-imports
	@find templates -name '*.html' -print0 | xargs -0 $(BIN)/djade --check --target-version 5.2
	@$(BIN)/djlint --quiet --lint templates
	@SECRET_KEY=not-used CUTSCORE_QUICKSTART=true $(BIN)/python manage.py makemigrations --check --dry-run
	@SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(60))')" CUTSCORE_QUICKSTART=false \
	  ALLOWED_HOSTS=cutscore.example DATABASE_URL=postgresql://cutscore@db/cutscore REDIS_URL=redis://redis:6379/0 \
	  EMAIL_HOST=mail.example BEHIND_PROXY=true $(BIN)/python manage.py check --deploy --fail-level WARNING

# Known weaknesses in what is pinned; needs the network. make audit AUDIT=--status says what the last one covers.
audit: install
	@$(BIN)/python deploy/audit.py $(AUDIT)

# The bill of materials, as the image holds it.
sbom: install
	@mkdir -p var
	@$(BIN)/python -m config.bom --output var/sbom.cdx.json
	@echo "Written to var/sbom.cdx.json"

install: .venv/installed

.venv/installed: requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Cutscore needs Python 3.11 or newer.")'
	@echo "Installing into .venv (once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# Pins with hashes and without download addresses, from pyproject.toml.
requirements: install
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt
