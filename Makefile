# `make train`: from a fresh clone to a trained Hopper policy, in 50,000 steps;
# README's table has STEPS=100000.
# `make test`: all tests. `make quick`: what takes under 90 seconds.
# `make storm`: STORM=100 of each fault: damaged files, kills; hours.
# `make docs`: all that is written, as site/index.html.
# `make lint`, `make format`, `make clean`.

PYTHON ?= python3.11
VENV ?= .venv
RUNS ?= runs
SEED ?= 0
STEPS ?= 50000
STORM ?= 100
OUT ?= $(RUNS)/report

BIN := $(VENV)/bin
RUN := $(RUNS)/hopper/hype/$(SEED)
INSTALLED := $(VENV)/.installed

export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: train test quick storm docs lint format install clean

# Editable, so that an edit needs no second install. d4rl comes after the check:
# it asks for the MuJoCo 2.1 binary, which its reader, all that a test compares
# ours with, does not use.
$(INSTALLED): setup.py pyproject.toml
	@test ! -e $(VENV) || test -e $(VENV)/.tfirl || \
	  { echo "$(VENV) is there and is not ours: give another VENV=" >&2; exit 1; }
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	touch $(VENV)/.tfirl
	$(BIN)/pip install --quiet --editable '.[test,ray,onnx,docs]'
	$(BIN)/pip check
	$(BIN)/pip install --quiet --no-deps d4rl==1.1
	touch $@

install: $(INSTALLED)

train: $(INSTALLED)
	$(BIN)/tfirl train hype_hopper --root_dir $(RUNS) --seed $(SEED) \
	  -b 'run.real_steps = $(STEPS)'
	$(BIN)/tfirl report $(RUN) --out $(OUT)
	$(BIN)/tfirl evaluate $(RUN) --episodes 10
	@echo "curve and table: $(OUT)/index.html   video: $(RUN)/videos/final.mp4"

test: $(INSTALLED)
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

quick: $(INSTALLED)
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m 'not slow'

storm: $(INSTALLED)
	TFIRL_STORM=$(STORM) $(BIN)/python -m pytest -q -m storm

# Material's advice on other generators is no news of a page.
docs: $(INSTALLED)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "the site: site/index.html"

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build site *.egg-info .pytest_cache .ruff_cache
