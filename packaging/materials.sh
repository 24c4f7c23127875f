#!/bin/sh
# Writes what the binary is made of to stdout: a bill of materials (CycloneDX, JSON), or the licenses of the dependencies.
#
#   packaging/materials.sh sbom|licenses TARGET
set -eu

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

# Name, version and license of each crate that is compiled into the program, sorted; the program itself is left out.
crates() {
    cargo tree --locked --edges normal --target "$target" --prefix none --format '{p}|{l}' |
        sed -n 's/ (\*)$//; s/^\([^ ]*\) v\([^ |]*\)[^|]*|\(.*\)$/\1 \2 \3/p' | grep -v '^qscale ' | LC_ALL=C sort -u
}

sbom() {
    cat <<HEAD
{
  "bomFormat": "CycloneDX",
  "specVersion": "1.5",
  "version": 1,
  "metadata": {
    "component": {
      "type": "application",
      "bom-ref": "pkg:cargo/qscale@$version",
      "name": "qscale",
      "version": "$version",
      "licenses": [{ "expression": "MIT OR Apache-2.0" }]
    }
  },
  "components": [
HEAD
    crates | awk '{
        name = $1; version = $2; license = $0
        sub(/^[^ ]+ [^ ]+ ?/, "", license)
        # An old way to write a choice.
        gsub(/ *\/ */, " OR ", license)
        if (license == "") license = "NOASSERTION"
        purl = "pkg:cargo/" name "@" version
        printf "%s    { \"type\": \"library\", \"bom-ref\": \"%s\", \"name\": \"%s\", \"version\": \"%s\", \"purl\": \"%s\", ", (NR > 1 ? ",\n" : ""), purl, name, version, purl
        printf "\"licenses\": [{ \"expression\": \"%s\" }] }", license
    } END { print "" }'
    printf '  ]\n}\n'
}

licenses() {
    registry=${CARGO_HOME:-$HOME/.cargo}/registry/src
    crates | while read -r name version license; do
        printf '%s %s (%s)\n' "$name" "$version" "$license"
        for file in "$registry"/*/"$name-$version"/LICEN[CS]E* "$registry"/*/"$name-$version"/NOTICE* "$registry"/*/"$name-$version"/COPYING*; do
            if [ -f "$file" ]; then
                printf '\n--- %s\n\n' "$(basename "$file")"
                cat "$file"
            fi
        done
        printf '\n================================================================================\n'
    done
}

target=${2:-all}
case ${1:-} in
sbom | licenses) "$1" ;;
*)
    echo 'usage: packaging/materials.sh sbom|licenses TARGET' >&2
    exit 2
    ;;
esac
