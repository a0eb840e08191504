# Every target sets up what it needs: only Python >= 3.11, git and make have to be there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
DECIDERS := approve collect deploy diagnose ledger model monitor propose recipes rehearse report rules sync

BENCHMARKS ?= run lint recipe_tests backtest scan one_pass false_actions

.PHONY: demo budget test test-all coverage lint types install benchmarks clean

demo: $(VENV)/.sandbox ## the passport story, end to end, on the sandbox
	@$(BIN)/pow demo $(ARGS)

test: $(VENV)/.dev lint types ## lint, types and every test under five minutes
	$(BIN)/python -m pytest -n 2 $(ARGS)

test-all: $(VENV)/.dev lint types coverage ## the slow tests too
	$(BIN)/python -m pytest -n 2 -m "slow or not slow" $(ARGS)

budget: $(VENV)/.dev ## how often a rollback is wrong and how late: held to its budget
	$(BIN)/python benchmarks/false_actions.py $(ARGS)

coverage: $(VENV)/.dev ## every branch of the pure parts is tested, or this fails
	$(BIN)/python -m pytest -n 2 --cov --cov-config=.ci/pure.coveragerc --cov-report=term-missing:skip-covered \
		$(addprefix tests/,$(DECIDERS))

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/zizmor --quiet --offline --persona=auditor .github
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions .github/actions/*/action.yml
	$(BIN)/pow lint
	$(BIN)/pow test

types: $(VENV)/.dev
	$(BIN)/mypy

benchmarks: $(VENV)/.dev ## speed as ratios against named peers, and the budget; one: make benchmarks BENCHMARKS=lint
	@set -e; for each in $(BENCHMARKS); do echo "== $$each"; $(BIN)/python benchmarks/$$each.py $(ARGS); done

install: ## the bot alone, into the running Python, as the workflows do
	$(PYTHON) -m pip install --disable-pip-version-check --quiet --constraint .ci/constraints.txt .

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.sandbox: pyproject.toml .ci/constraints.txt | $(VENV)/bin/python
	@echo "setting up (once) ..."
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint .ci/constraints.txt -e '.[sandbox]'
	@touch $@

$(VENV)/.dev: pyproject.toml .ci/constraints.txt | $(VENV)/bin/python
	@echo "setting up (once) ..."
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint .ci/constraints.txt -e '.[sandbox,dev]'
	@touch $@ $(VENV)/.sandbox

clean:
	rm -rf $(VENV) .demo build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
