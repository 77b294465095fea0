# What there is to do with this repository; `make help` lists it.
#
# `make test` is everything a reviewer runs, in order. It needs a Rust toolchain with cargo, and on Debian fetches
# the rest itself. A check whose tool cannot be had is skipped, with the reason, and counted at the end.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help test toolchain fmt-check clippy docs cargo-test openapi-check metrics-check summary fmt demo bench openapi

export PATH := $(PATH):$(HOME)/.cargo/bin
TARGET := $(or $(CARGO_TARGET_DIR),target)
TOOLS := $(TARGET)/tools
SKIPPED := $(TARGET)/skipped

help: ## Lists what there is to make.
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

test: toolchain fmt-check clippy docs cargo-test openapi-check metrics-check summary ## Runs every check there is.

toolchain: ## Checks that Rust and a C compiler are there; installs what it may.
	@
	if ! command -v cargo >/dev/null; then
	  echo 'cargo is not there: install Rust from https://rustup.rs and try again' >&2
	  exit 1
	fi
	if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
	  command -v rustup >/dev/null && rustup component add rustfmt clippy || {
	    echo 'rustfmt or clippy is not there: run `rustup component add rustfmt clippy`' >&2
	    exit 1
	  }
	fi
	if ! command -v cc >/dev/null; then
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	    apt-get update -qq
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev
	  else
	    echo 'a C compiler is not there: install gcc (on Debian: apt-get install gcc libc6-dev)' >&2
	    exit 1
	  fi
	fi
	mkdir -p $(TOOLS)
	: > $(SKIPPED)

fmt-check:
	@echo '== formatting'
	cargo fmt --check

clippy:
	@echo '== lints'
	cargo clippy --all-targets --locked -- -D warnings

docs:
	@echo '== documentation'
	RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps --document-private-items --locked

cargo-test:
	@echo '== tests'
	cargo test --locked

openapi-check: ## Validates the OpenAPI document with openapi-spec-validator.
	@echo '== OpenAPI'
	mkdir -p $(TOOLS)
	tool=$(TOOLS)/openapi/bin/openapi-spec-validator
	skip() { echo "SKIPPED: OpenAPI validation: $$1" | tee -a $(SKIPPED); exit 0; }
	if [ ! -x "$$tool" ]; then
	  command -v python3 >/dev/null || skip 'python3 is not there'
	  if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
	    [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || skip "python3 has no venv (on Debian: apt-get install python3-venv)"
	    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv; } \
	      || skip 'python3-venv cannot be installed'
	  fi
	  python3 -m venv --clear $(TOOLS)/openapi || skip 'a virtual environment cannot be made'
	  $(TOOLS)/openapi/bin/pip install --quiet --disable-pip-version-check openapi-spec-validator \
	    || skip 'openapi-spec-validator cannot be installed'
	fi
	"$$tool" openapi/tonkho.json openapi/tonkho.yaml

metrics-check: ## Checks with promtool the metrics that the tests have written down.
	@echo '== metrics'
	mkdir -p $(TOOLS)
	skip() { echo "SKIPPED: promtool check metrics: $$1" | tee -a $(SKIPPED); exit 0; }
	tool=$$(command -v promtool || echo "$$PWD/$(TOOLS)/prometheus/usr/bin/promtool")
	if [ ! -x "$$tool" ]; then
	  # Unpacked, not installed: the package would start a server.
	  command -v apt-get >/dev/null || skip 'promtool is not there'
	  if [ "$$(id -u)" = 0 ]; then apt-get update -qq || true; fi
	  (cd $(TOOLS) && apt-get download -qq prometheus && dpkg -x prometheus_*.deb prometheus) \
	    || skip 'promtool cannot be downloaded'
	fi
	"$$tool" check metrics < $(TARGET)/tmp/metrics.txt

summary:
	@
	count=$$(wc -l < $(SKIPPED))
	echo "== every check passed, $$count skipped"
	cat $(SKIPPED)

fmt: ## Formats the code.
	cargo fmt

demo: ## Runs a gateway over a Haravan sandbox, to try.
	cargo run --locked -- demo

bench: ## Measures what the engine spends: calls, planning time, bytes a cell.
	cargo bench --locked --bench engine

openapi: ## Writes the OpenAPI document anew.
	@
	mkdir -p openapi $(TARGET)
	cargo run --quiet --locked -- openapi > $(TARGET)/tonkho.json
	cargo run --quiet --locked -- openapi --yaml > $(TARGET)/tonkho.yaml
	mv $(TARGET)/tonkho.json $(TARGET)/tonkho.yaml openapi/
