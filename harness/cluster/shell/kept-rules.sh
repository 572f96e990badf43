# shellcheck shell=sh
# Of the rules of a node, as iptables-save prints them, those that are kept for the next start.
kept_rules() {
  awk '
    /^[*:]|^COMMIT/ { if (/^:/ && !/^:(KUBE|FLANNEL)-/) next; print; next }
    /^-A KUBE-(SERVICES|SVC-|SEP-|EXT-|FW-|NODEPORTS)/ { if (/default\/kubernetes/) print; next }
    /^-A (KUBE|FLANNEL)-|-j (KUBE|FLANNEL)-/ { print }'
}
