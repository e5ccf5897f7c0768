# `make train` and `make test` do all the set-up they need; `make` alone lists the targets.
PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: help train test lint clean
help:
	@echo "make train   install what is missing, train and export the conditional VAE (about 2 minutes)"
	@echo "make test    install what is missing, run the tests"
	@echo "make lint    ruff: style and format; mypy: types"
	@echo "make clean   remove the virtual environment and the runs"

# The environment is made anew only when the requirements or the project file change.
.venv/.installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

train: .venv/.installed
	$(BIN)/python scripts/train.py --model=cvae

test: .venv/.installed
	$(BIN)/python -m pytest

lint: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf .venv runs
