#!/bin/sh
# This node has no rules that lead from a service's address to its pods, or fewer than it had: kube-proxy or its like has not programmed them since the boot.
# Source: postmortem 004, chain 2 ("no NRPE check verifies that ClusterIP DNAT rules exist on each node post-reboot"). Needs: root, iptables-save.
# Usage: check_dnat_rules.sh [-w rules] [-c rules]: a warning below so many, critical below so many
warning=2 critical=1
while getopts w:c: flag; do
  case $flag in
    w) warning=$OPTARG ;;
    c) critical=$OPTARG ;;
    *)
      echo 'UNKNOWN - usage: check_dnat_rules.sh [-w rules] [-c rules]'
      exit 3
      ;;
  esac
done

rules=$(iptables-save -t nat 2>&1) || {
  echo "UNKNOWN - iptables-save: $(echo "$rules" | head -n 1)"
  exit 3
}
count=$(echo "$rules" | grep -c -- '-j DNAT')
what="$count DNAT rules | rules=$count"
if [ "$count" -lt "$critical" ]; then
  echo "CRITICAL - services lead nowhere: $what"
  exit 2
fi
if [ "$count" -lt "$warning" ]; then
  echo "WARNING - $what"
  exit 1
fi
echo "OK - $what"
