# Recipes for development; CI calls these and adds none of its own.
#
# make demo            run the whole loop on this machine, on a Redis of its own
# make test            run the tests, each on a Redis of its own
# make setup           install what is missing of a C compiler and redis-server; the recipes that need them do so
# make soak            kill consumers, play histories, try inputs, thousands of each: KILLS=100 HISTORIES=100 INPUTS=1000
# make check           check format, lints and documentation
# make slim            run the tests of the build without features
# make msrv            check that it builds with the oldest Rust that Cargo.toml promises
# make deny            check licenses, sources and advisories of the dependencies
# make lint-manifests  run kube-score, kubeconform and kube-linter on what render writes; needs Go and Python
# make bench           measure it next to its peers: BENCH='--only produce --rounds 3', BENCH=--help
# make faults          cause each fault under load, measure it, and write docs/faults.md; FAULTS_KUBECONFIG= a cluster with KEDA
# make regenerate      write completions/, man/, k8s/, the schema of profiles, docs/profile.md and the pictures with the binary
# make docs            build the manual as a site in target/book; needs mdbook
# make install         install the binary, man pages and completions: PREFIX=/usr/local, DESTDIR=
# make image           build the container image with docker, podman or buildah; PLATFORMS=linux/amd64,linux/arm64 IMAGE= REPOSITORY=
# make kind            create a kind cluster with KEDA, see the image scale up and to zero, delete the cluster; KEEP=1 keeps it
# make dist            write a tarball with binary, man pages, completions, licenses, bill of materials, checksum: TARGET=
# make packages        write a .deb, a .rpm and their checksums, of the same binary: TARGET=; package-tools installs what it needs
# make release         publish what `dist` and `packages` have written, and a Homebrew formula, with gh: REPOSITORY=

.POSIX:
.PHONY: help setup demo test slim soak faults check msrv deny linters lint-manifests bench regenerate docs install image kind .binary dist package-tools packages release

help:
	@sed -n 's/^# make /make /p' Makefile

demo: setup
	cargo build --release --locked
	@"$${CARGO_TARGET_DIR:-target}/release/qscale" demo

# Most tests wait, for leases and time-outs: twice as many run at once as there are processors.
test: setup
	RUST_TEST_THREADS="$${RUST_TEST_THREADS:-$$((2 * $$(getconf _NPROCESSORS_ONLN)))}" cargo test --locked

# In a folder of its own, since other features of the libraries are built.
slim: setup
	cargo test --locked --no-default-features --target-dir "$${CARGO_TARGET_DIR:-target}/slim" --test it slim::

KILLS = 5000
HISTORIES = 5000
INPUTS = 100000

soak: setup
	QSCALE_SOAK_KILLS=$(KILLS) QSCALE_SOAK_HISTORIES=$(HISTORIES) \
		cargo test --locked --release --test soak -- --nocapture
	PROPTEST_CASES=$(INPUTS) cargo test --locked --release --lib any_
	PROPTEST_CASES=$(INPUTS) cargo test --locked --release --test it -- any_input:: hostile::any_

check: setup
	cargo fmt --check
	cargo clippy --locked --all-targets --all-features -- --deny warnings
	cargo clippy --locked --all-targets --no-default-features -- --deny warnings
	RUSTDOCFLAGS='--deny warnings' cargo doc --locked --no-deps --document-private-items

# In a folder of its own: each compiler would discard what the other has built.
msrv: setup
	@set -eu; msrv="$$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)"; \
	rustup toolchain install "$$msrv" --profile minimal; \
	set -x; cargo "+$$msrv" check --locked --all-targets --target-dir "$${CARGO_TARGET_DIR:-target}/msrv"

# Advisories come from a database on the network; without it, the other checks still run. The checker runs for seconds and
# takes minutes to build: it is not optimized.
CARGO_DENY = 0.20.2

deny:
	@set -eu; deny=cargo-deny; \
	if ! command -v cargo-deny >/dev/null; then \
		root="$(LINTERS)/cargo-deny-$(CARGO_DENY)"; deny="$$root/bin/cargo-deny"; \
		test -x "$$deny" || cargo install --quiet --locked --debug --root "$$root" cargo-deny@$(CARGO_DENY); \
	fi; \
	"$$deny" check bans licenses sources; \
	if "$$deny" fetch db 2>/dev/null; then \
		"$$deny" check --disable-fetch advisories; \
	else \
		echo 'SKIPPED: advisories: their database cannot be fetched' >&2; \
	fi

