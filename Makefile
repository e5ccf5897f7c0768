# Every target does the set-up that it needs; `make` alone lists the targets.
# The newest Python that TensorFlow has wheels for; PYTHON=... chooses another.
PYTHON ?= $(shell for v in 3.13 3.12 3.11; do \
	python$$v -c "import ensurepip, venv" 2> /dev/null && echo python$$v && break; done)
BIN := .venv/bin

.PHONY: help train test test-all test-beam coverage lint clean
help:
	@echo "make train      train and export the conditional VAE: about 2 minutes on two cores"
	@echo "make test       test every behaviour once: 10 to 20 minutes on two cores"
	@echo "make test-all   test everything: 25 to 60 minutes on two cores"
	@echo "make test-beam  test batch jobs with Apache Beam, in .venv-beam: about 2 minutes"
	@echo "make coverage   test-all with line coverage of zoo/: takes a third longer than test-all"
	@echo "make lint       check style and format with ruff, types with mypy: seconds"
	@echo "make clean      remove the virtual environment and the runs"
	@echo "The first of them installs what it needs into .venv: 3 GB, 2 to 5 minutes."

# Rebuild the environment only when the requirements or the project file change.
.venv/.installed: requirements.txt requirements-dev.txt pyproject.toml setup.py
	@test -x $(BIN)/python || test -n "$(PYTHON)" || { echo "error: no Python 3.11, 3.12 or 3.13 with venv was found:" \
	  "install one (on Debian or Ubuntu: apt install python3 python3-venv), or name it:" \
	  "make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@echo "Installing into .venv (3 GB, 2 to 5 minutes)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

train: .venv/.installed
	$(BIN)/python scripts/train.py --model=cvae

test: .venv/.installed
	$(BIN)/python -m pytest

test-all: .venv/.installed
	$(BIN)/python -m pytest --all

# Beam needs older packages than the zoo itself: it has an environment of its own.
.venv-beam/.installed: requirements-beam.txt requirements-dev.txt .venv/.installed
	@echo "Installing into .venv-beam (3 GB, 2 to 5 minutes)"
	@$(BIN)/python -m venv .venv-beam
	@.venv-beam/bin/pip install --quiet --disable-pip-version-check -r requirements-beam.txt \
	  $(shell grep -oE '^pytest[^ ]*' requirements-dev.txt)
	@.venv-beam/bin/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

test-beam: .venv-beam/.installed
	.venv-beam/bin/python -m pytest --all tests/serving/test_beam_job.py

coverage: .venv/.installed
	$(BIN)/coverage run -m pytest --all
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --sort=cover

lint: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf .venv .venv-beam runs
