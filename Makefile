# Every target sets up what it needs by itself on a fresh machine: `make demo` may be the first command.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help demo lab test check

VENV_PYTHON := .venv/bin/python
SCENARIO ?= brute-force-success

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Answer a simulated incident from start to end; SCENARIO=name picks another one
	@tools/setup.sh python azurite
	@$(VENV_PYTHON) -m lab demo --scenario $(SCENARIO)

lab: ## Run the app and its simulated vendors until Ctrl-C
	@tools/setup.sh python azurite
	@exec $(VENV_PYTHON) -m lab up

test: ## Run every test
	@tools/setup.sh python azurite kusto
	@$(VENV_PYTHON) -m pytest -q

check: ## Check format, lint, types, queries and links
	@tools/setup.sh python kusto
	@echo "== format: ruff format --check"
	@$(VENV_PYTHON) -m ruff format --check .
	@echo "== lint: ruff check"
	@$(VENV_PYTHON) -m ruff check .
	@echo "== types: mypy --strict"
	@$(VENV_PYTHON) -m mypy .
	@echo "== queries: Microsoft's KQL language service"
	@$(VENV_PYTHON) tools/check_kql.py
	@echo "== links: relative links in Markdown"
	@$(VENV_PYTHON) tools/check_links.py