# From their sources, at versions that do not move; the schemas are those of the release they are named after.
# kube-linter's own name for itself is served by few module proxies: its repository is taken in its place.
KUBE_SCORE = v1.20.0
KUBECONFORM = v0.8.0
KUBE_LINTER = v0.8.3
KUBERNETES = 1.37.0
LINTERS = $${XDG_CACHE_HOME:-$$HOME/.cache}/qscale/linters

linters:
	@set -eu; cache="$(LINTERS)"; mkdir -p "$$cache"; cd "$$cache"; \
	test -x kube-score-$(KUBE_SCORE) || { \
		GOBIN="$$cache" go install github.com/zegl/kube-score/cmd/kube-score@$(KUBE_SCORE); \
		mv kube-score kube-score-$(KUBE_SCORE); }; \
	test -x kubeconform-$(KUBECONFORM) || { \
		GOBIN="$$cache" go install github.com/yannh/kubeconform/cmd/kubeconform@$(KUBECONFORM); \
		mv kubeconform kubeconform-$(KUBECONFORM); }; \
	test -x kube-linter-$(KUBE_LINTER) || { \
		rm -rf source; mkdir source; cd source; \
		go mod init source; \
		go mod edit -require=golang.stackrox.io/kube-linter@$(KUBE_LINTER) \
			-replace=golang.stackrox.io/kube-linter=github.com/stackrox/kube-linter@$(KUBE_LINTER); \
		go build -mod=mod -o ../kube-linter-$(KUBE_LINTER) golang.stackrox.io/kube-linter/cmd/kube-linter; \
		cd ..; rm -r source; }; \
	test -d schemas-$(KUBERNETES) || { \
		python3 -m pip download -q --no-deps --dest . kubernetes-validate==$(KUBERNETES); \
		python3 -m zipfile -e kubernetes_validate-$(KUBERNETES)-py3-none-any.whl unpacked; \
		rm kubernetes_validate-$(KUBERNETES)-py3-none-any.whl; \
		schemas=unpacked/kubernetes_validate/kubernetes-json-schema/v$(KUBERNETES)-local-strict; \
		sed -i.bak 's|"$$id": |"$$comment": |; s|"/api/_definitions.json|"_definitions.json|' "$$schemas"/*.json; \
		rm "$$schemas"/*.bak; mv "$$schemas" schemas-$(KUBERNETES); rm -r unpacked; }

# KEDA's kinds are in no such schema; tests hold what is said to KEDA.
lint-manifests: linters
	cargo build --locked
	@set -eu; qscale="$${CARGO_TARGET_DIR:-target}/debug/qscale"; cache="$(LINTERS)"; \
	folder="$$(mktemp -d)"; trap 'rm -r "$$folder"' EXIT; \
	for profile in config/*.toml; do \
		"$$qscale" --quiet --profile "$$profile" render > "$$folder/$$(basename "$$profile" .toml).yaml"; \
	done; \
	for file in "$$folder"/*.yaml; do \
		"$$cache/kube-score-$(KUBE_SCORE)" score --exit-one-on-warning --output-format ci "$$file" > "$$folder/said" \
			|| { grep -E 'CRITICAL|WARNING' "$$folder/said"; exit 1; }; \
	done; rm -f "$$folder/said"; \
	"$$cache/kubeconform-$(KUBECONFORM)" -strict -summary -skip ScaledObject,ScaledJob,TriggerAuthentication \
		-schema-location "$$cache/schemas-$(KUBERNETES)/{{ .ResourceKind }}{{ .KindSuffix }}.json" "$$folder"; \
	"$$cache/kube-linter-$(KUBE_LINTER)" lint "$$folder"

# Peers in Go and Node are built where those are installed; what is missing is said.
BENCH =

bench: setup
	cargo bench --locked --bench compare -- $(BENCH)

# Apart from Rust: a linker, and the Redis that the demo and the tests start. Debian's package also starts a service,
# which is stopped again where this recipe installed it.
setup:
	@command -v cargo >/dev/null || { echo 'cargo is missing: https://rustup.rs installs it' >&2; exit 1; }
	@missing=; \
	command -v cc >/dev/null || missing='gcc libc6-dev'; \
	command -v valkey-server >/dev/null || command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	if [ -z "$$missing" ]; then \
		exit; \
	elif command -v apt-get >/dev/null; then \
		if [ "$$(id -u)" -eq 0 ]; then root=; else root=sudo; fi; \
		$$root apt-get -q update; \
		$$root env DEBIAN_FRONTEND=noninteractive apt-get -q install --yes --no-install-recommends $$missing || exit; \
		case $$missing in *redis-server) \
			$$root service redis-server stop >/dev/null; \
			$$root update-rc.d redis-server disable || true;; \
		esac; \
	elif command -v brew >/dev/null; then \
		brew install valkey; \
	else \
		echo 'Install a C compiler and valkey-server or redis-server, then try again:' >&2; \
		echo '  Fedora  dnf install gcc valkey' >&2; \
		echo '  Arch    pacman -S gcc valkey' >&2; \
		echo '  Alpine  apk add build-base valkey' >&2; \
		exit 1; \
	fi

# Causes each fault under load, and measures it.
# A cluster whose KEDA reaches the loopback of this machine adds what KEDA says; without one that column stays as it was.
FAULTS_KUBECONFIG =

faults: setup
	FAULTS_KUBECONFIG='$(FAULTS_KUBECONFIG)' cargo test --locked --test it -- --ignored fault_table::table_is_measured

regenerate: setup
	SNAPSHOTS=overwrite cargo test --locked --lib profile::schema::
	cargo build --locked
	@qscale="$${CARGO_TARGET_DIR:-target}/debug/qscale"; set -eu; \
	mkdir -p k8s; \
	for shell in bash zsh fish powershell elvish; do "$$qscale" completions "$$shell" --out-dir completions; done; \
	rm -rf man; "$$qscale" completions man --out-dir man; \
	"$$qscale" render --schema=markdown > docs/profile.md; \
	"$$qscale" render --rules > docs/lints.md; \
	"$$qscale" doctor --codes > docs/fault-codes.md; \
	"$$qscale" --profile config/demo.toml simulate --produce '2m@1, 1m@6, 3m@0.5' --svg docs/simulate.svg > /dev/null; \
	"$$qscale" watch --replay docs/watch.jsonl --svg docs/watch.svg > /dev/null; \
	for profile in config/*.toml; do \
		"$$qscale" --profile "$$profile" render > "k8s/$$(basename "$$profile" .toml).yaml"; \
	done

docs:
	@command -v mdbook >/dev/null || { echo 'mdbook is missing: cargo install --locked mdbook' >&2; exit 1; }
	mdbook build

PREFIX = /usr/local
DESTDIR =
# The binary to install; built where none is named.
BINARY =

install:
	@set -eu; binary='$(BINARY)'; \
	if [ -z "$$binary" ]; then \
		cargo build --release --locked; \
		binary="$${CARGO_TARGET_DIR:-target}/release/qscale"; \
	fi; \
	prefix='$(DESTDIR)$(PREFIX)'; share="$$prefix/share"; set -x; \
	install -d "$$prefix/bin" "$$share/man/man1" "$$share/bash-completion/completions" \
		"$$share/zsh/site-functions" "$$share/fish/vendor_completions.d"; \
	install -m 755 "$$binary" "$$prefix/bin/qscale"; \
	install -m 644 man/*.1 "$$share/man/man1"; \
	install -m 644 completions/qscale.bash "$$share/bash-completion/completions/qscale"; \
	install -m 644 completions/_qscale "$$share/zsh/site-functions/_qscale"; \
	install -m 644 completions/qscale.fish "$$share/fish/vendor_completions.d/qscale.fish"

# A builder that is installed but does not work, such as docker without its daemon, is skipped. Several platforms need buildx
# and a registry to push to; the image has its bill of materials and its origin with it. One that stays here goes without them:
# `kind load` fails on what describes them.
PLATFORMS =
IMAGE =
# The address of the repository: that of the label `source`, and where `release` publishes.
REPOSITORY =

image:
	@set -eu; version=$$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1); \
	image='$(IMAGE)'; image="$${image:-qscale:$$version}"; platforms='$(PLATFORMS)'; \
	revision="$$(git rev-parse HEAD 2>/dev/null || echo unknown)"; \
	for builder in docker podman buildah; do \
		"$$builder" info >/dev/null 2>&1 || continue; \
		if [ -z "$$platforms" ]; then \
			export BUILDX_NO_DEFAULT_ATTESTATIONS=1; \
			set -x; \
			exec "$$builder" build --tag "$$image" --build-arg VERSION="$$version" --build-arg REVISION="$$revision" \
				--build-arg SOURCE='$(REPOSITORY)' .; \
		fi; \
		if [ "$$builder" = docker ] && docker buildx version >/dev/null 2>&1; then \
			set -x; \
			exec docker buildx build --platform "$$platforms" --sbom=true --provenance=true --push --tag "$$image" \
				--build-arg VERSION="$$version" --build-arg REVISION="$$revision" --build-arg SOURCE='$(REPOSITORY)' .; \
		fi; \
		echo "PLATFORMS needs docker with buildx; $$builder has none." >&2; exit 1; \
	done; \
	echo 'Neither docker nor podman nor buildah works here; one of them is needed.' >&2; exit 1

kind: image
	cargo build --release --locked
	packaging/kind.sh "$${CARGO_TARGET_DIR:-target}/release/qscale"

# On Linux static, as in the image: it runs on any distribution. BINARY names one that has been built.
TARGET =

.binary:
	@set -eu; target='$(TARGET)'; \
	if [ -z '$(BINARY)' ]; then \
		case "$$target" in \
			*-linux-gnu) RUSTFLAGS="$$(cat packaging/static.rustflags)"; export RUSTFLAGS;; \
		esac; \
		cargo build --release --locked --target "$$target"; \
	fi

dist:
	@set -eu; target='$(TARGET)'; target="$${target:-$$(rustc -vV | sed -n 's/^host: //p')}"; \
	binary='$(BINARY)'; folder="$${CARGO_TARGET_DIR:-target}"; \
	$(MAKE) --no-print-directory .binary TARGET="$$target"; \
	packaging/dist.sh "$${binary:-$$folder/$$target/release/qscale}" "$$target" "$$folder/dist"

CARGO_DEB = 3.6.3
CARGO_GENERATE_RPM = 0.20.0

package-tools:
	cargo install --quiet --locked cargo-deb@$(CARGO_DEB)
	cargo install --quiet --locked cargo-generate-rpm@$(CARGO_GENERATE_RPM)

packages:
	@set -eu; target='$(TARGET)'; target="$${target:-$$(rustc -vV | sed -n 's/^host: //p')}"; \
	folder="$${CARGO_TARGET_DIR:-target}"; \
	for tool in cargo-deb cargo-generate-rpm; do \
		command -v "$$tool" >/dev/null || { echo "$$tool is missing: make package-tools installs it" >&2; exit 1; }; \
	done; \
	if [ -n '$(BINARY)' ]; then \
		install -D -m 755 '$(BINARY)' "$$folder/$$target/release/qscale"; \
	fi; \
	$(MAKE) --no-print-directory .binary TARGET="$$target"; \
	packaging/materials.sh licenses "$$target" > "$$folder/$$target/release/LICENSES-THIRD-PARTY"; \
	mkdir -p "$$folder/dist"; set -x; \
	cargo deb --no-build --no-strip --locked --target "$$target" --output "$$folder/dist/"; \
	cargo generate-rpm --target "$$target" --output "$$folder/dist/"; \
	packaging/checksum.sh "$$folder"/dist/*.deb "$$folder"/dist/*.rpm

release:
	@set -eu; folder="$${CARGO_TARGET_DIR:-target}/dist"; \
	test -n '$(REPOSITORY)' || { echo 'REPOSITORY is missing: the address of the repository' >&2; exit 2; }; \
	packaging/formula.sh '$(REPOSITORY)' "$$folder" > "$$folder/qscale.rb"; \
	version=$$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1); \
	set -x; gh release create "v$$version" --verify-tag --repo '$(REPOSITORY)' --title "qscale $$version" --generate-notes "$$folder"/*
