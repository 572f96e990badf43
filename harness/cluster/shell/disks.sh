# shellcheck shell=sh
# What the scripts that save and unpack disks begin with.
set -eu
# Where containerd's overlay snapshotter keeps layers, under /var: a containerd of its own, and k3s'.
layers='lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/* lib/rancher/k3s/agent/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/*'
# OpenSSL's, which uses the processor's own instructions: a fifth of what coreutils' sha256sum takes.
sum() { openssl dgst -sha256 -r | cut -d' ' -f1; }
# What a node's image brought along and nobody writes to, as paths under a /var: its layers (none of a container that ran in the node),
# and the package database, whose many small files would take longer to unpack than all the rest.
# shellcheck disable=SC2086 # Patterns.
parts() { (cd "$1" || exit 0; ls -d $layers lib/dpkg lib/apt 2>/dev/null || true); }
# Names, kinds, sizes and times of everything under a folder, as one number: reading all of it would take longer than to start a node.
listing() { (cd "$1" && find . -printf '%P %y %m %U:%G %s %T@ %l\n' | LC_ALL=C sort | sum); }
