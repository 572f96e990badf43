# shellcheck shell=sh
# What a person would look at on a node who asks why it is as it is: what kubelet and containerd, or k3s, said since the trial began, and
# which sandboxes and containers are there. Each look may fail by itself: a hung containerd must not hide what the kubelet says of it.
: "${since:?seconds since the Unix epoch}" "${lines:?of the journal at most}"
echo '# journalctl'
journalctl --no-pager --utc -o short-precise -u kubelet -u containerd -u 'k3s*' --since="@$since" -n "$lines" 2>&1 || true
# k3s' containerd writes to a file.
log=/var/lib/rancher/k3s/agent/containerd/containerd.log
if [ -f "$log" ]; then
  echo "# $log"
  awk -F '"' -v since="$(date -u -d "@$since" +%FT%T)" '$2 >= since' "$log" | tail -n "$lines"
fi
echo '# crictl pods'
timeout 5 crictl pods 2>&1 || true
echo '# crictl ps -a'
timeout 5 crictl ps -a 2>&1 || true
