#!/usr/bin/env bash
# Runs clients of Haravan's against a sandbox and through a gateway over one: both must give them the same.
cd "$(dirname "$0")/../.."
. scripts/tools/env.sh
. scripts/tools/python.sh

begin 'the official SDK for Python'
(
  python_tools compat
  "$python/python" -B tests/compat/run.py "$TARGET/debug/tonkho" sdk.py
)

begin 'programs of clients in Python'
(
  has python3 || skip 'python3 is not installed'
  python3 -B tests/compat/run.py "$TARGET/debug/tonkho" sync.py stock_writer.py variant_writer.py fixed_host.py \
    watchful.py patient.py reasons.py
)

begin 'programs of clients in JavaScript'
has python3 || skip 'python3 is not installed'
has node || skip 'node is not installed'
python3 -B tests/compat/run.py "$TARGET/debug/tonkho" assistant.mjs
