#!/bin/sh
# Drops the packed layers of every image in containerd's content store that is unpacked already: two thirds of what a node's disk would hold.
# Layers of an image that is still packed stay, for a node has nothing else to unpack it from. Manifests and configurations are JSON and stay.
set -eu
ctr() { command ctr -n k8s.io "$@"; }

is_json() { [ "$(ctr content get "$1" 2>/dev/null | head -c 1)" = '{' ]; }

# Everything that a packed image refers to, from its index down. `images check` names the image's digest third, and last whether it is unpacked.
kept=' '
todo=$(ctr images check | awk 'NR > 1 && $NF != "true" { print $3 }')
while [ -n "$todo" ]; do
  next=
  for digest in $todo; do
    case "$kept" in *" $digest "*) continue ;; esac
    kept="$kept$digest "
    if is_json "$digest"; then next="$next $(ctr content get "$digest" | grep -oE 'sha256:[0-9a-f]{64}' | sort -u)"; fi
  done
  todo=$next
done

for digest in $(ctr content ls -q); do
  case "$kept" in *" $digest "*) continue ;; esac
  if ! is_json "$digest"; then ctr content rm "$digest" > /dev/null; fi
done

# Removing only forgets them. A synchronous removal of an image, here of a second name, sweeps the disk before it returns.
any=$(ctr images ls -q | head -n 1)
ctr images tag "$any" firedrill.invalid/sweep:now > /dev/null
ctr images rm --sync firedrill.invalid/sweep:now > /dev/null
