#!/bin/sh
# What docker-init starts in a node of k3d: the fixes beside this file, then k3s as a child, whose end is the node's. Does what k3d's own script of this
# name does, which k3d copies into every node (k3d v5.9.0, pkg/types/fixes/assets/k3d-entrypoint.sh): a server is made schedulable again when
# its API answers, however long that takes, and is drained when Docker stops it; an agent is not.
set -eu
: "${HOSTNAME:=$(hostname)}" # Docker sets it
for fix in /bin/k3d-entrypoint-*.sh; do
  "$fix" "$@" || exit 1
done

# A node has no `docker logs`. What k3s says goes there, and into the file that `k3s --log --alsologtostderr` would write.
said=/run/k3s-says
rm -f "$said"
mkfifo "$said"
tee -a /var/log/k3s.log < "$said" &
/bin/k3s "$@" > "$said" 2>&1 &
k3s=$!

if [ "${1:-}" = server ]; then
  until kubectl uncordon "$HOSTNAME"; do sleep 3; done
fi

stop() {
  if [ "${1:-}" = server ]; then
    kubectl drain "$HOSTNAME" --force --delete-emptydir-data --ignore-daemonsets --disable-eviction
  fi
  kill -TERM "$k3s"
  wait "$k3s"
}
trap 'stop "$@"' TERM INT QUIT HUP
wait "$k3s"
