# Every target sets up what it needs by itself on a fresh machine: `make demo` may be the first command.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help demo lab backtest bench chaos doctor verify-evidence test check lock audit sbom

VENV_PYTHON := .venv/bin/python
SCENARIO ?= brute-force-success
# One plays whole labs, which wait much; the others run everything else.
TEST_WORKERS ?= 3

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Answer a simulated incident from start to end; SCENARIO=name picks another one
	@tools/setup.sh python azurite
	@$(VENV_PYTHON) -m lab demo --scenario $(SCENARIO)

lab: ## Run the app and its simulated vendors until Ctrl-C
	@tools/setup.sh python azurite
	@exec $(VENV_PYTHON) -m lab up

backtest: ## Judge recorded sign-ins; DATA=file or folder, see docs/backtest.md
	@[[ -n "$(DATA)" ]] || { echo "Say which logs: make backtest DATA=file-or-folder" >&2; exit 2; }
	@tools/setup.sh python
	@$(VENV_PYTHON) -m lab backtest --data "$(DATA)" \
	  $(if $(ADDRESSES),--addresses "$(ADDRESSES)") $(if $(AGAINST),--against "$(AGAINST)")

bench: ## Measure latency, cost and start of the app; QUICK=1 measures less, COST=1 what a case costs, STORM=number is a storm
	@tools/setup.sh python azurite
	@$(VENV_PYTHON) -m lab bench $(if $(filter-out 0,$(QUICK)),--quick) \
	  $(if $(filter-out 0,$(COST)),--cost) $(if $(STORM),--storm "$(STORM)")

chaos: ## Answer many cases while everything breaks; CASES=number, SEED=number, ROUND=one of them
	@tools/setup.sh python azurite
	@$(VENV_PYTHON) -m lab chaos $(if $(CASES),--cases "$(CASES)") $(if $(SEED),--seed "$(SEED)") \
	  $(if $(ROUND),--round "$(ROUND)")

doctor: ## Check settings and permissions, read-only; SETTINGS=file reads another settings file
	@tools/setup.sh python
	@$(VENV_PYTHON) -m tools.doctor $(if $(SETTINGS),--settings "$(SETTINGS)")

verify-evidence: ## Check a case's evidence: CASE=id; FOLDER=copy reads a copy, SHA256=as the ticket says
	@[[ -n "$(CASE)" ]] || { echo "Say which case: make verify-evidence CASE=id" >&2; exit 2; }
	@tools/setup.sh python
	@$(VENV_PYTHON) -m tools.verify_evidence "$(CASE)" \
	  $(if $(FOLDER),--folder "$(FOLDER)") $(if $(SHA256),--sha256 "$(SHA256)") \
	  $(if $(SETTINGS),--settings "$(SETTINGS)")

test: ## Run every test
	@tools/setup.sh python azurite kusto
	@$(VENV_PYTHON) -m pytest -q --numprocesses $(TEST_WORKERS) --dist loadscope

check: ## Check format, lint, types, queries, infrastructure, secrets, packages and links
	@tools/setup.sh python kusto checkov supply_chain
	@echo "== format: ruff format --check"
	@$(VENV_PYTHON) -m ruff format --check .
	@echo "== lint: ruff check"
	@$(VENV_PYTHON) -m ruff check .
	@echo "== types: mypy --strict"
	@$(VENV_PYTHON) -m mypy .
	@echo "== queries: Microsoft's KQL language service"
	@$(VENV_PYTHON) tools/check_kql.py
	@echo "== infrastructure: Bicep, relay, azd, workflow, checkov's policies"
	@$(VENV_PYTHON) tools/check_infra.py
	@echo "== secrets: Kingfisher, offline"
	@$(VENV_PYTHON) -m tools.supply_chain.scan
	@echo "== packages: known vulnerabilities of what is deployed"
	@$(VENV_PYTHON) -m tools.supply_chain.audit --quick
	@echo "== links: relative links in Markdown"
	@$(VENV_PYTHON) tools/check_links.py

lock: ## Write the locks of all packages anew; UPGRADE=1 takes newer versions
	@tools/setup.sh python supply_chain
	@$(VENV_PYTHON) -m tools.supply_chain.lock $(if $(filter-out 0,$(UPGRADE)),--upgrade)

audit: ## Ask for known vulnerabilities of every locked package; needs the network
	@tools/setup.sh python supply_chain
	@$(VENV_PYTHON) -m tools.supply_chain.audit

sbom: ## Write the bill of materials of what is deployed to .lab/sbom.json
	@tools/setup.sh python supply_chain
	@$(VENV_PYTHON) -m tools.supply_chain.sbom
