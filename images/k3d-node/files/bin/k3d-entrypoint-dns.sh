#!/bin/sh
# Docker's resolver listens on 127.0.0.11, which inside a pod is the pod itself. It is offered on the gateway's address as well, to pods and to the node,
# and resolv.conf, which k3s gives to CoreDNS, names that. (k3d v5.9.0, K3D_FIX_DNS.)
set -eu
gateway=$(ip -4 route show default | awk '{ print $3 }')
for proto in udp tcp; do
  resolver=$(iptables -t nat -S DOCKER_OUTPUT | awk -v p="$proto" '$0 ~ "-p " p { print $NF }')
  for chain in PREROUTING OUTPUT; do
    iptables -t nat -A "$chain" -d "$gateway" -p "$proto" --dport 53 -j DNAT --to-destination "$resolver"
  done
done
# A mount: it can be written and not be replaced.
sed "s/127.0.0.11/$gateway/" /etc/resolv.conf > /run/resolv.conf
cat /run/resolv.conf > /etc/resolv.conf
