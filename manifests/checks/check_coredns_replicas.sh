#!/bin/sh
# CoreDNS has fewer ready replicas than it should, or all of them are on one node, which takes DNS with it when it goes.
# Source: postmortem 004, PGM-226. Needs: kubectl with a kubeconfig (KUBECONFIG).
# Usage: check_coredns_replicas.sh [-w replicas] [-c replicas]: a warning below so many, critical below so many
warning=2 critical=1
while getopts w:c: flag; do
  case $flag in
    w) warning=$OPTARG ;;
    c) critical=$OPTARG ;;
    *)
      echo 'UNKNOWN - usage: check_coredns_replicas.sh [-w replicas] [-c replicas]'
      exit 3
      ;;
  esac
done

# One line for each pod: its node, and whether it is ready.
pods=$(kubectl -n kube-system get pods -l k8s-app=kube-dns \
  -o 'jsonpath={range .items[*]}{.spec.nodeName}{" "}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' 2>&1) || {
  echo "UNKNOWN - kubectl: $(echo "$pods" | head -n 1)"
  exit 3
}
ready=$(echo "$pods" | grep -c ' True$')
nodes=$(echo "$pods" | sed -n 's/ True$//p' | sort -u | wc -l)
what="$ready ready replicas on $nodes nodes | ready=$ready nodes=$nodes"
if [ "$ready" -lt "$critical" ]; then
  echo "CRITICAL - $what"
  exit 2
fi
if [ "$ready" -lt "$warning" ] || [ "$nodes" -lt 2 ]; then
  echo "WARNING - $what"
  exit 1
fi
echo "OK - $what"
