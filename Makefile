# The two commands: make demo, make test. Both make the environment in .venv where it is not there.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Each process loads torch and holds a browser: more than four would be a matter of memory.
ON_ALL_CORES := --numprocesses=auto --maxprocesses=4

.PHONY: demo test slow lint clean

demo: $(VENV)/ready
	@"$(BIN)/python" -m effcore serve experiments/quickstart.yaml

test: $(VENV)/ready
	@"$(BIN)/python" -m pytest -m "not slow" $(ON_ALL_CORES) --dist=worksteal

# Those of one file share sweeps that take minutes, and stay together.
slow: $(VENV)/ready
	@"$(BIN)/python" -m pytest -m slow $(ON_ALL_CORES) --dist=loadfile

lint: $(VENV)/ready
	@"$(BIN)/ruff" check .
	@"$(BIN)/mypy"

$(VENV)/ready: requirements.txt pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "effcore needs Python 3.11 or newer as $(PYTHON); say which with: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "effcore needs Python's venv module; on Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@echo "Making .venv with the pinned requirements; this takes some minutes the first time." >&2
	@"$(PYTHON)" -m venv "$(VENV)"
	@"$(BIN)/python" -m pip install -qq --disable-pip-version-check -r requirements.txt
	@"$(BIN)/python" -m pip install -qq --disable-pip-version-check --no-deps --editable .
	@touch "$@"

clean:
	rm -rf "$(VENV)" .effcore build *.egg-info
