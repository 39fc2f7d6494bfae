# Every target sets itself up in $(VENV), once: what is installed is remembered in stamp files.
#
#     PYTHON=python3.13 make test      another Python for a new $(VENV)

PYTHON ?= python3
VENV   ?= .venv
BENCH  ?= .venv-bench

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test soak keras lint docs bench gpu-check clean

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 18

demo: $(VENV)/.plot  ## train on handwritten digits, save, load, draw a picture
	$(VENV)/bin/python examples/mnist_mlp.py

# One fresh cache of compiled kernels for all parts, so that each kernel is compiled once, unless
# NNKIT_TEST_CACHE names another. Bounds checks stay in code that is not optimised, and see plain
# loops only. The kernels for CUDA are tested in processes of their own: simulated, line by line, and
# compiled for real devices.
test: lint docs  ## all that a change must pass: lint, docs, tests, the built wheel
	@set -eu; own=$$(mktemp -d); trap 'rm -rf "$$own"' EXIT; \
	export NNKIT_TEST_CACHE="$${NNKIT_TEST_CACHE:-$$own}" COVERAGE_FILE="$$own/coverage"; \
	pytest="$(VENV)/bin/python -m pytest --quiet --numprocesses auto --dist loadfile"; set -x; \
	$$pytest; \
	NNKIT_PLAIN_TILES=1 NUMBA_BOUNDSCHECK=1 NUMBA_OPT=0 $$pytest tests/kernels; \
	NUMBA_ENABLE_CUDASIM=1 $$pytest tests/cuda/simulator --cov=nnkit/kernels/cuda \
	    --cov-report=term-missing:skip-covered --cov-fail-under=100; \
	NNKIT_TEST_COMPILED=1 $$pytest tests/cuda/compiled; \
	tools/check_wheel.sh $(VENV)/bin/python

# The tests marked "soak" repeat themselves more often here (rounds in tests/helpers.py).
soak: $(VENV)/.dev  ## interrupts, kills, damaged files, threads: hundreds of times, some minutes
	NNKIT_SOAK=1 $(VENV)/bin/python -m pytest --quiet --numprocesses auto -m soak tests

# In a process of its own, because one in which JAX was imported must not fork.
keras: $(VENV)/.dev $(VENV)/.keras  ## layers, losses, optimizers... against Keras 3
	NNKIT_REQUIRE_KERAS=1 $(VENV)/bin/python -m pytest --quiet --numprocesses auto tests/keras

lint: $(VENV)/.dev  ## ruff and mypy
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

docs: $(VENV)/.dev  ## the manual, into docs/_build/html
	$(VENV)/bin/sphinx-build --fail-on-warning --keep-going --quiet docs docs/_build/html

# Measured against others, in an environment of its own because they are big. On Linux PyPI's torch
# brings CUDA along; PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu gets one without.
bench: $(BENCH)/.benchmark  ## measure nnkit against other libraries
	$(BENCH)/bin/python -m benchmarks

# Where torch and JAX are installed as well, it measures against them.
gpu-check: $(VENV)/.cuda  ## with an NVIDIA GPU: check all kernels and measure
	$(VENV)/bin/python tools/gpu_check.py

clean:  ## remove what was built and installed
	rm -rf $(VENV) $(BENCH) build dist docs/_build *.egg-info .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.plot $(VENV)/.dev $(VENV)/.cuda $(VENV)/.keras: $(VENV)/.%: $(VENV)/.created setup.cfg pyproject.toml
	$(VENV)/bin/python -m pip install --quiet --editable '.[$*]'
	@touch $@

$(BENCH)/.benchmark: $(BENCH)/.created setup.cfg pyproject.toml
	$(BENCH)/bin/python -m pip install --quiet --editable '.[benchmark]'
	@touch $@

%/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "nnkit needs Python 3.11 or later; '$(PYTHON)' is older or missing." \
	           "Name another one: make PYTHON=python3.13 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "'$(PYTHON)' cannot make virtual environments. On Debian and Ubuntu:" \
	           "apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $*
	@touch $@
