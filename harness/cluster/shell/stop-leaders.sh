# shellcheck shell=sh
# On the control plane: those that hold leases end, the API stays.
set -eu
for name in kube-controller-manager kube-scheduler; do
  for id in $(ctr -n k8s.io containers ls -q "labels.\"io.kubernetes.container.name\"==$name"); do
    ctr -n k8s.io tasks kill -s SIGKILL "$id" || true
  done
done
