#!/bin/sh
# On cgroup v2 no process may be in a group that hands controllers down: those of this node leave its root group for one below it, and all controllers
# are handed down. (k3d v5.9.0, K3D_FIX_CGROUPV2; the kernel's admin-guide/cgroup-v2, "No Internal Process Constraint".)
set -eu
root=/sys/fs/cgroup
[ -f "$root/cgroup.controllers" ] || exit 0
mkdir -p "$root/init"
# One that has ended meanwhile cannot move.
while read -r pid; do echo "$pid" > "$root/init/cgroup.procs" || true; done < "$root/cgroup.procs" 2>/dev/null
sed 's/^/+/; s/ / +/g' "$root/cgroup.controllers" > "$root/cgroup.subtree_control"
