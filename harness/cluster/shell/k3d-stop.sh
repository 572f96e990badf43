# shellcheck shell=sh
# The shell function `stop_k3s` of a node that is there for k3s: ends it without the node.
: "${processes:?the names that k3s gives itself}"
stop_k3s() {
  # shellcheck disable=SC2086 # Names.
  k3s=$(pidof $processes)
  # Who started it would end when it has, and Docker start both again.
  kill -STOP "$(awk '/^PPid:/ { print $2 }' "/proc/$k3s/status")"
  kill -TERM "$k3s"
  for _ in $(seq 300); do
    # Nobody takes note of its end.
    grep -q '^State:.*zombie' "/proc/$k3s/status" && return
    sleep 0.1
  done
  echo "k3s has not ended within 30 s" >&2
  exit 1
}
