#!/usr/bin/env bash
# Writes the OpenAPI document anew. Both forms are made before either is replaced.
cd "$(dirname "$0")/.."
. scripts/tools/env.sh
cargo run --quiet --locked -- openapi > "$TARGET/tonkho.json"
cargo run --quiet --locked -- openapi --yaml > "$TARGET/tonkho.yaml"
mkdir -p openapi
mv "$TARGET/tonkho.json" "$TARGET/tonkho.yaml" openapi/
