# Everything there is to run here; CI calls these recipes and adds none of its own.
#
# make demo        run the whole loop on this machine, on a Redis of its own
# make test        run the tests, each on a Redis of its own
# make soak        kill some thousand consumers at random moments: half an hour, or KILLS=100
# make check       format and lints, as CI wants them
# make lint-manifests  ask the usual checkers about what render writes; needs Go and Python, to fetch them
# make bench       produce against redis-benchmark, render against kubectl, side by side
# make regenerate  write completions/, k8s/ and the schema of profiles anew from the binary
# make image       build the container image with what is there: docker, podman or buildah

.POSIX:
.PHONY: help setup demo test soak check linters lint-manifests bench regenerate image

help:
	@sed -n 's/^# make /make /p' Makefile

demo: setup
	cargo build --release --locked
	@"$${CARGO_TARGET_DIR:-target}/release/qscale" demo

test: setup
	cargo test --locked

KILLS = 5000

soak: setup
	QSCALE_SOAK_KILLS=$(KILLS) cargo test --locked --release --test kill items_survive_killed_consumers -- --nocapture

check: setup
	cargo fmt --check
	cargo clippy --locked --all-targets -- --deny warnings
	cargo clippy --locked --all-targets --no-default-features -- --deny warnings

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

bench: setup
	cargo bench --locked --bench produce --bench render

# Beside Rust: a linker, and the Redis that the demo and the tests start for themselves. Debian's package also
# starts a service; nobody asked for one, so it is stopped again, but only where this recipe brought it.
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

regenerate: setup
	cargo build --locked
	@qscale="$${CARGO_TARGET_DIR:-target}/debug/qscale"; set -eu; \
	mkdir -p completions k8s; \
	"$$qscale" completions bash > completions/qscale.bash; \
	"$$qscale" completions zsh > completions/_qscale; \
	"$$qscale" completions fish > completions/qscale.fish; \
	"$$qscale" completions powershell > completions/_qscale.ps1; \
	"$$qscale" completions elvish > completions/qscale.elv; \
	"$$qscale" render --schema > config/qscale.schema.json; \
	"$$qscale" --profile config/demo.toml simulate --produce '2m@1, 1m@6, 3m@0.5' --svg docs/simulate.svg > /dev/null; \
	for profile in config/*.toml; do \
		"$$qscale" --profile "$$profile" render > "k8s/$$(basename "$$profile" .toml).yaml"; \
	done

# A builder that is installed but cannot work, such as docker without its daemon, is passed over.
image:
	@for builder in docker podman buildah; do \
		"$$builder" info >/dev/null 2>&1 || continue; \
		version=$$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml); \
		set -x; \
		exec "$$builder" build --tag "qscale:$$version" \
			--build-arg VERSION="$$version" --build-arg REVISION="$$(git rev-parse HEAD)" .; \
	done; \
	echo 'Neither docker nor podman nor buildah works here; one of them is needed.' >&2; exit 1
