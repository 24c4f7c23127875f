#!/bin/sh
# Writes a Homebrew formula to stdout, for the tarballs that `make dist` has written and a release holds.
#
#   packaging/formula.sh REPOSITORY FOLDER
set -eu

repository=$1 folder=$2
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

# The address and the checksum of one system's tarball.
tarball() {
    name=qscale-$version-$1.tar.gz
    checksum=$(cut -d ' ' -f 1 "$folder/$name.sha256")
    printf '      url "%s/releases/download/v%s/%s"\n      sha256 "%s"\n' "$repository" "$version" "$name" "$checksum"
}

cat <<FORMULA
# Written by packaging/formula.sh.
class Qscale < Formula
  desc "Fill a Redis List, process its items, and scale the consumers with KEDA"
  homepage "$repository"
  version "$version"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
$(tarball aarch64-apple-darwin)
    end
    on_intel do
$(tarball x86_64-apple-darwin)
    end
  end

  on_linux do
    on_arm do
$(tarball aarch64-unknown-linux-gnu)
    end
    on_intel do
$(tarball x86_64-unknown-linux-gnu)
    end
  end

  def install
    bin.install "bin/qscale"
    man1.install Dir["share/man/man1/*"]
    bash_completion.install "share/bash-completion/completions/qscale"
    zsh_completion.install "share/zsh/site-functions/_qscale"
    fish_completion.install "share/fish/vendor_completions.d/qscale.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/qscale -V")
  end
end
FORMULA
