# make: what there is. One page; everything else is `listserver --help`.
# VENV: another virtual environment to use, such as `make check VENV=../venv`; it must have everything already.
VENV    ?= .venv
PY      := $(VENV)/bin/python
PEERS   ?= .peers
WORKERS ?= 3
SHELL   := /bin/bash
.DEFAULT_GOAL := help
unexport PYTHONDONTWRITEBYTECODE # the tests start hundreds of programs, and each would compile all of ours again
.PHONY: help run test check bench soak clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.runs ## install into .venv and start the demonstration (ctrl-C ends it, demo-data/ keeps it)
	$(VENV)/bin/listserver demo

test: $(VENV)/.tests ## install what the tests need, and run all of them
	tests/needs
	$(PY) -m coverage erase
	$(PY) -m pytest -n $(WORKERS) --dist loadgroup -m "not soak" --cov=listserver.core --cov=listserver.actions --cov-report= tests
	$(PY) -m coverage report --include 'listserver/core/*,listserver/actions/*' --fail-under=100 --skip-covered --show-missing

check: $(VENV)/.tests ## the gates without the tests: style, types, layers, sizes, documents
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(PY) -m mypy listserver
	$(VENV)/bin/lint-imports --no-logo
	$(PY) -m pytest -q tests/rules

bench: $(VENV)/.tests ## measure it, as ratios to other programs in the same run (docs/performance.md)
	tests/needs
	$(PY) -m bench

soak: $(VENV)/.tests ## the long tests: kill -9 at random moments, and counting
	tests/needs
	$(PY) -m pytest -m soak -s tests

clean: ## remove what was built and fetched; demo-data/ stays
	rm -rf .venv .peers build dist .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# --- the virtual environment ------------------------------------------------------------------------------------------
# uv where it is there (seconds), else venv and pip. pip's --group is too new to rely on: the list is read by hand.
.venv/bin/python:
	@if command -v uv >/dev/null; then uv venv -q --python '>=3.11' .venv; \
	elif python3 -c 'import ensurepip' 2>/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && \
	  apt-get install -qq --no-install-recommends python3-venv >/dev/null; }; then python3 -m venv .venv; \
	else echo 'No virtual environment: install uv, or on Debian: apt-get install python3-venv' >&2; exit 1; fi

INSTALL = if command -v uv >/dev/null; then uv pip install -q --python $(PY) -c constraints.txt $(1); \
	else $(PY) -m pip install -q -c constraints.txt $(1); fi
DEV = $$($(PY) -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['dependency-groups']['dev'])")

.venv/.runs: pyproject.toml constraints.txt | .venv/bin/python
	@echo "installing into .venv …"; $(call INSTALL,-e .)
	@touch $@

.venv/.tests: pyproject.toml constraints.txt | .venv/bin/python
	@echo "installing into .venv …"; $(call INSTALL,-e . $(DEV))
	@touch $@ .venv/.runs

ifneq ($(VENV),.venv)
$(VENV)/.runs $(VENV)/.tests: ;
endif
