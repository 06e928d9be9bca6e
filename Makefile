# make demo    everything from nothing: set up, then the main job for real   (DRAFT=file.md for a draft of yours;
#              MODEL=name for another model than a Qwen3 from a hub or, where none answers, the starter)
# make test    set up, lint, type-check, test
# make test-full   the same, with the 1.5B starter as well
# make test-faults   every fault we know of, tried on drafts: kills, power cuts, disk errors, bad input; with tables
# make coverage   branches of the program that the tests take: all of what places posts, nine of ten of the rest
# make fuzz    what reads drafts and rules, against millions of broken ones   (SECONDS=600 for each of the two)
# make soak    a daemon left to an author and to bad luck, everything checked all the while   (MINUTES=60)
# make bench   seconds per draft against the plain way and the floor, drafts per hour (five minutes)
# make bench-full   every measurement of speed, and bench/performance.md of it (thirty-five minutes)
# make screenshots   the pictures of journal page and review page, from drafts that go through the real program (three minutes)
# make llama-server   the peer that benchmarks and tests use, built from the same llama.cpp
# make peers   the other programs that bench-full compares with, in an environment of their own
# make quality   proposals against what authors wrote   (SITES="folder folder" with posts that have front matter)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test test-full test-faults soak coverage fuzz lint screenshots bench bench-full peers quality setup model llama-server clean
.DEFAULT_GOAL := demo

demo: setup
	@$(BIN)/blogmetad demo $(if $(MODEL),--model $(MODEL)) $(if $(DRAFT),"$(DRAFT)")

# Half of the time tests wait, for disks, clocks and processes. More than two at once take memory for as many models.
SIDE_BY_SIDE := -n $(or $(JOBS),2) --dist worksteal

# Where llama-server cannot be built, the tests against it are skipped and say so.
test: lint model
	@$(MAKE) --no-print-directory llama-server || true
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

test-full: setup
	@$(BIN)/blogmetad model pull starter-1.5b
	$(MAKE) test

# Where strace, root or a file system's tools are missing, what needs them is skipped and says so; tests/packages.sh
# installs them on a Debian.
test-faults: setup
	$(BIN)/python -m pytest --full -m "faults or full" $(SIDE_BY_SIDE)

# Without atheris, which there is for some versions of Python only, mutations are blind.
fuzz: setup
	@$(BIN)/python -m pip install --quiet --no-deps --target build/fuzz/atheris --upgrade atheris || true
	PYTHONPATH=build/fuzz/atheris $(BIN)/python -m tests.fuzz reader --seconds $(or $(SECONDS),120)
	PYTHONPATH=build/fuzz/atheris $(BIN)/python -m tests.fuzz rules --seconds $(or $(SECONDS),120)

# Nobody's text goes through these but in full: every branch of them is tested.
WATERTIGHT := publish/place publish/names publish/prune files journal/ledger journal/database intake/settle intake/draft

coverage: setup model
	@rm -rf build/coverage
	$(BIN)/python -m coverage run -m pytest --timeout 900 $(SIDE_BY_SIDE)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report --sort cover --fail-under 90
	$(BIN)/python -m coverage report --show-missing --fail-under 100 \
	    --include "$(shell echo $(WATERTIGHT:%=blogmetad/%.py) | tr ' ' ',')"

soak: setup
	$(BIN)/python -m tests.faults.soak --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED))

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Needs Debian's chromium and chromium-driver, and a font with Chinese characters.
screenshots: setup model
	$(BIN)/python -m docs.screenshots

bench: setup model
	$(BIN)/python -m bench.performance --model $(MODEL)

# A peer that cannot be installed is left out, and the page says so.
bench-full: setup model
	@$(MAKE) --no-print-directory llama-server || true
	@$(MAKE) --no-print-directory peers || true
	$(BIN)/python -m bench.performance --model $(MODEL) --full --write bench/performance.md --picture docs/latency.svg

# They find llama.cpp where ours is, so that all run the same machine code.
peers: build/peers/.ready

build/peers/.ready: $(READY)
	$(BIN)/python -m venv build/peers
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > \
	    "$$(build/peers/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/same-llama.pth"
	build/peers/bin/python -m pip install --quiet llm llm-gguf outlines numba
	touch $@

quality: setup model
	$(BIN)/python -m bench.quality $(SITES) --model $(or $(MODEL),starter)

model: setup
	@$(BIN)/blogmetad model pull starter

llama-server: $(BIN)/llama-server

$(BIN)/llama-server: $(READY)
	$(BIN)/python -m bench.llama_server

setup: $(READY)

# llama.cpp is compiled for this very machine; toolchain.py picks compiler and flags that are known to work on it.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("blogmetad needs Python 3.11 or newer; try: make PYTHON=python3.11") if sys.version_info < (3, 11) else 0'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=24"
	@echo "installing; compiling llama.cpp takes some minutes the first time"
	build="$$($(PYTHON) blogmetad/model/local/toolchain.py)" && \
	    eval "$$build $(BIN)/python -m pip install --quiet $${build:+--no-cache-dir} --constraint constraints.txt --editable '.[dev]'"
	touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
