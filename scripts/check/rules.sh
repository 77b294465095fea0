#!/usr/bin/env bash
# Tests with promtool when alerts fire and when they do not, and reads the example of a scrape.
cd "$(dirname "$0")/../.."
. scripts/tools/env.sh
. scripts/tools/prometheus.sh

begin 'alert rules'
prometheus_tools
has promtool || skip 'promtool is not installed'
promtool check rules helm/tonkho/rules/tonkho.yaml
promtool test rules tests/deploy/alerts/rules.test.yaml
promtool check config examples/prometheus.yml
