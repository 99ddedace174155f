# The task file of findspot: people and CI type the same words. `make` alone prints this list.
#
# Everything is built into .venv (Python) and target/ (Rust); stamp files make a second run cheap. Tools come from the package
# registries by name, pinned in requirements/*.txt and Cargo.lock.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
# Where the development data is; without it the tests that need it are skipped, counted and named.
FINDSPOT_DATA ?= $(if $(wildcard ../shared/data/README.md),$(abspath ../shared/data))
export FINDSPOT_DATA
# One interpreter for every build of the binding, else cargo builds pyo3 once for each.
export PYO3_PYTHON := $(abspath $(BIN)/python)
# What the compiler keeps to compile a changed crate faster is half of all disk space; `CARGO_INCREMENTAL=1 make test` keeps it.
export CARGO_INCREMENTAL ?= 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
PIP := $(BIN)/python -m pip --quiet

RUST_SOURCES := $(shell find rust -type f -not -path '*/target/*' 2>/dev/null) Cargo.toml Cargo.lock
PYTHON_SOURCES := $(shell find python -type f -not -name '*.pyc' -not -name '*.so' 2>/dev/null) pyproject.toml

.PHONY: help setup demo test lint bench bench-rivals bench-config bench-awaiting bench-instructions soak docs clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

setup: $(STAMPS)/wheel $(STAMPS)/dev ## make .venv, build the release wheel and install it with the development tools

demo: $(STAMPS)/wheel $(STAMPS)/demo ## build findspot and hunt London's plaques in the terminal
	@$(BIN)/python examples/treasure_hunt/hunt.py

test: $(STAMPS)/wheel $(STAMPS)/dev ## run all tests: Rust, Python, documents, architecture, conformance, twin, crash
	@$(BIN)/python tests/run.py

lint: $(STAMPS)/wheel $(STAMPS)/dev ## check formats, lints, types, stubs and the links of the Rust documentation
	@cargo fmt --version >/dev/null 2>&1 || { echo "rustfmt is missing: rustup component add rustfmt" >&2; exit 1; }
	@cargo clippy --version >/dev/null 2>&1 || { echo "clippy is missing: rustup component add clippy" >&2; exit 1; }
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet
	$(BIN)/ruff format --check --quiet python tests benches examples
	$(BIN)/ruff check --quiet python tests benches examples
	$(BIN)/mypy --strict python/findspot
	$(BIN)/pyright --level error --pythonpath $(BIN)/python
	cd $(VENV) && bin/stubtest findspot --ignore-unused-allowlist --allowlist ../tests/python/stubtest-allowlist.txt --mypy-config-file ../pyproject.toml

bench: $(STAMPS)/wheel $(STAMPS)/bench ## measure against the rivals and print the tables; runs are kept under benches/runs
	@$(BIN)/python benches/run.py

bench-rivals: $(STAMPS)/wheel $(STAMPS)/bench ## measure searching against the rivals, interleaved (see benches/rivals)
	@$(BIN)/python benches/rivals/run.py $(RIVALS)
	@$(if $(RIVALS),,$(BIN)/python benches/rivals/also.py)

bench-config: $(STAMPS)/wheel $(STAMPS)/bench-config ## measure the configuration store beside locks and libraries (see benches/config)
	@$(BIN)/python benches/config/run.py

bench-awaiting: $(STAMPS)/wheel $(STAMPS)/dev ## measure the processor time of an awaited search, under each event loop, beside an executor
	@$(BIN)/python benches/awaiting.py $(if $(RECORD),--record $(RECORD))

bench-instructions: $(STAMPS)/demo ## count each class's instructions under valgrind, and fail when one grew by more than 3 %
	@$(BIN)/python benches/instructions.py $(if $(ACCEPT),--accept "$(ACCEPT)")

# Sanitizers are an unstable flag of the stable compiler: RUSTC_BOOTSTRAP=1 allows it. They watch the crates' modules that say `unsafe`.
SANITIZED = RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address CARGO_TARGET_DIR=target/sanitized cargo test --locked --quiet --lib --target $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')

# The NEON kernels, built for ARM and run by an emulator of its processor.
EMULATED = CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu" CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc CARGO_TARGET_DIR=target/emulated cargo test --locked --quiet --lib --target aarch64-unknown-linux-gnu

soak: $(STAMPS)/wheel $(STAMPS)/dev ## the long versions of the crash, twin and exactness tests (over an hour), and the unsafe modules under the address sanitizer
	$(SANITIZED) -p findspot-publish
	$(SANITIZED) -p findspot-engine storage::
	$(SANITIZED) -p findspot-engine exec::kernels::
	@command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64 >/dev/null || { echo "the NEON kernels are tested under an emulator: apt-get install gcc-aarch64-linux-gnu qemu-user" >&2; exit 1; }
	@rustup target list --installed | grep -q aarch64-unknown-linux-gnu || rustup target add aarch64-unknown-linux-gnu
	$(EMULATED) -p findspot-engine exec::kernels::
	FINDSPOT_SOAK=1 cargo test --locked --quiet -p findspot-config store::tests::load
	FINDSPOT_SOAK=1 PROPTEST_CASES=5120 cargo test --locked --quiet -p findspot-engine --lib search::tests::pruned
	@FINDSPOT_SOAK=1 $(BIN)/python -m pytest -q -p no:cacheprovider tests/crash tests/twin tests/config/test_consistency.py tests/python/test_async_processes.py

docs: $(STAMPS)/wheel $(STAMPS)/dev ## build the Rust documentation and check every path, link, command and example in the documents
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet
	@$(BIN)/python -m pytest -q -p no:cacheprovider tests/docs

clean: ## remove everything that was built
	rm -rf $(VENV) target dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMPS)/python:
	@python=$$(.ci/prerequisites) || exit 1; echo "making $(VENV) with $$python"; "$$python" -m venv --clear $(VENV)
	@mkdir -p $(STAMPS); touch $@

$(STAMPS)/wheel: $(STAMPS)/python requirements/build.txt $(RUST_SOURCES) $(PYTHON_SOURCES)
	@.ci/prerequisites >/dev/null
	@$(PIP) install -r requirements/build.txt
	@echo "building the release wheel (some minutes the first time)"
	@rm -rf dist
	$(BIN)/maturin build --release --locked --quiet --out dist
	@$(PIP) install --force-reinstall --no-deps dist/*.whl
	@touch $@

$(STAMPS)/demo: $(STAMPS)/python requirements/demo.txt
	@$(PIP) install -r requirements/demo.txt
	@touch $@

$(STAMPS)/dev: $(STAMPS)/python requirements/dev.txt requirements/demo.txt
	@$(PIP) install -r requirements/dev.txt
	@touch $@

$(STAMPS)/bench-config: $(STAMPS)/python requirements/bench-config.txt
	@$(PIP) install -r requirements/bench-config.txt
	@touch $@

$(STAMPS)/bench: $(STAMPS)/python requirements/bench.txt requirements/demo.txt
	@$(PIP) install -r requirements/bench.txt
	@touch $@
