# One virtual environment, .venv, serves every target; stamp files in it record which lock it holds.
VENV := .venv
PY := $(VENV)/bin/python
UV := build/lock-env/bin/uv
UV_VERSION := 0.13.9
AUDIT := build/audit-env/bin/pip-audit
AUDIT_VERSION := 2.10.1
# uv asks another index only when it is set to; pip reads the variable itself.
COMPILE_FROM = $(UV) pip compile --universal --python-version 3.11 --quiet \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	$(if $(PIP_INDEX_URL),--default-index "$(PIP_INDEX_URL)")
COMPILE = $(COMPILE_FROM) pyproject.toml

# More words for the program behind a target: make app ARGS="--server.headless true", make test ARGS="-k gate"
ARGS ?=
# How many processes share the tests; 0 for one, in which a debugger works.
JOBS ?= 2
# Where the page listens. Only this computer can reach it; HOST=0.0.0.0 opens it to the network.
HOST ?= 127.0.0.1
PORT ?= 8501

.DEFAULT_GOAL := help
.PHONY: help app test test-all check docs format lock audit clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

app: $(VENV)/app.stamp ## open the page in a browser (installs the runtime and Streamlit first)
	$(PY) -m streamlit run app.py --server.address "$(HOST)" --server.port "$(PORT)" $(ARGS)

test: $(VENV)/dev.stamp ## run the tests of every behaviour (installs all development tools first)
	$(PY) -m pytest --numprocesses $(JOBS) --dist loadfile -m "not slow" $(ARGS)

test-all: $(VENV)/dev.stamp ## run every test, also those that take long: soak, fuzz, browser, training
	$(PY) -m pytest --numprocesses $(JOBS) --dist loadfile $(ARGS)

check: $(VENV)/dev.stamp ## formatting, lint and types
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy

docs: $(VENV)/dev.stamp ## build the documentation into build/docs, the tutorial's answers included
	$(PY) -m sphinx --fail-on-warning --keep-going --quiet $(ARGS) docs build/docs
	@echo "open build/docs/index.html"

format: $(VENV)/dev.stamp ## rewrite the sources in the house format
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

lock: $(UV) ## resolve the requirements and constraints files again (ARGS=--upgrade moves to the newest versions)
	$(COMPILE) --all-extras --generate-hashes --output-file requirements-dev.txt $(ARGS)
	$(COMPILE) --extra app --constraint requirements-dev.txt --output-file requirements.txt $(ARGS)
	$(COMPILE) --extra app --extra formats --extra pacs --extra serve --constraint requirements-dev.txt \
		--generate-hashes --output-file deploy/requirements.txt $(ARGS)
	sed -n 's/^requires = \["\(.*\)"\]$$/\1/p' pyproject.toml | $(COMPILE_FROM) - --constraint requirements-dev.txt \
		--generate-hashes --output-file deploy/build-requirements.txt $(ARGS)
	printf '%s\n' '# The versions of requirements-dev.txt. Made by: make lock' >constraints.txt
	awk '/^[A-Za-z0-9]/ { sub(/ *\\$$/, ""); print }' requirements-dev.txt >>constraints.txt
	printf '%s\n' '# The package itself, from this checkout; editable, so that a redeploy never serves old code.' '-e .' \
		>> requirements.txt

# --strict: a version that the service does not know is a failure, not a clean bill.
audit: $(AUDIT) ## ask for known weaknesses of all locked versions (needs the internet)
	grep -v '^-e' requirements.txt >build/requirements.txt
	$(AUDIT) --strict --disable-pip --no-deps --requirement build/requirements.txt $(ARGS)
	$(AUDIT) --strict --disable-pip --require-hashes --requirement requirements-dev.txt $(ARGS)

clean: ## remove the environment, caches and build results
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# --no-compile: Python compiles what it imports the first time; most of what is installed never is.
$(VENV)/app.stamp: requirements.txt pyproject.toml hatch_build.py
	$(make_venv)
	@echo "installing the runtime and Streamlit into $(VENV)"
	@$(PY) -m pip install --quiet --no-compile --requirement requirements.txt || $(no_packages)
	touch $@

$(VENV)/dev.stamp: requirements-dev.txt pyproject.toml hatch_build.py
	$(make_venv)
	@echo "installing the development tools into $(VENV); TensorFlow makes the first time take minutes"
	@$(PY) -m pip install --quiet --no-compile --require-hashes --requirement requirements-dev.txt || $(no_packages)
	$(PY) -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(UV): Makefile
	$(call make_venv_at,build/lock-env)
	build/lock-env/bin/python -m pip install --quiet uv==$(UV_VERSION)
	touch $@

$(AUDIT): Makefile
	$(call make_venv_at,build/audit-env)
	build/audit-env/bin/python -m pip install --quiet pip-audit==$(AUDIT_VERSION)
	touch $@

# What pip says of a proxy that is not there ends in "No matching distribution found".
define no_packages
{ echo "pip could not install the packages. If it speaks of connections or proxies: it obeys HTTPS_PROXY, PIP_INDEX_URL" \
"and PIP_CERT; docs/deployment.md, 'Behind a proxy', says more. The same command goes on where it stopped." >&2; exit 1; }
endef

# Python 3.14 comes last: TensorFlow, which the export needs, has no build for it yet.
define make_venv_at
@"$(1)/bin/python" -m pip --version >/dev/null 2>&1 && exit 0; \
for python in $(if $(PYTHON),"$(PYTHON)",python3.13 python3.12 python3.11 python3 python3.14 python); do \
	"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null || continue; \
	found="$$python"; \
	"$$python" -c 'import ensurepip, venv' 2>/dev/null || continue; \
	echo "making $(1) with $$("$$python" --version)"; \
	exec "$$python" -m venv --clear "$(1)"; \
done; \
if [ -n "$$found" ]; then \
	echo "$$found cannot make virtual environments; on Debian and Ubuntu: sudo apt install python3-venv" >&2; \
else \
	echo "Python 3.11 to 3.14 is needed and was not found; install one, or name it: make PYTHON=/path/to/python3" >&2; \
fi; exit 1
endef
make_venv = $(call make_venv_at,$(VENV))
