#!/bin/sh
# Deploys everything onto a cluster that has a control plane and nodes, and nothing else yet.
set -eu
cd "$(dirname "$0")"
# k3s deploys its own when its API answers, and brings the pods' network with it.
kubectl -n kube-system wait --for=create deployment/coredns --timeout=60s
kubectl -n kube-system patch deployment coredns --patch-file coredns.patch.yaml
set -- -f instruments.yaml
[ ! -f flannel.yaml ] || set -- -f flannel.yaml "$@"
kubectl apply "$@"
# Pods that are scheduled while a node is not Ready yet all go to the others, and stay there.
kubectl wait --for=condition=Ready nodes --all --timeout=100s
# The scheduler goes by the taint, which goes a moment later.
tries=0
while kubectl get nodes -o jsonpath="{.items[*].spec.taints[*].key}" | grep -q node.kubernetes.io/not-ready; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { echo "a node is still tainted as not ready" >&2; exit 1; }
  sleep 0.2
done
# In the order of their names: the namespaces first.
set --
for file in workload/*.yaml; do set -- "$@" -f "$file"; done
kubectl apply "$@"
