#!/usr/bin/env bash
# Builds the image and runs it, if buildah, podman and the base images can be had; minutes.
cd "$(dirname "$0")/../.."
. scripts/tools/env.sh

begin 'image'
has python3 || skip 'python3 is not installed'
version=$(sed -n 's/^version = "\(.*\)"/\1/p;T;q' Cargo.toml)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
status=0
python3 -B tests/deploy/image/check.py "$version" "$revision" | tee "$TARGET/image.log" || status=$?
# What the check ends with if it cannot be done; its last line has the reason.
[ "$status" != 77 ] || skip "$(tail -n 1 "$TARGET/image.log")"
exit "$status"
