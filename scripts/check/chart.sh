#!/usr/bin/env bash
# Renders the chart with several values, and tries what comes out.
cd "$(dirname "$0")/../.."
. scripts/tools/env.sh
. scripts/tools/python.sh

begin 'chart'
has helm || skip 'helm is not installed: see https://helm.sh/docs/intro/install'
python_tools deploy
"$python/python" -B tests/deploy/helm/check.py "$(command -v helm)" "$TARGET/debug/tonkho"
