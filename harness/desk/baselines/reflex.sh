#!/bin/sh
# A responder that never looks for a cause: it restarts things in the order of reflex, until every pod is ready.
# Pods that are not ready, all deployments, kubelet and container runtime, the nodes. A baseline for others.

quiet() { timeout "$@" > /dev/null 2>&1; }

# Whether everything seems to be well: the API answers, and every node and pod is ready. That is all that it ever asks.
well() {
  nodes=$(timeout 10 kubectl get nodes --no-headers 2> /dev/null) || return 1
  pods=$(timeout 10 kubectl get pods -A --no-headers 2> /dev/null) || return 1
  ! echo "$nodes" | grep -qv ' Ready ' || return 1
  echo "$pods" | awk '{ split($3, of, "/"); if (($4 != "Completed") && (of[1] != of[2])) bad = 1 } END { exit bad }'
}

# Whether it still does a moment later, within so many seconds.
settled() {
  left=$1
  while [ "$left" -gt 0 ]; do
    if well; then
      sleep 4
      well && return 0
    fi
    sleep 3
    left=$((left - 5))
  done
  return 1
}

alarmed() {
  fires=$(grep -c '"state":"firing"' "$ALERTS")
  ends=$(grep -c '"state":"resolved"' "$ALERTS")
  [ "$fires" -gt "$ends" ]
}

finished() { settled "$1" && ! alarmed; }

echo "pods that are not ready"
timeout 10 kubectl get pods -A --no-headers | awk '{ split($3, of, "/"); if (of[1] != of[2]) print $1, $2 }' > "$TMPDIR/sick"
while read -r namespace pod; do
  quiet 15 kubectl -n "$namespace" delete pod "$pod" --wait=false
done < "$TMPDIR/sick"
finished 20 && exit 0

echo "everything that is deployed"
for namespace in $(timeout 10 kubectl get namespaces -o name | cut -d/ -f2); do
  quiet 15 kubectl -n "$namespace" rollout restart deployment
done
finished 30 && exit 0

echo "kubelet and runtime"
# shellcheck disable=SC2153 # the desk says it
for node in $NODES; do
  quiet 30 ssh "$node" 'systemctl restart containerd kubelet || systemctl restart k3s || systemctl restart k3s-agent'
done
finished 40 && exit 0

echo "the nodes"
# shellcheck disable=SC2153 # the desk says it
for node in $NODES; do
  quiet 30 ssh "$node" 'reboot'
done
finished 90
