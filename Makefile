# The commands of a new user and of a developer. Each makes or refreshes .venv first; a second run finds it ready.
SHELL := /bin/sh
VENV := .venv
PYTHON = $$(sh scripts/find_python.sh)
HOME_DIR = $(or $(SHUYUAN_HOME),.shuyuan)

.PHONY: help demo test lint bench down clean lock venv venv-dev

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/'

venv:
	@python=$(PYTHON) && "$$python" scripts/bootstrap.py run

venv-dev:
	@python=$(PYTHON) && "$$python" scripts/bootstrap.py dev

demo: venv  ## run the demo city through the whole line and leave it running; SHUYUAN_PORT=8080, ARGS="--people 20000"
	@$(VENV)/bin/python scripts/console_port.py
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(VENV)/bin/shuyuan demo run $(ARGS)

test: venv-dev  ## the whole test suite; ARGS="-k embedded"
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(VENV)/bin/python -m pytest -n auto --dist loadfile $(ARGS)

lint: venv-dev  ## style, types, import contract
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

bench: venv-dev  ## every bench against its bar, as ratios in one run; ROWS=4000000 PEOPLE=20000 OUT=bench.json ONLY=reading,xlsx
	@$(VENV)/bin/python bench/run.py --rows $(or $(ROWS),4000000) --people $(or $(PEOPLE),20000) $(if $(OUT),--out $(OUT)) $(if $(ONLY),--only $(ONLY))

# Something can be running only if there is state; then .venv is needed to stop it, even if it was removed meanwhile.
down:  ## stop what `make demo` left running
	@if [ -d "$(HOME_DIR)" ]; then $(MAKE) --no-print-directory venv && $(VENV)/bin/shuyuan demo stop; \
	else echo "nothing runs: $(HOME_DIR) does not exist"; fi

clean: down  ## stop and remove all state of the deployment (SHUYUAN_HOME, .shuyuan by default)
	@python=$(PYTHON) && "$$python" scripts/clean.py

lock: venv-dev  ## resolve requirements*.in into requirements*.txt
	@$(VENV)/bin/python scripts/lock.py
