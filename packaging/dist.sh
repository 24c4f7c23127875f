#!/bin/sh
# Writes a tarball of a binary with man pages, completions, profiles, licenses and a bill of materials, and its checksum. The
# same commit and the same binary give the same bytes.
#
#   packaging/dist.sh BINARY TARGET FOLDER
set -eu

binary=$1 target=$2 folder=$3
here=$(dirname "$0")
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
name=qscale-$version-$target
mkdir -p "$folder"
rm -rf "${folder:?}/$name" "$folder/$name.tar.gz" "$folder/$name.tar.gz.sha256"

make --no-print-directory install BINARY="$binary" PREFIX="" DESTDIR="$folder/$name" >/dev/null
cp -R config "$folder/$name/share/qscale"
cp README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT "$folder/$name"
"$here/materials.sh" licenses "$target" > "$folder/$name/LICENSES-THIRD-PARTY"
"$here/materials.sh" sbom "$target" > "$folder/$name/qscale.cdx.json"

# The time of the commit: that of the build would be another in each.
time=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
if tar --version | grep -q GNU; then
    tar -C "$folder" --sort=name --mtime="@$time" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX -cf - "$name"
else
    tar -C "$folder" -cf - "$name"
fi | gzip -n9 > "$folder/$name.tar.gz"
rm -r "${folder:?}/$name"
"$here/checksum.sh" "$folder/$name.tar.gz"
