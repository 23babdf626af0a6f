# make run    set everything up and serve          make test   every test
# make demo   one scripted resident, end to end    make setup  only the set-up
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

.PHONY: run test demo setup setup-dev lint lock check-python

run: setup
	@exec .venv/bin/xiaoge up

demo: setup
	@.venv/bin/xiaoge demo

test: setup-dev
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/python -m pytest

lint: setup-dev
	@.venv/bin/ruff check .
	@.venv/bin/mypy

setup: check-python
	@$(PYTHON) tools/bootstrap.py

setup-dev: check-python
	@$(PYTHON) tools/bootstrap.py --dev

lock: check-python
	@$(PYTHON) tools/bootstrap.py --lock

check-python:
	@test -n "$(PYTHON)" || { echo "No CPython 3.11 or newer found. On Debian: apt-get install python3 python3-venv" >&2; exit 1; }
