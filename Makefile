# Two commands are enough: `make up` and `make test`. `make help` lists the rest.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.setup-done

SHIPPED    := src/waqiti/scoring/shipped
# Changed together with the model: 2026-11-27.
MODEL_MADE_AT := 1795737600

SOURCES    := $(wildcard src tests bench examples)
MIGRATIONS := $(shell find src -path '*/migrations/*.sql' 2>/dev/null | sort)
PYTEST     := $(BIN)/python -m pytest --durations=5
LOCK       := $(abspath $(BIN)/uv) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
              --no-config --custom-compile-command "make lock"

# Resolves the three groups below directory $(1); what is already pinned there stays unless it must change.
define resolve
cd $(1) && $(LOCK) pyproject.toml -o requirements/app.txt $(UPGRADE) && \
$(LOCK) --group dev -c requirements/app.txt -o requirements/dev.txt $(UPGRADE) && \
$(LOCK) --group bench -c requirements/app.txt -o requirements/bench.txt $(UPGRADE)
endef

.DEFAULT_GOAL := help
.PHONY: help check-python setup up down test test-unit test-integration test-acceptance test-faults test-live test-parts test-long \
        lint lint-ruff lint-format lint-types lint-imports lint-dependencies lint-sql format lock lock-check bench model docs dist clean

help: check-python ## List these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
	  printf '  make %-18s %s\n' "$$name" "$$text"; done

check-python:
	@$(PYTHON) -c '' 2>/dev/null || { \
	  echo "Waqiti needs Python 3.11 or newer, and $(PYTHON) does not run: install the Debian packages python3 and python3-venv, or run make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Waqiti needs Python 3.11 or newer, and $(PYTHON) is `$(PYTHON) -V 2>&1`: name a newer one with make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	  echo "$(PYTHON) has no ensurepip: install the Debian package python3-venv (apt-get install python3-venv)" >&2; exit 1; }

setup: $(STAMP) ## Make .venv with all that the project needs

$(STAMP): pyproject.toml requirements/app.txt requirements/dev.txt | check-python
	@$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r requirements/app.txt -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

up: setup ## Start the platform and print its addresses, keys and first things to try (PORT=8080)
	@$(BIN)/waqiti up -d $(if $(PORT),--port $(PORT))

down: setup ## Stop the platform; its data stays
	@$(BIN)/waqiti down

test: ## All tests that need nothing but PyPI: unit, integration, acceptance, faults (12 minutes at most)
	@$(MAKE) --no-print-directory test-unit
	@$(MAKE) --no-print-directory test-integration
	@$(MAKE) --no-print-directory test-acceptance
	@$(MAKE) --no-print-directory test-faults

test-unit: setup ## Pure rules (1 minute)
	$(PYTEST) -n 2 tests/unit

test-integration: setup ## Real PostgreSQL, a fresh database per test (4 minutes)
	$(PYTEST) -n 2 tests/integration

test-acceptance: setup ## One running platform, used as a client uses it (4 minutes)
	$(PYTEST) tests/acceptance

test-faults: setup ## Processes killed while payments flow (3 minutes)
	$(PYTEST) tests/faults

test-live: setup ## Operations on platforms that run and are asked meanwhile (25 minutes)
	$(PYTEST) tests/live

test-parts: setup ## What needs more than PyPI: the real sanctions list, in WAQITI_OFAC_DIR
	$(PYTEST) tests/parts

test-long: setup ## Every property with 20,000 examples; hours
	$(PYTEST) -n 2 --timeout=0 --hypothesis-profile=long tests/unit tests/integration

lint: setup ## Everything that is checked without running the product; goes on after a failure, to show all
	@$(MAKE) --no-print-directory --keep-going lock-check lint-ruff lint-format lint-types lint-imports lint-dependencies lint-sql

lint-ruff: setup
	$(BIN)/ruff check $(SOURCES) docs

lint-format: setup
	$(BIN)/ruff format --check $(SOURCES) docs

lint-types: setup
	$(BIN)/mypy $(SOURCES)

lint-imports: setup
	$(BIN)/lint-imports --no-logo

lint-dependencies: setup
	$(BIN)/deptry src

lint-sql: setup
	$(if $(MIGRATIONS),$(BIN)/squawk $(MIGRATIONS),@echo "no migrations to check")

format: setup ## Bring the code into its form
	$(BIN)/ruff check --fix $(SOURCES) docs
	$(BIN)/ruff format $(SOURCES) docs

lock: setup ## Resolve requirements/*.txt anew from pyproject.toml (UPGRADE=--upgrade takes newer versions)
	@$(call resolve,.)

lock-check: setup
	@tree=$$(mktemp -d) && trap 'rm -rf "$$tree"' EXIT && cp -R pyproject.toml requirements "$$tree" && \
	( $(call resolve,"$$tree") ) && diff -r requirements "$$tree/requirements" >/dev/null || { \
	  echo "requirements/ does not follow from pyproject.toml: run make lock" >&2; exit 1; }

bench: setup ## Measure, as JSON lines, ratios against pgbench in the same run
	@$(BIN)/python -m bench

model: setup ## Train the model that ships, again: the same bytes where code and packages are the same
	SOURCE_DATE_EPOCH=$(MODEL_MADE_AT) $(BIN)/waqiti models train --out $(SHIPPED)/fraud.zip --card $(SHIPPED)/card.md

docs: setup ## Build the documentation into build/docs
	$(BIN)/sphinx-build -W --keep-going -q -b html docs build/docs
	@echo "build/docs/index.html"

dist: setup ## Build the wheel and try it in a clean venv
	rm -rf dist
	$(BIN)/hatchling build
	$(PYTEST) --timeout=900 tests/dist

clean: ## Remove what was built; .venv and the platform's data stay
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
