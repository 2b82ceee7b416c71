# Targets for people and for CI. Every target first installs what it needs.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

PYTHON ?= python3
BIN := .venv/bin

# The Lambda runtime's Python, for `make build`. A pyenv shim may be on PATH that only says where
# it lies, hence the try.
PYTHON313 ?= $(shell for python in python3.13 \
  $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.13.*/bin/python3.13; do \
  $$python -c 'import sys; print(sys.executable)' 2>/dev/null && break; done)
SAM = PATH="$(dir $(PYTHON313)):$$PATH" AWS_DEFAULT_REGION=eu-central-1 SAM_CLI_TELEMETRY=0 .sam/bin/sam

# `sam build` checks no hash of a package that it fetches for another architecture than its own. So
# all packages are fetched by hash first, and it takes them from there.
BUILD = PIP_NO_INDEX=1 PIP_FIND_LINKS="$$(.sam/bin/python -c \
  'import pathlib; print(pathlib.Path(".aws-sam/wheels").resolve().as_uri())')" $(SAM) build
FETCH = .sam/bin/pip download --quiet --disable-pip-version-check --require-hashes --no-deps
LAMBDA_ABI = --only-binary :all: --python-version 3.13

# Lambda's file system is read-only: without its bytecode, each cold start compiles every module
# anew. It is checked by content, so that none runs that is not of the source beside it.
COMPILE = (cd .aws-sam/$(1) && $(PYTHON313) -m compileall -q --invalidation-mode checked-hash .)

# Lambda's runtime interface client, where there is Linux to run it.
RUNTIME := $(if $(filter Linux,$(shell uname -s)),.aws-sam/runtime/installed)

# The page needs Node.js; everything else does without.
WEB := $(if $(shell command -v npm),web/node_modules/.package-lock.json)
NO_NODE := echo "npm is missing: the page is not checked"

# ENGINE=trino: on the engine under Athena instead of the embedded one.
ON_ENGINE := $(if $(ENGINE),--engine $(ENGINE))
ENGINE_NEEDS := $(if $(filter trino,$(ENGINE)),.venv/java)
ENGINE_TESTS := $(addprefix tests/functional/test_,direct_invocation.py export_api.py \
  local_athena_api.py local_athena_clients.py local_athena_statements.py local_athena_tables.py \
  observability.py row_limit.py smoke.py smoke_facts.py usage_api.py)

.PHONY: help export serve seed smoke web deploy-web trino test test-slow test-clients test-oidc test-trino \
  load check check-template mutate bench format docs build lock licenses audit clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

export: .venv/installed $(ENGINE_NEEDS) ## Export the sample call logs' last 30 days to exports/ (ARGS="--help" for more)
	@$(BIN)/python -m local export $(ON_ENGINE) $(ARGS)

serve: .venv/installed $(ENGINE_NEEDS) ## Run the API on http://127.0.0.1:8080 until Ctrl-C (ARGS="--port 9000")
	@$(BIN)/python -m local serve $(ON_ENGINE) $(ARGS)

seed: .venv/installed ## Make sample call logs (ARGS="--output DIR --rows 1000001")
	@$(BIN)/python -m local seed $(ARGS)

smoke: .venv/installed ## Check that a deployed stack works (STACK=NAME ARGS="--workspace ID", docs/smoke.md)
	@$(BIN)/python -m local smoke $(if $(STACK),--stack "$(STACK)") $(ARGS)

web: $(WEB) ## Build the page into web/dist (needs Node.js; `make serve` does it by itself)
	@npm --prefix web run --silent build

deploy-web: .venv/installed ## Build the page and put it where a stack serves it (STACK=NAME, docs/deploy-web.md)
	@$(BIN)/python -m local deploy-web $(if $(STACK),--stack "$(STACK)") $(ARGS)

trino: .venv/java ## Fetch Trino, the engine under Athena, for ENGINE=trino (450 MB, by Maven, once)
	@$(BIN)/python -m local.trino

test: .venv/installed ## Run the tests, without network or account (ARGS="-k timeframe")
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder -m "not slow" $(ARGS)

test-slow: .venv/installed ## Run the tests that take their time, such as a million rows
	@$(BIN)/python -m pytest -m slow $(ARGS)

test-clients: .venv/installed .clients/installed ## Test with the AWS CLI, awswrangler and PyAthena's cursors
	@$(BIN)/python -m pytest tests/clients $(ARGS)

test-oidc: .venv/java ## Test authorizer and page with Keycloak, which Maven fetches once
	@$(BIN)/python -m pytest tests/oidc $(ARGS)

test-trino: trino ## Run the functional tests on Trino, and compare every statement on both engines
	@$(BIN)/python -m pytest --engine trino -m "not slow" $(ENGINE_TESTS) tests/trino $(ARGS)

load: .venv/installed .load/installed ## Load the local stack with many admins, and hold all that they get against the logs (ARGS="--users 300 --seconds 60")
	@$(BIN)/python -m benchmarks.load $(ARGS)

check: .venv/installed $(WEB) ## Formatting, lint, strict types, template lint; the page's too where Node.js is
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/cfn-lint template.yaml
	@$(if $(WEB),npm --prefix web run --silent check && npm --prefix web run --silent test,$(NO_NODE))

