#!/usr/bin/env bash
# Lints the shell scripts.
cd "$(dirname "$0")/../.."
. scripts/tools/env.sh
. scripts/tools/python.sh

begin 'shell scripts'
python_tools lint
# Files without `#!` are linted as part of those that read them.
mapfile -t scripts < <(grep -rlE '^#!.*sh$' scripts tests .ci | sort)
"$python/shellcheck" --external-sources --check-sourced "${scripts[@]}"
