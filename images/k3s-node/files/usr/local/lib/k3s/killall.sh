#!/bin/sh
# Stops every k3s unit, kills all containers and takes down what they and the network left: mounts, interfaces, /var/lib/cni, rules of Kubernetes, CNI and
# flannel. What k3s stores stays. Effects as docs.k3s.io documents them ("Stopping K3s"); as there, a step that finds nothing does not matter.
data=/var/lib/rancher/k3s

for unit in /etc/systemd/system/k3s*.service; do
  if [ -s "$unit" ]; then systemctl stop "$(basename "$unit")"; fi
done

# A container's processes descend from its shim.
descendants() {
  for child in $(ps -o pid= --ppid "$1"); do descendants "$child"; done
  echo "$1"
}
for shim in $(pgrep -f "^$data/data/[^/]*/bin/containerd-shim"); do
  for process in $(descendants "$shim"); do kill -9 "$process" 2> /dev/null; done
done

for below in /run/k3s /var/lib/kubelet/pods /var/lib/kubelet/plugins /run/netns/cni-; do
  awk -v below="$below" 'index($2, below) == 1 { print $2 }' /proc/self/mounts | sort -r | while read -r mounted; do
    umount -f "$mounted" && rm -rf "$mounted"
  done
done
ip netns show 2> /dev/null | awk '/^cni-/ { print $1 }' | while read -r namespace; do ip netns delete "$namespace"; done

ip -o link show master cni0 2> /dev/null | awk -F '[@: ]+' '{ print $2 }' | while read -r veth; do ip link delete "$veth"; done
for link in cni0 flannel.1; do ip link delete "$link" 2> /dev/null; done
rm -rf /var/lib/cni/

for tables in iptables ip6tables; do
  "$tables-save" | grep -v -e KUBE- -e CNI- | grep -vi flannel | "$tables-restore"
done
