# shellcheck shell=sh
# Puts the rules of a worker back, and lets its kubelet go once the API server gives it what its pods need. Behind until-listens.sh and until-known.sh.
: "${rules:?}" "${config:?}" "${held_config:?}" "${held_seconds:?}"
iptables-restore --noflush < "$rules"
rm "$rules"
until_listens
until_known
# On cgroup v1 systemd clears away slices that are empty in a hierarchy which it does not use itself. Between the instants at
# which the kubelet makes the slice of a QoS class and that of the first pod in it that is one too few, and the kubelet tries that
# pod again 10 s later. Our node image keeps systemd away from that hierarchy; in others a sleeping process in each slice holds it.
for class in burstable besteffort; do
  [ -e /sys/fs/cgroup/devices/cgroup.procs ] || break
  setsid sleep "$held_seconds" >/dev/null 2>&1 </dev/null &
  for hierarchy in devices blkio; do
    slice=/sys/fs/cgroup/$hierarchy/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-$class.slice
    mkdir -p "$slice"
    echo $! > "$slice/cgroup.procs"
  done
done
mv "$held_config" "$config"
systemctl start kubelet
