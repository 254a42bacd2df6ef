# The two commands: `make reports` and `make test`. Each builds the environment first, when it is not there yet.
PYTHON ?= python3
BIN := .venv/bin
unexport PYTHONDONTWRITEBYTECODE
export PYTHONHASHSEED := 0

.DEFAULT_GOAL := help
.PHONY: help environment reports test lab check bench lock clean

help:
	@echo "make reports   build every report in Dutch and English: open reports/index.html"
	@echo "make test      run all tests"
	@echo "make lab       open the notebooks in JupyterLab"
	@echo "make check     formatter, linter, types, docstrings and the fast tests"
	@echo "make bench     time the methods, on data of three sizes"
	@echo "make lock      pin the packages anew after a change in pyproject.toml"
	@echo "make clean     remove built reports and caches"

environment: .venv/.stamp

.venv/.stamp: requirements.lock pyproject.toml tools/setup_environment.py
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "There is no '$(PYTHON)' here. Install Python 3.11 or newer, or name it: make reports PYTHON=python3.12"; exit 2; }
	@$(PYTHON) tools/setup_environment.py

reports: environment
	@$(BIN)/analysis report

test: environment
	@$(BIN)/pytest -n auto --dist loadfile

lab: environment
	@$(BIN)/jupyter lab notebooks

check: environment
	@$(BIN)/ruff format --check src tests tools notebooks
	@$(BIN)/ruff check src tests tools notebooks
	@$(BIN)/mypy
	@$(BIN)/python tools/check_docstrings.py
	@$(BIN)/pytest -n auto --dist loadfile -m "not slow"

bench: environment
	@$(BIN)/pytest benchmarks -p no:xdist --benchmark-only --benchmark-quiet

lock: environment
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --quiet --output-file requirements.lock

clean:
	@rm -rf reports/*/ reports/*.html .pytest_cache .mypy_cache .ruff_cache
