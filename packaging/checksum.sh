#!/bin/sh
# Writes the checksum of each file next to it, and to stdout.
#
#   packaging/checksum.sh FILE...
set -eu

for file; do
    (
        cd "$(dirname "$file")"
        name=$(basename "$file")
        if command -v sha256sum >/dev/null; then sha256sum "$name"; else shasum -a 256 "$name"; fi | tee "$name.sha256"
    )
done
