#!/bin/sh
# Ours, not k3d's. Docker starts a node again when the machine has been started again, as k3d asks it to; the fence, which is the kernel's, is gone then.
# So a node runs under the kernel that it was first started under, and no other.
set -eu
kernel=/proc/sys/kernel/random/boot_id
first=/etc/firedrill/boot
mkdir -p "${first%/*}"
[ -f "$first" ] || cat "$kernel" > "$first"
# Not by cmp, to which a file under /proc is empty.
[ "$(cat "$kernel")" = "$(cat "$first")" ] || {
  echo "the machine was started again, and this node's fence is gone: it stays off (npm run firedrill -- clean)" >&2
  exit 1
}
