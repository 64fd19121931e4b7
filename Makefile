# The two commands a fresh clone needs: `make demo` shows what comes out, `make test` checks everything.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help demo test lint bench clean

help:
	@echo "make demo    install into $(VENV), measure phantoms, write demo/report.html"
	@echo "make test    install the developer tools too, check style, types, imports and run every test"
	@echo "make lint    style, types and imports alone"
	@echo "make bench   time sodalite against goals and peers"
	@echo "make clean   remove $(VENV) and demo"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "sodalite needs Python 3.11 or newer, $(PYTHON) is older or missing: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "Python cannot make a virtual environment: apt install python3-venv, then make $(MAKECMDGOALS)"; exit 1; }

$(VENV)/installed: pyproject.toml | $(BIN)/python
	@echo "installing sodalite into $(VENV); this takes a minute or two"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/installed-dev: pyproject.toml | $(BIN)/python
	@echo "installing sodalite and its developer tools into $(VENV); this takes a minute or two"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/installed

demo: $(VENV)/installed
	$(BIN)/sodalite demo demo

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest -n 2 --dist loadfile

bench: $(VENV)/installed-dev
	@test -f benchmarks/requirements.txt && $(BIN)/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) demo
