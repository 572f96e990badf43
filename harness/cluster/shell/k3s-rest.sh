# shellcheck shell=sh
# Brings a node of k3s to rest. Behind take-containers.sh and a function stop_k3s.
set -eu
: "${data:?the folder of k3s}" "${state:?of its containerd}"
stop_k3s
# Its containerd ended with it, and the containers run on: one that is started by itself takes them away.
bin=$data/data/current/bin
PATH=$bin:$PATH setsid "$bin/containerd" -c "$data/agent/etc/containerd/config.toml" -a "$state/containerd.sock" --state "$state" \
  --root "$data/agent/containerd" >/dev/null 2>&1 </dev/null &
containerd=$!
for _ in $(seq 100); do
  c version >/dev/null 2>&1 && break
  sleep 0.1
done
take_containers
kill "$containerd"
wait "$containerd" || true
rm -rf /var/lib/cni/networks/* /var/lib/cni/results/* /var/log/pods/* /var/log/containers/* /var/log/journal/* "$data/agent/containerd/containerd.log" /var/log/k3s.log
sync
