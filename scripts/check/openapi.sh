#!/usr/bin/env bash
# Validates and lints the OpenAPI document.
cd "$(dirname "$0")/../.."
. scripts/tools/env.sh
. scripts/tools/python.sh
. scripts/tools/node.sh

begin 'OpenAPI validation'
(
  python_tools openapi
  "$python/openapi-spec-validator" openapi/tonkho.json openapi/tonkho.yaml
)

begin 'OpenAPI lints'
node_tools
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
"$node/redocly" lint --config .redocly.yaml openapi/tonkho.json
"$node/spectral" lint openapi/tonkho.json --fail-severity=hint
