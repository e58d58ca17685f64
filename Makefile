# Each target makes what it needs first: a virtual environment in .venv and, on Debian, missing system packages.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(or $(shell for p in python3 python3.12 python3.11; do \
    $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null && echo $$p && break; \
    done),python3)
PIP := PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip
ARGS ?=
# For weights: where MakeHuman's data are, where a run is kept, how long it is, how much of that teaches depth alone, and
# how many processes share it.
DATA ?=
RUN ?= runs
PEOPLE ?= 640
STEPS ?= 20000
DEPTH_STEPS ?= 2000
PROCESSES ?= 2

.DEFAULT_GOAL := help
.PHONY: help viewer test soak lint pictures bench weights format clean

help:
	@echo 'make viewer   open the window      ARGS="me-left.jpg me.jpg me-right.jpg", a capture folder or a project'
	@echo 'make test     run every test       ARGS="tests/core -k camera", ARGS="-n 0" in one process instead of two'
	@echo 'make soak     kills, random commands and random input, for half an hour      ARGS="kills 20"'
	@echo 'make lint     style, types, import rules'
	@echo 'make pictures make the pictures of the window in assets/pictures anew'
	@echo 'make bench    time the renderer    ARGS="--size 256"'
	@echo 'make weights  train the network anew   DATA=/path/to/makehuman/data  STEPS=20000; goes on where it stopped'
	@echo 'make format   lay the code out'
	@echo 'make clean    remove everything that make made'

viewer: $(VENV)/.compiled
	@$(BIN)/kpnerf-viewer $(ARGS)

test: $(VENV)/.test
	$(BIN)/python -m pytest -n 2 $(ARGS)

pictures: $(VENV)/.test
	$(BIN)/python -m tests.viewer.pictures assets/pictures $(ARGS)

soak: $(VENV)/.test
	$(BIN)/python -m tests.soak $(ARGS)

bench: $(VENV)/.viewer
	@$(BIN)/kpnerf bench $(ARGS)

weights: $(VENV)/.test
	@test -n '$(DATA)' || { echo 'Say where the data of a MakeHuman installation are: make weights DATA=/path/to/data'; exit 2; }
	$(BIN)/kpnerf synth --data '$(DATA)' --out '$(RUN)/people' --people $(PEOPLE) --first-seed 1000
	$(BIN)/kpnerf train '$(RUN)/people' --out '$(RUN)/head' --steps $(STEPS) --depth-steps $(DEPTH_STEPS) --processes $(PROCESSES)
	cp '$(RUN)/head/head.safetensors' assets/weights/head.safetensors

lint: $(VENV)/.test build/tree
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p kpnerf.core -p kpnerf.viewer
	$(BIN)/lint-imports

format: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis

# The installed layout as links, for tools that read sources instead of importing them.
build/tree:
	mkdir -p build/tree/kpnerf
	ln -sfn ../../../core ../../../viewer ../../../assets build/tree/kpnerf/

$(BIN)/python:
	@bash .ci/system-packages viewer
	$(PYTHON) -m venv $(VENV)

# This exact torch has a build without CUDA where the network offers one; any version that fits will do.
$(VENV)/.torch: $(BIN)/python
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(PIP) install -q torch==2.13.0 || \
	    echo 'torch 2.13.0 is not to be had here; going on with the newest that fits.'
	@touch $@

$(VENV)/.viewer: pyproject.toml $(VENV)/.torch
	$(PIP) install -q -e .
	@touch $@

# What the first picture would wait for: half a minute at most.
$(VENV)/.compiled: $(VENV)/.viewer
	@$(BIN)/python -c 'from kpnerf.core import compiled, patch_kernels, pipeline; compiled.compile_loops()'
	@touch $@

$(VENV)/.test: pyproject.toml $(VENV)/.torch
	@bash .ci/system-packages test
	$(PIP) install -q -e '.[test,train]'
	@touch $@ $(VENV)/.viewer
