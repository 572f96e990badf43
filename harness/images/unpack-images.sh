#!/bin/sh
# Unpacks, as far as that is possible, the images of a node that are packed, as those are that were just imported and as kind leaves all of its own: else every
# node does it on its own disk, and every snapshot holds it as often as it has nodes. Takes out kind's network and storage first, which no cluster of ours runs.
# Prints the images that stay packed.
set -eu
ctr() { command ctr -n k8s.io "$@"; }

for image in $(ctr images ls -q | grep '^docker.io/kindest/'); do ctr images rm "$image" > /dev/null; done

# `images check` names the image first, its digest third, and last whether it is unpacked.
packed() { ctr images check | awk 'NR > 1 && $NF != "true"'; }

for digest in $(packed | awk '{ print $3 }' | sort -u); do
  # One of which a layer deletes files cannot be; the list below tells.
  ctr snapshots unpack "$digest" > /dev/null 2>&1 || true
done
packed | awk '{ print $1 }'