check-template: .checkov/installed ## Hold the template against checkov's rules for secure settings
	@.checkov/bin/checkov --file template.yaml --framework cloudformation --compact --quiet \
	  --skip-download

mutate: .mutate/installed ## Break the code in many small ways: do the tests notice? Takes its time (ARGS=shared/queries.py)
	@$(BIN)/python -m local.mutation $(ARGS)

bench: build trino .clients/installed ## Measure speed, memory and cost into docs/performance.md; half an hour (ARGS="exports --rounds 3")
	@$(BIN)/python -m benchmarks --write docs/performance.md $(ARGS)

format: .venv/installed ## Format the code and mend what lint can mend
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

docs: .venv/installed ## Make docs/openapi.json from the code
	@$(BIN)/python -m local.openapi

build: .sam/installed .venv/installed .aws-sam/wheels/fetched $(RUNTIME) ## Build and validate what is deployed, and run it as Lambda would
	@$(SAM) validate
	@$(BUILD)
	@$(BUILD) --build-dir .aws-sam/build-x86_64 --parameter-overrides Architecture=x86_64
	@$(call COMPILE,build) && $(call COMPILE,build-x86_64)
	@PATH="$(dir $(PYTHON313)):$$PATH" REQUIRE_BUILD=1 $(BIN)/python -m pytest tests/packaging

UV_COMPILE = .sam/bin/uv pip compile --quiet --universal --python-version 3.11 --no-annotate \
  --no-emit-index-url --generate-hashes --custom-compile-command "make lock" $(UPGRADE)

lock: .sam/installed ## Resolve the pinned requirements anew from pyproject.toml (UPGRADE=--upgrade)
	@$(UV_COMPILE) --all-extras pyproject.toml --output-file requirements-dev.txt
	@$(UV_COMPILE) --extra authorizer -c requirements-dev.txt pyproject.toml \
	  --output-file functions/authorizer/requirements.txt
	@for function in export analytics; do $(UV_COMPILE) --extra lambda -c requirements-dev.txt \
	  pyproject.toml --output-file functions/$$function/requirements.txt; done
	@$(UV_COMPILE) --group mutate -c requirements-dev.txt --output-file requirements-mutate.txt
	@for group in audit checkov clients java load runtime sam; do $(UV_COMPILE) --group $$group \
	  --output-file requirements-$$group.txt; done

licenses: .venv/installed ## Check that every installed package's license is allowed; no network
	@$(BIN)/python -m local.audit licenses

audit: .venv/installed .sam/installed .audit/installed ## The licenses, and known vulnerabilities: asks who keeps them, and fails where nobody answers
	@$(BIN)/python -m local.audit

clean: ## Remove what was installed, built or made here; exports stay
	rm -rf .venv .sam .audit .checkov .clients .load .mutate .aws-sam .local call-logs .call-logs-* web/node_modules web/dist

.venv/installed: requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; name one: make PYTHON=python3.13 …" >&2; exit 1; }
	@echo "Installing into .venv, once; this takes about a minute"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

.sam/installed: requirements-sam.txt
	@test -n "$(PYTHON313)" || { echo "make build needs Python 3.13, the Lambda runtime's version:" \
	  "install it, or name it: make build PYTHON313=/path/to/python3.13" >&2; exit 1; }
	@echo "Installing the SAM CLI into .sam, once; this takes about a minute"
	@$(PYTHON313) -m venv --clear .sam
	@.sam/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

.checkov/installed: requirements-checkov.txt
	@echo "Installing checkov into .checkov, once; this takes about a minute"
	@$(PYTHON) -m venv --clear .checkov
	@.checkov/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

.audit/installed: requirements-audit.txt
	@$(PYTHON) -m venv --clear .audit
	@.audit/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

.mutate/installed: requirements-mutate.txt .venv/installed
	@$(BIN)/python -m venv --clear .mutate
	@.mutate/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@(cd .venv/lib/python3*/site-packages && pwd) > "$$(echo .mutate/lib/python3*/site-packages)/venv.pth"
	@touch $@

.aws-sam/wheels/fetched: $(wildcard functions/*/requirements.txt) | .sam/installed
	@rm -rf $(@D)
	@$(FETCH) --dest $(@D) $(addprefix --requirement ,$^)
	@for machine in aarch64 x86_64; do $(FETCH) --dest $(@D) $(addprefix --requirement ,$^) \
	  $(LAMBDA_ABI) --platform manylinux_2_34_$$machine --platform manylinux_2_28_$$machine \
	  --platform manylinux2014_$$machine; done
	@touch $@

.aws-sam/runtime/installed: requirements-runtime.txt | .sam/installed
	@rm -rf $(@D)
	@.sam/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-compile \
	  --target $(@D) --requirement $<
	@touch $@

.venv/java: requirements-java.txt .venv/installed
	@echo "Installing a Java runtime into .venv, once"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

.clients/installed: requirements-clients.txt
	@echo "Installing the AWS CLI and other clients into .clients, once; this takes about a minute"
	@$(PYTHON) -m venv --clear .clients
	@.clients/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

.load/installed: requirements-load.txt
	@echo "Installing locust into .load, once; this takes about a minute"
	@$(PYTHON) -m venv --clear .load
	@.load/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

web/node_modules/.package-lock.json: web/package-lock.json
	@npm --prefix web ci --no-audit --no-fund --silent
