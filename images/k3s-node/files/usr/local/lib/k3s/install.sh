#!/bin/sh
# Installs k3s (stand-in) as k3s' installer does, from what lies beside this script instead of from the internet: the binary, its links, the unit with its
# environment, k3s-killall.sh and the uninstall script. Takes of the installer's variables K3S_* and INSTALL_K3S_SKIP_ENABLE and _START.
#   [K3S_URL=https://<server>:6443 K3S_TOKEN=<token>] install.sh [server|agent] [flags]
set -eu
here=/usr/local/lib/k3s
bin=/usr/local/bin
units=/etc/systemd/system

role=server
if [ -n "${K3S_URL:-}" ]; then role=agent; fi
case "${1:-}" in
  server | agent) role=$1 && shift ;;
esac
name=k3s
if [ "$role" = agent ]; then name=k3s-agent; fi
unit=$name.service

ln -sf "$here/k3s" "$bin/k3s"
for link in kubectl crictl ctr; do ln -sf k3s "$bin/$link"; done
install -m 755 "$here/killall.sh" "$bin/k3s-killall.sh"
sed "s/@NAME@/$name/g" "$here/uninstall.sh" > "$bin/$name-uninstall.sh"
chmod 755 "$bin/$name-uninstall.sh"

# Where the images went with an earlier installation, they come back from the archives, as on a machine without internet.
if [ ! -d /var/lib/rancher/k3s/agent/containerd ]; then
  mkdir -p /var/lib/rancher/k3s/agent/images
  for archive in "$here"/images*.tar; do
    if [ -f "$archive" ]; then ln -sf "$archive" /var/lib/rancher/k3s/agent/images/; fi
  done
fi

# A k3s of the user's own brings its images along, and imports them at its start.
for archive in "$here"/images-k3s.tar*; do
  if [ -f "$archive" ]; then mkdir -p /var/lib/rancher/k3s/agent/images && ln -sf "$archive" /var/lib/rancher/k3s/agent/images/; fi
done

(umask 077 && env | grep -E '^(K3S|CONTAINERD)_' > "$units/$unit.env" || true)

quoted=
for flag in "$@"; do quoted="$quoted '$flag'"; done
cat > "$units/$unit" << EOF
[Unit]
Description=Lightweight Kubernetes$("$here/k3s" --version 2>/dev/null | grep -q stand-in && echo ': k3s (stand-in)' || true)
Documentation=https://k3s.io
Wants=network-online.target
After=network-online.target

[Install]
WantedBy=multi-user.target

[Service]
Type=notify
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=-$units/$unit.env
KillMode=process
Delegate=yes
User=root
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=$bin/k3s $role$quoted
EOF

systemctl daemon-reload
if [ "${INSTALL_K3S_SKIP_ENABLE:-}" = true ]; then exit; fi
systemctl enable --quiet "$unit"
if [ "${INSTALL_K3S_SKIP_START:-}" != true ]; then systemctl restart "$unit"; fi
