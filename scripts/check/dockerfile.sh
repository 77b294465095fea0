#!/usr/bin/env bash
# Lints the Dockerfile with hadolint and checkov.
cd "$(dirname "$0")/../.."
. scripts/tools/env.sh
. scripts/tools/python.sh

begin 'Dockerfile'
python_tools deploy
"$python/hadolint" Dockerfile
"$python/checkov" --quiet --compact --skip-download --framework dockerfile --file Dockerfile
