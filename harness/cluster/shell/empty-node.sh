# shellcheck shell=sh
# Takes away every container of a node whose kubelet is stopped, and holds back what must wait at the next start. Behind kept-rules.sh
# and take-containers.sh.
set -eu
: "${role:?control-plane or worker}" "${rules:?}" "${config:?}" "${held_config:?}" "${manifests:?}" "${held_manifests:?}"
take_containers
systemctl stop containerd
rm -rf /var/lib/cni/networks/* /var/lib/cni/results/* /var/log/pods/* /var/log/containers/* /var/log/journal/*
case $role in
  worker)
    iptables-save -t nat | kept_rules > "$rules"
    mv "$config" "$held_config"
    ;;
  control-plane)
    mkdir "$held_manifests"
    mv "$manifests"/kube-*.yaml "$held_manifests/"
    ;;
esac
sync
