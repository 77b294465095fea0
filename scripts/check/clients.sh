#!/usr/bin/env bash
# Generates clients in TypeScript and Python from the OpenAPI document, and reads a demo with them.
cd "$(dirname "$0")/../.."
. scripts/tools/env.sh
. scripts/tools/python.sh
. scripts/tools/node.sh

clients=$TARGET/clients
rm -rf "$clients"
mkdir -p "$clients"
cp tests/clients/client.mts "$clients/"

begin 'TypeScript client'
(
  node_tools
  "$node/openapi-typescript" openapi/tonkho.json --output "$clients/tonkho.d.ts"
  "$node/tsc" --strict --noUncheckedIndexedAccess --exactOptionalPropertyTypes \
    --target es2022 --module nodenext --lib es2022,dom "$clients/client.mts"
  tests/clients/with_demo.sh "$TARGET/debug/tonkho" -- node "$clients/client.mjs"
)

begin 'Python client'
python_tools openapi
has java || skip 'java is not installed, on which openapi-generator runs'
"$python/openapi-generator-cli" generate --input-spec openapi/tonkho.json --generator-name python \
  --output "$clients/python" --additional-properties=packageName=tonkho_client >"$clients/python.log" \
  || { cat "$clients/python.log"; exit 1; }
"$python/pip" install --quiet --disable-pip-version-check --requirement "$clients/python/requirements.txt" \
  || skip 'the packages of the generated client cannot be installed'
PYTHONPATH=$clients/python \
  tests/clients/with_demo.sh "$TARGET/debug/tonkho" -- "$python/python" -B tests/clients/client.py
