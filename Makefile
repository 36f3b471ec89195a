# What a person types. It needs git, make and any Python from 3.8 on with venv; all else is fetched.
#
#   make run      set up, take in the shipped reports, and compute tonight's probabilities
#   make test     set up, and run the whole suite
#   make quick    the same without the tests marked slow
#   make check    lint, format, types, import contracts
#   make lock     resolve the dependencies anew, with hashes

PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
UV := $(shell uv --version >/dev/null 2>&1 && echo uv || echo .tools/bin/uv)
REQUIREMENTS := pyproject.toml requirements.txt requirements-dev.txt .python-version
INSTALL = @VIRTUAL_ENV=$(CURDIR)/.venv $(UV) pip install --quiet

# Whole files go to workers in the order of tests/conftest.py; xdist's own is by their numbers of tests.
TOGETHER := -n auto --dist loadfile --no-loadscope-reorder

.PHONY: install run test quick check format lock clean

install: .venv/.installed

run: .venv/.installed
	@$(BIN)/posterity ingest examples/reports.jsonl
	@$(BIN)/posterity run
	@echo "Next:  .venv/bin/posterity explain russia-latin-america     why it stands where it stands"
	@echo "       .venv/bin/posterity history russia-latin-america     what was believed, night by night"
	@echo "       .venv/bin/posterity events --since 2025-04-25        what it rests on, down to each report"
	@echo "       .venv/bin/posterity run --as-of 2025-12-31           what would have been known then"
	@echo "       .venv/bin/posterity serve                            the same in a browser, at http://127.0.0.1:8000"

test: .venv/.installed-dev
	$(BIN)/pytest $(TOGETHER)

quick: .venv/.installed-dev
	$(BIN)/pytest $(TOGETHER) -m "not slow"

check: .venv/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.installed-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: .venv
	$(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.12 \
	    pyproject.toml -o requirements.txt
	$(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.12 \
	    --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt

clean:
	rm -rf .venv .tools var

# From the root folder, so that no .python-version chooses an interpreter that is not there yet.
.tools/bin/uv:
	@echo "installing uv into .tools/"
	@cd / && $(PYTHON) -m venv --clear $(CURDIR)/.tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv: | $(filter-out uv,$(UV))
	@$(UV) venv --quiet .venv

.venv/.installed: $(filter-out requirements-dev.txt,$(REQUIREMENTS)) | .venv
	@echo "installing into .venv/ (a minute or two, the first time)"
	$(INSTALL) --require-hashes -r requirements.txt
	$(INSTALL) --no-deps --editable .
	@touch $@

.venv/.installed-dev: $(REQUIREMENTS) | .venv
	@echo "installing into .venv/, with what the tests need (a minute or two, the first time)"
	$(INSTALL) --require-hashes -r requirements-dev.txt
	$(INSTALL) --no-deps --editable .
	@touch $@
