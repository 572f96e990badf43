#!/bin/sh
# A responder that looks first: alerts, nodes, pods, DNS, then what the nodes themselves say; each look leads to the next, and to a remedy only where
# it shows what is broken. Knows what an administrator of Kubernetes knows, and of no outage in particular. A baseline for others.

say() { echo "$(date +%T) $*"; }
k() { timeout 15 kubectl "$@" 2> /dev/null; }
on() {
  node=$1
  shift
  timeout 40 ssh "$node" "$@" 2> /dev/null
}

# shellcheck disable=SC2153 # the desk says it
control_plane=${CONTROL_PLANE%% *}

# --- the looks ---

say "alerts:"
tail -n 20 "$ALERTS"

# Resolver: one that points at the node itself makes CoreDNS forward to itself. What another node has is what it should be.
resolver() {
  bad=''
  good=''
  for node in $NODES; do
    if on "$node" 'grep -E "^nameserver (127\.|::1)" /etc/resolv.conf' > /dev/null; then bad="$bad $node"; else good="$good $node"; fi
  done
  [ -n "$bad" ] || return 1
  say "the resolver of$bad points at itself"
  # The gateway answers for Docker's networks and for most others.
  server=''
  for node in $good; do server=$(on "$node" "awk '/^nameserver/ { print \$2; exit }' /etc/resolv.conf"); done
  for node in $bad; do
    to=${server:-$(on "$node" "ip route | awk '/^default/ { print \$3; exit }'")}
    on "$node" "echo 'nameserver $to' > /etc/resolv.conf"
  done
  k -n kube-system delete pods -l k8s-app=kube-dns --wait=false
}

dns() {
  pods=$(k -n kube-system get pods -l k8s-app=kube-dns --no-headers)
  echo "$pods"
  echo "$pods" | grep -qE 'CrashLoopBackOff|Error' || echo "$pods" | awk '{ split($2, of, "/"); if (of[1] != of[2]) bad = 1 } END { exit !bad }' || return 1
  logs=$(k -n kube-system logs -l k8s-app=kube-dns --tail=20 --prefix)
  echo "$logs" | tail -n 5
  if echo "$logs" | grep -q 'Loop .*detected'; then
    resolver && return 0
  fi
  return 1
}

# CNI: a node without configuration or plugins cannot begin pods. What another node has, or the agent writes anew, is what it should be.
cni() {
  did=1
  for node in $NODES; do
    plugins=$(on "$node" 'ls -A /opt/cni/bin 2> /dev/null | wc -l')
    config=$(on "$node" 'ls -A /etc/cni/net.d 2> /dev/null | wc -l')
    [ "${plugins:-1}" = 0 ] || [ "${config:-1}" = 0 ] || continue
    say "$node: $config CNI configurations, $plugins plugins"
    for other in $NODES; do
      [ "$other" != "$node" ] || continue
      if [ "$plugins" = 0 ] && [ "$(on "$other" 'ls -A /opt/cni/bin | wc -l')" != 0 ]; then
        on "$other" 'tar -C /opt/cni/bin -czf - .' | on "$node" 'mkdir -p /opt/cni/bin; tar -C /opt/cni/bin -xzf -'
      fi
      if [ "$config" = 0 ] && [ "$(on "$other" 'ls -A /etc/cni/net.d | wc -l')" != 0 ]; then
        on "$other" 'tar -C /etc/cni/net.d -czf - .' | on "$node" 'mkdir -p /etc/cni/net.d; tar -C /etc/cni/net.d -xzf -'
      fi
      break
    done
    # The agent of the network builds links and configuration again when it begins.
    for namespace in kube-flannel kube-system; do
      k -n "$namespace" delete pods -l app=flannel --field-selector "spec.nodeName=$node" --wait=false
    done
    did=0
  done
  return $did
}

units() {
  did=1
  for node in $NODES; do
    for unit in containerd kubelet k3s k3s-agent; do
      state=$(on "$node" "systemctl is-enabled $unit > /dev/null 2>&1 && systemctl is-active $unit")
      case $state in
        failed | inactive | deactivating)
          say "$node: $unit is $state"
          on "$node" "journalctl -u $unit -n 5 --no-pager"
          on "$node" "systemctl reset-failed $unit; systemctl restart $unit"
          did=0
          ;;
      esac
    done
  done
  return $did
}

# shellcheck disable=SC2016 # it is the node that expands it
certificates() {
  on "$control_plane" 'for f in /etc/kubernetes/pki/*.crt; do openssl x509 -checkend 0 -noout -in "$f" > /dev/null || echo "$f"; done' | grep -q . || return 1
  say "certificates have ended"
  on "$control_plane" 'kubeadm certs renew all && for c in kube-apiserver kube-controller-manager kube-scheduler etcd; do crictl rm -f $(crictl ps -q --name $c); done; systemctl restart kubelet'
  server=$(grep server: "$KUBECONFIG" | sed 's/^ *//')
  on "$control_plane" 'cat /etc/kubernetes/admin.conf' > "$TMPDIR/admin.conf" && [ -s "$TMPDIR/admin.conf" ] &&
    sed "s#server: .*#$server#" "$TMPDIR/admin.conf" > "$KUBECONFIG"
}

# What cannot be explained is restarted, but only what is sick, and once.
sick() {
  k get pods -A --no-headers | awk '{ split($3, of, "/"); if ($4 != "Completed" && of[1] != of[2]) print $1, $2, $4 }' > "$TMPDIR/sick"
  [ -s "$TMPDIR/sick" ] || return 1
  cat "$TMPDIR/sick"
  while read -r namespace pod _; do
    k -n "$namespace" describe pod "$pod" | tail -n 5
    k -n "$namespace" delete pod "$pod" --wait=false
  done < "$TMPDIR/sick"
}

# --- the tree ---

quiet=0
restarted=''
stuck=0
while [ "$quiet" -lt 2 ]; do
  if ! k get nodes; then
    say "the API does not answer"
    certificates || units || say "nothing to be seen on the nodes"
  elif cni; then
    say "the network was mended"
  elif dns; then
    say "DNS was mended"
  elif units; then
    say "units were restarted"
  else
    fires=$(grep -c '"state":"firing"' "$ALERTS")
    ends=$(grep -c '"state":"resolved"' "$ALERTS")
    if [ "$fires" -gt "$ends" ]; then
      stuck=$((stuck + 1))
      # What was mended takes its time; only what stays sick is restarted, and once.
      [ "$stuck" -lt 4 ] || [ -n "$restarted" ] || { sick && restarted=yes; }
    else
      quiet=$((quiet + 1))
    fi
  fi
  sleep 5
done
say "alerts are quiet, and there is nothing to be seen"
