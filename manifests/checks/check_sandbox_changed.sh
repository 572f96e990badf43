#!/bin/sh
# Many pods lost their sandbox at once: stale state in containerd. SandboxChanged is a Normal event, which a watch of warnings never shows.
# Source: postmortem 004, PGM-226. Needs: kubectl with a kubeconfig (KUBECONFIG).
# Usage: check_sandbox_changed.sh [-w pods] [-c pods] [-s seconds]
warning=5 critical=10 seconds=300
while getopts w:c:s: flag; do
  case $flag in
    w) warning=$OPTARG ;;
    c) critical=$OPTARG ;;
    s) seconds=$OPTARG ;;
    *)
      echo 'UNKNOWN - usage: check_sandbox_changed.sh [-w pods] [-c pods] [-s seconds]'
      exit 3
      ;;
  esac
done

now=$(date +%s)
events=$(kubectl get events -A --field-selector reason=SandboxChanged \
  -o 'jsonpath={range .items[*]}{.lastTimestamp}{" "}{.involvedObject.namespace}/{.involvedObject.name}{"\n"}{end}' 2>&1) || {
  echo "UNKNOWN - kubectl: $(echo "$events" | head -n 1)"
  exit 3
}
pods=$(echo "$events" | while read -r seen pod; do
  [ -z "$pod" ] || [ $((now - $(date -d "$seen" +%s))) -gt "$seconds" ] || echo "$pod"
done | sort -u | wc -l)
what="$pods pods lost their sandbox within $seconds s | pods=$pods"
if [ "$pods" -gt "$critical" ]; then
  echo "CRITICAL - $what"
  exit 2
fi
if [ "$pods" -gt "$warning" ]; then
  echo "WARNING - $what"
  exit 1
fi
echo "OK - $what"
