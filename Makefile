# What a newcomer types: make demo, make test. Python 3.11+, git and make are enough.
# ARGS reaches the command: make demo ARGS=--once, make test ARGS='-m "not long"'

PYTHON ?= python3
ARGS ?=
# Test processes side by side; most tests wait for a real server. 0 for one process, to debug.
JOBS ?= 2
BIN := .venv/bin

.PHONY: help setup demo test lint bench lock clean

help:
	@echo "make demo    run the desk and a stand-in for Slack on this machine (ARGS=--once ends after the samples)"
	@echo "make test    lint, types and all tests (ARGS='-m \"not long\"' the fast ones)"
	@echo "make setup   make the environment in .venv and fill the vector cache"
	@echo "make bench   all benchmarks, about ten minutes (ARGS=--json for machines)"
	@echo "make lint    ruff and mypy"
	@echo "make lock    resolve pyproject.toml into requirements.lock again (ARGS=--upgrade)"
	@echo "make clean   remove .venv and what tools left behind"

setup:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "setup: '$(PYTHON)' is not Python 3.11 or newer ($$($(PYTHON) --version 2>&1))." \
	    "Install one, or name the one you have: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) .ci/setup.py

demo: setup
	@$(BIN)/python -m tests.slack_standin --around $(BIN)/contestdesk demo $(ARGS)

test: lint
	@sh tests/servers.sh
	$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# With Postfix installed it is a peer, and its tools make the load.
bench: setup
	@sh tests/servers.sh
	@$(BIN)/contestdesk bench all $(ARGS)

lock:
	@sh .ci/lock.sh $(ARGS)

clean:
	rm -rf .venv .venv.lock build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find bot faq intents mailer tests .ci -name __pycache__ -type d -prune -exec rm -rf {} +
