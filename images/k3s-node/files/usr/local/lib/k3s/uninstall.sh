#!/bin/sh
# Takes k3s (stand-in) from this machine: killall, then the unit, and everything that k3s has stored. Effects as docs.k3s.io documents them
# ("Uninstalling K3s"). Where another k3s unit is left, its data are, too.
name=@NAME@
bin=/usr/local/bin
units=/etc/systemd/system

"$bin/k3s-killall.sh"
systemctl disable "$name"
systemctl reset-failed "$name" 2> /dev/null
rm -f "$units/$name.service" "$units/$name.service.env" "$bin/$name-uninstall.sh"
systemctl daemon-reload
for unit in "$units"/k3s*.service; do
  if [ -e "$unit" ]; then echo "$unit is left: nothing else is removed" && exit; fi
done

for link in kubectl crictl ctr; do
  if [ -L "$bin/$link" ]; then rm -f "$bin/$link"; fi
done
rm -rf /etc/rancher/k3s /run/k3s /run/flannel /var/lib/rancher/k3s /var/lib/kubelet
rm -f "$bin/k3s" "$bin/k3s-killall.sh"
