#!/usr/bin/env bash
# Sends a demo all that the OpenAPI document allows, and much that it does not.
cd "$(dirname "$0")/../.."
. scripts/tools/env.sh
. scripts/tools/python.sh

begin 'schemathesis'
python_tools openapi
export HYPOTHESIS_STORAGE_DIRECTORY=$TARGET/hypothesis
# At Haravan's own limit most answers would be refusals, rightly, and the rest would go untested.
# shellcheck disable=SC2016 # The demo sets the variable.
tests/clients/with_demo.sh "$TARGET/debug/tonkho" --calls-per-second 10000 -- bash -c \
  '"$1" --config-file tests/clients/schemathesis.toml run openapi/tonkho.json --url "$TONKHO_URL" \
    --exclude-checks negative_data_rejection --continue-on-failure' - "$python/schemathesis"
