# shellcheck shell=sh
# Lines `<what>\t<value>` of one node: files, firewall, links, routes, addresses handed out, units.
set -eu
files() {
  find /etc/cni /opt/cni /etc/kubernetes /etc/containerd /etc/default /etc/systemd/system /etc/sysctl.d /etc/hosts \
    /etc/resolv.conf /usr/local/bin /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env "$@" 2>/dev/null || true
}
files ! -type d -printf 'file %p\tmode %m %U:%G %l\n'
files -type f -print0 | xargs -0 sha256sum | sed 's/^\([0-9a-f]*\)  \(.*\)$/content of \2\t\1/'
for tool in iptables ip6tables; do
  "$tool-save" 2>/dev/null | sed '/^#/d; s/^:\([^ ]*\) \([^ ]*\) .*/:\1 \2/; s/^\[[0-9:]*\] //' |
    sort | uniq -c | sed "s/^ *\([0-9]*\) \(.*\)$/$tool \2\t\1 times/"
done
# A pod's end of its cable has a new name each time.
ip -o link | awk '{ print $2 }' | sed 's/[@:].*//; s/^veth.*/veth/' | sort | uniq -c | sed 's/^ *\([0-9]*\) \(.*\)$/link \2\t\1/'
ip route | sed 's/ *$//; s/$/\tthere/; s/^/route /'
ip -o addr | awk '{ print "address " $2 " " $4 "\tthere" }' | grep -v '^address veth'
tc qdisc show | grep -v ' dev veth' | sed 's/ [0-9a-f]*: / /; s/$/\tthere/; s/^/queue /'
find /var/lib/cni/networks -type f ! -name 'last_reserved_ip*' ! -name lock -printf 'CNI address %f\ttaken\n' 2>/dev/null || true
for unit in containerd kubelet; do printf 'unit %s\t%s\n' "$unit" "$(systemctl is-active "$unit" || true)"; done
systemctl --failed --plain --no-legend | awk '{ print "unit " $1 "\tfailed" }'
for key in net.ipv4.ip_forward net.ipv4.conf.all.rp_filter net.bridge.bridge-nf-call-iptables; do
  printf 'setting %s\t%s\n' "$key" "$(sysctl -n "$key" 2>/dev/null || echo none)"
done
