# Every target sets up what it needs. `make help` lists them.
PYTHON ?= python3
VENV := .venv
MYNAH := $(VENV)/bin/mynah
PIP := $(VENV)/bin/pip install --quiet --disable-pip-version-check
READY := $(VENV)/.ready
HASHED := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command 'make requirements'
TORCH_VENV := .venv-chatterbox
TORCH_READY := $(TORCH_VENV)/.ready
EXTRA_VENV := .venv-extra

.DEFAULT_GOAL := help
.PHONY: help setup demo run doctor test test-chatterbox test-extra lint format requirements bench pictures clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(READY) ## Make .venv with the command .venv/bin/mynah

# What runs in production is checked against its hashes, and nothing newer is fetched to build mynah.
$(READY): pyproject.toml constraints.txt requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements.txt
	$(PIP) --no-build-isolation -c constraints.txt -e '.[sandbox,dev]'
	@touch $@

demo: setup ## Speak once on a local Discord; what a member hears is data/demo/heard.wav
	$(MYNAH) demo

run: setup ## Connect to Discord and serve
	$(MYNAH) run

doctor: setup ## Examine the installation
	$(MYNAH) doctor

test: setup ## Run the tests
	$(VENV)/bin/pytest -n 2 --dist loadfile

test-chatterbox: $(TORCH_READY) ## Run the tests of Chatterbox, on the CPU, with random weights
	$(TORCH_VENV)/bin/pytest tests/chatterbox

# The package pins an older torch and numpy than these tests are to show it works with: it is
# installed without its own choice of what it needs.
$(TORCH_READY): pyproject.toml constraints.txt chatterbox-cpu.txt
	$(PYTHON) -m venv $(TORCH_VENV)
	$(TORCH_VENV)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -c chatterbox-cpu.txt -e '.[sandbox,dev]' torch
	$(TORCH_VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps -r chatterbox-cpu.txt
	@touch $@

test-extra: ## The same with the extra as users install it: some gigabytes of PyTorch for CUDA
	$(PYTHON) -m venv $(EXTRA_VENV)
	$(EXTRA_VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-chatterbox.txt
	$(EXTRA_VENV)/bin/pip install --quiet --disable-pip-version-check -e '.[sandbox,dev,chatterbox]'
	$(EXTRA_VENV)/bin/pytest tests/chatterbox --ignore tests/chatterbox/test_newer_libraries.py

lint: setup ## Ruff and mypy
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

format: setup ## Let ruff format the code
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

requirements: setup ## Resolve the requirements files again, with hashes
	echo setuptools | $(HASHED) -c constraints.txt pyproject.toml - -o requirements.txt
	$(HASHED) --extra chatterbox pyproject.toml -o requirements-chatterbox.txt

bench: setup ## Measure; each measurement prints a table and one line of JSON
	$(VENV)/bin/python -m bench

pictures: setup ## Draw docs/what-you-see.svg again, with the bot's own words
	$(VENV)/bin/python -m docs.draw

clean: ## Remove what the targets made, but no data
	rm -rf $(VENV) $(TORCH_VENV) $(EXTRA_VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache
