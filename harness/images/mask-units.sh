#!/bin/sh
# Takes units out of a node's boot that nothing in a container needs: modules and kernel file systems are the host's, users and folders are in
# the image. Each process that is not started is time of every start, three nodes at once.
set -eu
units=/etc/systemd/system
mkdir -p "$units"
for unit in modprobe@configfs modprobe@dm_mod modprobe@drm modprobe@efi_pstore modprobe@fuse modprobe@loop systemd-modules-load \
  systemd-remount-fs systemd-sysusers systemd-tmpfiles-setup-dev systemd-update-utmp systemd-update-utmp-runlevel; do
  ln -sf /dev/null "$units/$unit.service"
done
for unit in sys-fs-fuse-connections sys-kernel-config sys-kernel-debug sys-kernel-tracing; do
  ln -sf /dev/null "$units/$unit.mount"
done
