# shellcheck shell=sh
# Puts the rules of a worker back, and lets its kubelet go once the API server gives it what its pods need. Behind until-known.sh.
: "${patience:?seconds}" "${api:?address}" "${rules:?}" "${config:?}" "${held_config:?}" "${held_seconds:?}"
iptables-restore --noflush < "$rules"
rm "$rules"
# Perl, because a shell would start processes for each look.
perl -MSocket -e '
  my ($patience, $api) = @ARGV;
  my ($s, $end) = (undef, time + $patience);
  until (socket($s, PF_INET, SOCK_STREAM, 0) && connect($s, pack_sockaddr_in(6443, inet_aton($api)))) {
    exit if time > $end;
    select undef, undef, undef, 0.03;
  }' "$patience" "$api"
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
