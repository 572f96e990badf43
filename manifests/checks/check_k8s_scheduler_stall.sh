#!/bin/sh
# Pods wait for a node for a while and not one FailedScheduling event is written: the scheduler is alive and schedules nothing. Pods that fit nowhere come
# with such events.
# Source: postmortem 004, PGM-226. Needs: kubectl with a kubeconfig (KUBECONFIG).
# Usage: check_k8s_scheduler_stall.sh [-w pods] [-c pods] [-s seconds]
warning=0 critical=0 seconds=300
while getopts w:c:s: flag; do
  case $flag in
    w) warning=$OPTARG ;;
    c) critical=$OPTARG ;;
    s) seconds=$OPTARG ;;
    *)
      echo 'UNKNOWN - usage: check_k8s_scheduler_stall.sh [-w pods] [-c pods] [-s seconds]'
      exit 3
      ;;
  esac
done

now=$(date +%s)
pods=$(kubectl get pods -A --field-selector spec.nodeName=,status.phase=Pending \
  -o 'jsonpath={range .items[*]}{.metadata.creationTimestamp}{"\n"}{end}' 2>&1) || {
  echo "UNKNOWN - kubectl: $(echo "$pods" | head -n 1)"
  exit 3
}
waiting=0
for created in $pods; do
  [ $((now - $(date -d "$created" +%s))) -lt "$seconds" ] || waiting=$((waiting + 1))
done
events=$(kubectl get events -A --field-selector reason=FailedScheduling \
  -o 'jsonpath={range .items[*]}{.lastTimestamp}{"\n"}{end}' 2>&1) || {
  echo "UNKNOWN - kubectl: $(echo "$events" | head -n 1)"
  exit 3
}
explained=0
for seen in $events; do
  [ $((now - $(date -d "$seen" +%s))) -gt "$seconds" ] || explained=$((explained + 1))
done

what="$waiting pods without a node for $seconds s, $explained FailedScheduling events | pods=$waiting events=$explained"
if [ "$explained" -eq 0 ] && [ "$waiting" -gt "$critical" ]; then
  echo "CRITICAL - the scheduler is silent: $what"
  exit 2
fi
if [ "$waiting" -gt "$warning" ]; then
  echo "WARNING - pods fit nowhere: $what"
  exit 1
fi
echo "OK - $what"
