#!/usr/bin/env bash
# Watches a demo with a real Prometheus, and breaks it; one minute.
cd "$(dirname "$0")/../.."
. scripts/tools/env.sh
. scripts/tools/prometheus.sh

begin 'dashboard and alerts, live'
prometheus_tools
has prometheus || skip 'prometheus is not installed'
has python3 || skip 'python3 is not installed'
python3 -B tests/deploy/alerts/live.py "$TARGET/debug/tonkho" prometheus
