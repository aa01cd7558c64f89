# Python packages go into .venv, at the versions and hashes of requirements.lock, and nowhere else.

.DEFAULT_GOAL := help
.PHONY: help demo test check fast lint types install browser packages screenshots lock clean

export PYTHON ?= python3
# Tests start hundreds of processes: what is compiled once is read by the others.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
INSTALLED := .venv/.installed

help: ## Say what can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(INSTALLED) ## Install what is needed, then serve the demo newspaper
	@$(BIN)/bandeau demo

test: packages $(INSTALLED) ## Install what is needed, Debian packages included, then run every test
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: lint ## The fast part: lint, types, and the tests without browser and load
	@$(MAKE) --no-print-directory -j2 --output-sync=target types fast

# Types beside the tests: a checker with nothing cached takes twenty seconds of one core.
# Two folders have no fast test: reading them takes seconds too.
fast: $(INSTALLED)
	$(BIN)/python -m pytest -q -x -n 2 --dist worksteal -p no:logging --ignore=tests/browser --ignore=tests/faults \
	  -m "not browser and not slow" --hypothesis-profile=check

lint: $(INSTALLED) ## Style and import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: $(INSTALLED) ## Types of the Python and of the browser's JavaScript
	$(BIN)/mypy
	@scripts/check-browser

browser: $(INSTALLED) ## Pack browser/*.js into the form in which they are served
	@$(BIN)/python scripts/pack-browser

install: $(INSTALLED) ## Fill .venv

$(INSTALLED): pyproject.toml requirements.lock scripts/install
	@scripts/install

packages: ## Debian packages that the tests use (Playwright's own Node needs libatomic1)
	@scripts/apt-install chromium firefox-esr nodejs npm libatomic1 nginx-light caddy varnish \
	  wordpress wordpress-theme-twentytwentythree php-cli php-mysql mariadb-server-core postgresql patroni etcd-server openssl \
	  xvfb xdotool

screenshots: $(INSTALLED) ## Take the pictures of docs/images again, with Chromium
	@$(BIN)/python scripts/screenshot.py

lock: $(INSTALLED) ## Renew requirements.lock from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --group dev --group test --group bench --output-file requirements.lock \
	  --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet

clean: ## Remove what was made here, .venv included; data stays
	rm -rf .venv node_modules dist .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	  .import_linter_cache
	find src tests -name __pycache__ -prune -exec rm -rf {} +
