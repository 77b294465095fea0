# What there is to do with this repository; `make help` lists it. The work is in scripts/.
#
# `make check` is for between two edits. `make test` is everything a reviewer runs, in order. It needs a Rust toolchain
# with cargo, and on Debian fetches the rest itself. A check whose tool cannot be had is skipped, with the reason, and
# counted at the end.

.NOTPARALLEL:
.DEFAULT_GOAL := help

# In this order: what fails soonest comes first.
CHECKS := fmt-check shell-check dependencies-check clippy docs cargo-test openapi-check clients-check compat-check \
          schemathesis-check metrics-check rules-check dashboard-check helm-check dockerfile-check image-check
.PHONY: help check test toolchain $(CHECKS) unit-test program summary fmt demo bench generate

help: ## Lists what there is to make.
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 28

check: fmt-check clippy unit-test ## Formatting, lints and unit tests: the quick checks.

test: toolchain $(CHECKS) summary ## Runs every check.

toolchain: ## Checks that Rust and a C compiler are installed; installs what it may.
	@scripts/tools/toolchain.sh

fmt-check:
	cargo fmt --check

clippy:
	cargo clippy --all-targets --locked -- -D warnings

docs:
	RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps --document-private-items --locked

unit-test:
	cargo test --locked --lib

cargo-test:
	cargo test --locked

shell-check: ## Lints the shell scripts.
	@scripts/check/shell.sh

dependencies-check: ## Checks licences, sources and bans of the dependencies.
	@scripts/check/dependencies.sh

openapi-check: ## Validates and lints the OpenAPI document.
	@scripts/check/openapi.sh

clients-check: program ## Generates clients in TypeScript and Python, and reads a demo with them.
	@scripts/check/clients.sh

compat-check: program ## Runs clients of Haravan's against a sandbox, and through a gateway over one.
	@scripts/check/compat.sh

schemathesis-check: program ## Sends a demo all that the OpenAPI document allows, and much that it does not.
	@scripts/check/schemathesis.sh

program:
	@scripts/tools/program.sh

metrics-check: ## Checks with promtool the metrics that the tests have written down.
	@scripts/check/metrics.sh

rules-check: ## Tests with promtool when alerts fire and when they do not.
	@scripts/check/rules.sh

dashboard-check: program ## Watches a demo with a real Prometheus, and breaks it; one minute.
	@scripts/check/dashboard.sh

helm-check: program ## Renders the chart with several values, and tries what comes out.
	@scripts/check/chart.sh

dockerfile-check: ## Lints the Dockerfile with hadolint and checkov.
	@scripts/check/dockerfile.sh

image-check: ## Builds the image and runs it, if buildah, podman and the base images can be had; minutes.
	@scripts/check/image.sh

summary:
	@scripts/check/summary.sh

fmt: ## Formats the code.
	cargo fmt

demo: ## Runs a gateway over a Haravan sandbox, to try.
	cargo run --locked -- demo

bench: ## Runs the benchmarks; ten minutes, one of them spent watching a bucket.
	TONKHO_TRUTH_READS=1000000 cargo test --locked --release --lib every_answer_is_what_haravan_said_last
	cargo bench --locked --bench engine
	cargo bench --locked --bench gateway
	cargo bench --locked --bench programs
	cargo bench --locked --bench passthrough
	cargo bench --locked --profile dist --bench hits

generate: ## Writes anew what is generated: the OpenAPI document and the table of settings.
	@scripts/generate.sh
