#!/usr/bin/env bash
# Builds target/debug/tonkho as `cargo test` does; `cargo build` would build the dependencies again, with fewer features.
cd "$(dirname "$0")/../.."
. scripts/tools/env.sh
cargo test --quiet --locked --test repo --no-run
