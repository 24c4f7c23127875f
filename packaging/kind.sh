#!/bin/sh
# Creates a kind cluster with KEDA, loads the image, applies the profile of docs/from-zero-to-scaling.md, and waits until it has
# scaled up and back to zero. Deletes the cluster, unless KEEP is set.
#
#   packaging/kind.sh QSCALE
set -eu

qscale=$1
cluster=qscale-$$
image=qscale:$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
for program in docker kind kubectl helm; do
    command -v "$program" >/dev/null || { echo "$program is missing" >&2; exit 1; }
done

folder=$(mktemp -d)
forward=
clean_up() {
    if [ -n "$forward" ]; then kill "$forward" 2>/dev/null || true; fi
    if [ -z "${KEEP:-}" ]; then kind delete cluster --name "$cluster"; fi
    rm -r "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# The first profile of the page, so that the page is what runs.
awk '/^```/ { if (inside) exit; inside = ($0 == "```toml"); next } inside' docs/from-zero-to-scaling.md > "$folder/qscale.toml"
export KUBECONFIG="$folder/kubeconfig"

step() { printf '\n== %s\n' "$1"; }

step 'cluster'
kind create cluster --name "$cluster" --wait 120s
kind load docker-image "$image" --name "$cluster"

step 'KEDA'
helm repo add kedacore https://kedacore.github.io/charts --force-update
helm upgrade --install keda kedacore/keda --namespace keda --create-namespace --wait --timeout 5m

step 'apply'
"$qscale" --profile "$folder/qscale.toml" render | kubectl apply -f -
kubectl --namespace qscale-demo rollout status deployment/redis --timeout 3m

step 'scale up'
kubectl --namespace qscale-demo wait deployment/demo-consumer --for=jsonpath='{.status.readyReplicas}'=5 --timeout 5m
kubectl --namespace qscale-demo port-forward service/redis 16379:6379 >/dev/null &
forward=$!
"$qscale" --profile "$folder/qscale.toml" watch --namespace qscale-demo --port 16379 --plain --every 5s --until-settled --duration 15m \
    --connect-for 30s

step 'scale to zero'
kubectl --namespace qscale-demo wait deployment/demo-consumer --for=jsonpath='{.spec.replicas}'=0 --timeout 5m
kubectl --namespace qscale-demo get scaledobject,hpa,deployments

step 'it scales'
