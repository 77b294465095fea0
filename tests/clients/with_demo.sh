#!/usr/bin/env bash
# Runs a command against a demo of its own: `with_demo.sh PATH/TO/tonkho [DEMO OPTIONS] -- COMMAND…`.
#
# The demo listens on a port that the system chooses; the command finds its address in TONKHO_URL and its key in
# TONKHO_KEY. Whatever happens, the demo is stopped.
set -euo pipefail

# How long a demo may take until it is ready, in seconds.
READY=20

tonkho=$1
shift
options=()
while [ "$1" != -- ]; do
  options+=("$1")
  shift
done
shift

exec {said}< <(exec "$tonkho" demo --listen 127.0.0.1:0 "${options[@]}")
demo=$!
trap 'kill "$demo" 2>/dev/null && wait "$demo" || true' EXIT

# The first line is `gateway:  http://…`, said once the address is bound: whoever asks then is answered.
if ! IFS= read -r -t "$READY" line <&"$said" || [[ $line != 'gateway:  http://'* ]]; then
  echo "the demo does not start: ${line:-it says nothing}" >&2
  exit 1
fi
TONKHO_URL=${line#gateway:  }
export TONKHO_URL TONKHO_KEY=tk_demo
"$tonkho" healthcheck "$TONKHO_URL/health/ready" >/dev/null
"$@"
