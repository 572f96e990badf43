# shellcheck shell=sh
# What every script of the fence begins with. Finds which iptables Docker uses (the one that has its chain). IPv6 counts only where the
# kernel has it.
set -eu
tool=
for candidate in iptables-nft iptables-legacy iptables; do
  if "$candidate" -w 10 -n -L DOCKER-USER >/dev/null 2>&1; then tool=$candidate; break; fi
done
[ -n "$tool" ] || { echo "Docker has no DOCKER-USER chain in iptables" >&2; exit 3; }
v4() { "$tool" -w 10 "$@"; }
v6() { [ -d /proc/sys/net/ipv6 ] || return 0; "ip6$(echo "$tool" | cut -c3-)" -w 10 "$@"; }
