#!/usr/bin/env bash
# Checks with promtool the metrics that `cargo test` has written down.
cd "$(dirname "$0")/../.."
. scripts/tools/env.sh
. scripts/tools/prometheus.sh

begin 'metrics'
prometheus_tools
has promtool || skip 'promtool is not installed'
promtool check metrics < "$TARGET/tmp/metrics.txt"
