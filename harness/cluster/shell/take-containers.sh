# shellcheck shell=sh
# The shell function `take_containers`: ends every container of a node whose kubelet is stopped, and takes away what the runtime knows of it.
: "${ctr:?the command, with its namespace}"
c() { $ctr "$@"; }
running() { c tasks ls | awk 'NR > 1 && $3 == "RUNNING" { print $1 }'; }
take_containers() {
  # The API server keeps nothing to itself, and would spend its last minute on waiting for watchers.
  for id in $(c containers ls -q 'labels."io.kubernetes.container.name"==kube-apiserver'); do
    c tasks kill -s SIGKILL "$id" || true
  done
  # SIGTERM lets most end; PostgreSQL waits for its clients then, and ends properly at SIGINT.
  for signal in SIGTERM SIGINT; do
    for id in $(running); do c tasks kill -s "$signal" "$id" 2>/dev/null || true; done
  done
  for _ in $(seq 100); do
    [ -z "$(running)" ] && break
    sleep 0.1
  done
  for id in $(c tasks ls -q); do c tasks rm -f "$id" >/dev/null 2>&1 || true; done
  for id in $(c containers ls -q); do c containers rm "$id"; done
  # containerd 2 lists sandboxes apart, and would bring each back as one that is lost. Earlier ones know no such command.
  for id in $(c sandboxes ls 2>/dev/null | awk 'NR > 1 { print $1 }'); do c sandboxes rm --force "$id"; done
  [ -z "$(c containers ls -q)" ] || { echo "containers are left: $(c containers ls -q | tr '\n' ' ')" >&2; exit 1; }
}
