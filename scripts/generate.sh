#!/usr/bin/env bash
# Writes anew what is generated: the OpenAPI document, both forms made before either is replaced, and the table of settings.
cd "$(dirname "$0")/.."
. scripts/tools/env.sh
cargo run --quiet --locked -- openapi > "$TARGET/tonkho.json"
cargo run --quiet --locked -- openapi --yaml > "$TARGET/tonkho.yaml"
mkdir -p openapi
mv "$TARGET/tonkho.json" "$TARGET/tonkho.yaml" openapi/
UPDATE_EXPECT=1 cargo test --quiet --locked --test repo the_table_of_settings_is_current
