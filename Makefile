# `make` alone prints the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
VENV := .venv
# A group of files at a time (tests/side_by_side.py); many tests wait, so more processes than processors.
SIDE_BY_SIDE := --processes=$$((2 * $$(nproc)))
BIN := $(VENV)/bin
# A run starts a hundred processes: each would compile anew what it imports.
unexport PYTHONDONTWRITEBYTECODE
NEVER_IMPORTED := '/((short)?data/region_(?!NG)|event_handler|utilities/(?!__init__|typing|jmespath_utils))'
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
# sam build wants the template's own Python as a real binary, not as a pyenv shim.
PYTHON313 ?= $(shell for python in python3.13 "$$(pyenv prefix 3.13 2>/dev/null || true)/bin/python3.13"; do \
	$$python -c 'import sys; print(sys.executable)' 2>/dev/null && break; done)

.PHONY: help setup run run-built test quick check lint types template security unit cpu fuzz bench build runtime artefact schema lock clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.done ## make .venv with everything and the kobo command in it

$(VENV)/.done: requirements/dev.txt requirements/uv.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; say which with make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

run: setup ## the demo: a local AWS, a mock KoboMobile, every kind of answer
	$(BIN)/kobo demo

run-built: setup build runtime ## the demo on what `make build` makes, under Lambda's own runtime
	$(BIN)/kobo demo --built

test: setup ## all checks and tests, side by side
	$(MAKE) lint types template & failed=0; $(MAKE) unit || failed=$$?; wait $$! && exit $$failed
	$(MAKE) cpu

quick: setup ## lint, types and unit tests but the slow ones, in 40 seconds
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(BIN)/mypy & failed=0; $(BIN)/python -m pytest --quiet $(SIDE_BY_SIDE) -m "not slow" tests/unit tests/test_*.py || failed=$$?; \
		wait $$! && exit $$failed

check: lint types template security ## all that needs no test to run

lint: setup ## style, with ruff; GitHub's workflows and forms, with zizmor and their schemas
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/zizmor --offline --quiet --persona=pedantic .github
	$(BIN)/check-jsonschema --quiet --builtin-schema=vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema=vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema=vendor.github-issue-forms \
		$(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))

types: setup ## types, with mypy (strict)
	$(BIN)/mypy

template: setup ## template.yaml, with cfn-lint
	$(BIN)/cfn-lint template.yaml

# In an environment of its own, as it wants an old boto3; it asks nobody (--skip-download).
security: .venv-security/.done ## template.yaml, with checkov: clean, or answered where it stands
	.venv-security/bin/checkov --file template.yaml --framework cloudformation --skip-download --quiet --compact

.venv-security/.done: requirements/security.txt requirements/uv.txt
	$(PYTHON) -m venv .venv-security
	.venv-security/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	.venv-security/bin/uv pip install --quiet --python .venv-security/bin/python --require-hashes -r requirements/security.txt
	@touch $@

unit: setup ## all tests, without the checks (PYTEST="-k name" narrows them)
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(PYTEST)

cpu: setup ## what a text and a report cost the processor, each beside its limit
	$(BIN)/python -m benchmarks.cpu_per_record

fuzz: setup ## property tests with many random examples, every crash point, 10,000 random worlds (an hour)
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest --quiet --processes=$$(nproc) -m hypothesis
	KOBO_FAULTS=all $(BIN)/python -m pytest --quiet $(SIDE_BY_SIDE) tests/robustness/crash_points
	$(BIN)/python -m tests.robustness.simulation --seeds 10000 --from $$RANDOM$$RANDOM --jobs $$(nproc)
	$(BIN)/python -m tests.robustness.simulation --seeds 500 --from $$RANDOM$$RANDOM --jobs $$(nproc) --flaky
	$(BIN)/python -m tests.robustness.simulation --seeds 2000 --from $$RANDOM$$RANDOM --jobs $$(nproc) --retries

bench: setup ## send_sms beside the usual Lambda and Kannel, in under ten minutes (BENCH="--json FILE")
	$(BIN)/python -m benchmarks.peers $(BENCH)

build: .venv-sam/.done ## what is deployed: sam validate and sam build, without Docker
	@test -n "$(PYTHON313)" || { echo "sam build needs python3.13; say where with make build PYTHON313=..." >&2; exit 1; }
	PATH="$(dir $(PYTHON313)):$$PATH" SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-west-1 .venv-sam/bin/sam validate --lint
	PATH="$(dir $(PYTHON313)):$$PATH" SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-west-1 .venv-sam/bin/sam build
# sam build leaves byte code out, and nothing can be written in AWS: each cold start would compile what it imports.
# Nobody changes a file there, so none is compared with its source. What is never imported has none.
	for folder in .aws-sam/build/*/; do "$(PYTHON313)" -m compileall -q --invalidation-mode unchecked-hash -x $(NEVER_IMPORTED) "$$folder"; done

runtime: .venv-lambda/.done ## what Lambda runs functions with: its Python, boto3, interface client (Linux)

artefact: setup build runtime ## tests of what `make build` makes, under Lambda's own runtime (Linux)
	KOBO_ARTEFACT=built $(BIN)/python -m pytest $(SIDE_BY_SIDE) tests/artefact

.venv-lambda/.done: requirements/lambda.txt requirements/uv.txt .venv-sam/.done
	@test -n "$(PYTHON313)" || { echo "python3.13 is needed; say where with make runtime PYTHON313=..." >&2; exit 1; }
	.venv-sam/bin/uv venv --quiet --clear --python "$(PYTHON313)" .venv-lambda
	.venv-sam/bin/uv pip install --quiet --python .venv-lambda/bin/python --require-hashes -r requirements/lambda.txt
	@touch $@

.venv-sam/.done: requirements/sam.txt requirements/uv.txt
	$(PYTHON) -m venv .venv-sam
	.venv-sam/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	.venv-sam/bin/uv pip install --quiet --python .venv-sam/bin/python --require-hashes -r requirements/sam.txt
	@touch $@

schema: setup ## write events/request.schema.json from the code's rules
	$(BIN)/python -m kobo_cli.request_schema > events/request.schema.json

lock: setup ## write the locked requirements anew
	for name in dev sam lambda security uv; do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header requirements/$$name.in --output-file requirements/$$name.txt; done
	npm install --prefix requirements/javascript --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund

clean: ## remove what the other targets made
	rm -rf $(VENV) .venv-sam .venv-lambda .venv-security .aws-sam .kobo .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info mock_kobo/build mock_kobo/*.egg-info
