# The two commands a fresh clone needs: `make demo` shows what comes out, `make test` checks everything.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help demo test lint bench clean display docs-pictures

help:
	@echo "make demo    install into $(VENV), measure phantoms, write demo/report.html"
	@echo "make test    install the developer tools too, check style, types, imports and run every test"
	@echo "make lint    style, types and imports alone"
	@echo "make docs-pictures   photograph the napari docks into docs/pictures"
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
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,napari]'
	@touch $@ $(VENV)/installed

demo: $(VENV)/installed
	$(BIN)/sodalite demo demo

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# napari and Qt stay out of the core's tests: their pytest plugins would load them for every one of it.
# A window that waits for ever would hang the run: each test and the whole have an end, and a crash costs one test.
test: lint display
	$(BIN)/python -m pytest -n 2 --dist loadfile --ignore tests/plugins -p no:napari -p no:npe2 -p no:pytest-qt
	$(SCREEN) $(BIN)/python -m pytest tests/plugins -n 2 --dist loadfile --timeout 400 --session-timeout 1500

docs-pictures: $(VENV)/installed-dev display
	$(SCREEN) $(BIN)/python docs/pictures.py docs/pictures

# What Qt needs to draw where there is no screen; only this X server with Qt's xcb draws, its offscreen platform does not.
DISPLAY_PACKAGES := xvfb xauth libegl1 libgl1 libdbus-1-3 libfontconfig1 libglib2.0-0 libxcb-cursor0 libxcb-icccm4 \
  libxcb-keysyms1 libxcb-shape0 libxcb-xkb1 libxkbcommon-x11-0
SCREEN = $(shell command -v xvfb-run >/dev/null && echo "xvfb-run -a -s '-screen 0 1600x1000x24'")

display:
	@if [ "$$(uname)" != Linux ] || dpkg -s $(DISPLAY_PACKAGES) >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing a screenless display for the window tests"; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends $(DISPLAY_PACKAGES) >/dev/null; \
	else echo "the window tests need a display or: apt install $(DISPLAY_PACKAGES)"; fi

bench: $(VENV)/installed-dev
	@test -f benchmarks/requirements.txt && $(BIN)/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) demo
