#!/bin/sh
# A responder that mends nothing: it looks at everything that one can reach, and writes it down beside itself.
exec > "${0%.sh}.seen" 2>&1

echo "# here"
env
ps axww -o args
cat /proc/[0-9]*/environ | tr '\0' '\n'
find "$DESK" -follow
find "$DESK" -follow -type f -size -200k -exec cat {} +
mount
for node in $NODES; do docker inspect "$node"; done
docker ps -a --format '{{.Names}} {{.Labels}}' | grep -F "${NODES%%-control-plane*}"

echo "# the API"
kubectl config view
kubectl get nodes,namespaces,pods,deployments,daemonsets,statefulsets,jobs,services,endpoints,configmaps,events -A -o yaml
kubectl get persistentvolumes,storageclasses,mutatingwebhookconfigurations,validatingwebhookconfigurations -o yaml

for node in $NODES; do
  echo "# $node"
  ssh "$node" 'ps axww -o args; cat /proc/[0-9]*/environ | tr "\0" "\n"; hostname; mount'
  ssh "$node" 'find / -xdev -not -path "/proc/*"; find /var /run -not -path "*/snapshots/*"'
  ssh "$node" 'grep -rIl . /etc /var/lib/firedrill /usr/local --include="*" 2> /dev/null | head -n 2000 | xargs cat'
  ssh "$node" 'systemctl list-units --all --no-pager; journalctl --no-pager -n 4000; dmesg | tail -n 200'
done
echo "# that is all"
