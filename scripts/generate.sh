#!/usr/bin/env bash
# Writes anew what is generated: both forms of the OpenAPI document, and the table of settings.
cd "$(dirname "$0")/.."
. scripts/tools/env.sh

# Both forms are made before either is replaced.
cargo run --quiet --locked -- openapi > "$TARGET/tonkho.json"
cargo run --quiet --locked -- openapi --yaml > "$TARGET/tonkho.yaml"
mkdir -p openapi
mv "$TARGET/tonkho.json" "$TARGET/tonkho.yaml" openapi/

# The test that holds the table writes it.
UPDATE_EXPECT=1 cargo test --quiet --locked --test repo the_table_of_settings_is_current
