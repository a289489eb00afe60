# veilspeak: every habit of a contributor is a verb here; `make help` lists them.
# Needs Python 3.10 to 3.12 and make. Everything is installed into .venv inside this folder.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CODE := cli.py multimodal occlusion configs tests docs/conf.py
OPENCV := opencv-contrib-python==4.11.0.86

.DEFAULT_GOAL := help
.PHONY: help setup demo test unit lint format types docs check-python clean

help:  ## list the verbs
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

setup: $(VENV)/.runtime  ## install veilspeak into .venv (about 6 GB, mostly torch)

demo: $(VENV)/.runtime  ## show it: the sample clip from camera picture to voice, results in out/demo
	$(BIN)/veilspeak demo --source sample --no-show --out out/demo

test: lint types docs unit  ## lint, check types, build the documentation, run all tests

unit: $(VENV)/.dev
	$(BIN)/python -m pytest

lint: $(VENV)/.dev  ## ruff: rules and layout
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)

format: $(VENV)/.dev  ## ruff: put imports and layout right
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

types: $(VENV)/.dev  ## mypy
	$(BIN)/mypy

docs: $(VENV)/.dev  ## build the documentation into out/docs; a broken link fails
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs out/docs

clean:  ## remove .venv, caches and out
	rm -rf $(VENV) out build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

check-python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 10) <= v <= (3, 12) else \
	"veilspeak needs Python 3.10 to 3.12, and $(PYTHON) is %d.%d: make PYTHON=python3.11 ..." % v)'

$(BIN)/python: | check-python
	@echo "== making a virtual environment in $(VENV)"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml | $(BIN)/python
	@echo "== installing veilspeak: some minutes, mostly for torch"
	$(BIN)/python -m pip install --disable-pip-version-check -e .
	@touch $@

# ultralytics asks for opencv-python, which overwrites parts of opencv-contrib-python in the same folder: put it back.
$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "== installing veilspeak and the developers' tools: some minutes, mostly for torch"
	$(BIN)/python -m pip install --disable-pip-version-check -e '.[dev]'
	$(BIN)/python -m pip install --disable-pip-version-check --force-reinstall --no-deps $(OPENCV)
	@touch $@ $(VENV)/.runtime
