#!/usr/bin/env bash
# Checks that Rust and a C compiler are installed; installs what it may. Forgets what was skipped the last time.
cd "$(dirname "$0")/../.."
. scripts/tools/env.sh

if ! has cargo; then
  echo 'cargo is not installed: install Rust from https://rustup.rs and try again' >&2
  exit 1
fi
if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
  if ! has rustup || ! rustup component add rustfmt clippy; then
    # shellcheck disable=SC2016 # The backquotes are for the reader.
    echo 'rustfmt or clippy is not installed: run `rustup component add rustfmt clippy`' >&2
    exit 1
  fi
fi
if ! has cc && ! install_packages gcc libc6-dev; then
  echo 'a C compiler is not installed: install gcc (on Debian: apt-get install gcc libc6-dev)' >&2
  exit 1
fi
: > "$SKIPPED"
