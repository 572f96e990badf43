/**
 * How a running cluster is brought to rest so that what lies on its disks then is a healthy cluster that starts at once, and
 * not one after a power cut:
 *
 * - leases of the leader elections are deleted, or the new controller manager would wait 15 s for its dead predecessor;
 * - the database and etcd end by themselves;
 * - containers, sandboxes and the addresses they held are removed: the kubelet makes new ones with a restart count of 0
 *   (it takes the count of containers that it finds, and of log files that it finds);
 * - the rules by which a node reaches the API's service address are kept: CoreDNS starts before kube-proxy has written them, and a
 *   first packet that finds none takes its whole connection astray for half a minute; so are flannel's, which give such a packet its
 *   node's address: without them it leaves with the pod's, and the kernel keeps to that for the whole connection;
 * - workers' kubelets are held back at the next start until the API server knows which pods are on them: before that it lets them read nothing
 *   that those need, and a pod whose volume claim cannot be read is tried again only after 10 s; a reflector that finds nobody waits up to 30 s;
 * - so are the API server and who leads by it until etcd is being started: an API server that finds nobody there waits a second.
 */

const preamble = `set -eu
c() { ctr -n k8s.io "$@"; }
running() { c tasks ls | awk 'NR > 1 && $3 == "RUNNING" { print $1 }'; }
named() { c containers ls -q "labels.\\"io.kubernetes.container.name\\"==$1"; }
`;

/** On every node first: nobody brings back what ends from now on. */
export const stopKubelet = 'systemctl stop kubelet';

/** On the control plane: those that hold leases end, the API stays. */
export const stopLeaders = `${preamble}
for name in kube-controller-manager kube-scheduler; do
  for id in $(named $name); do c tasks kill -s SIGKILL "$id" || true; done
done
`;

/** On the workstation, when their holders are gone. */
export const deleteLeases =
  'kubectl -n kube-system delete lease kube-controller-manager kube-scheduler --ignore-not-found --timeout=10s';

/** Everything by which a pod reaches the service default/kubernetes through the firewall, as iptables-restore reads it. */
const rules = '/var/lib/kubelet/service-rules';

const held = '/var/lib/kubelet/config.yaml.held';

/** The control plane's own pods, and where they wait: in the same file system, so that the kubelet never sees half of one. */
const manifests = '/etc/kubernetes/manifests';
const heldManifests = '/etc/kubernetes/manifests.held';

const holdControlPlane = `mkdir ${heldManifests}
mv ${manifests}/kube-*.yaml ${heldManifests}/`;

/** Of the rules of a node, as iptables-save prints them, those that are kept. */
export const keptRules = `awk '
  /^[*:]|^COMMIT/ { if (/^:/ && !/^:(KUBE|FLANNEL)-/) next; print; next }
  /^-A KUBE-(SERVICES|SVC-|SEP-|EXT-|FW-|NODEPORTS)/ { if (/default\\/kubernetes/) print; next }
  /^-A (KUBE|FLANNEL)-|-j (KUBE|FLANNEL)-/ { print }'`;

const keepForStart = `iptables-save -t nat | ${keptRules} > ${rules}
mv /var/lib/kubelet/config.yaml ${held}`;

/** On every node, the control plane last. */
export const emptyNode = (role: 'control-plane' | 'worker'): string => `${preamble}
# The API server keeps nothing to itself, and would spend its last minute on waiting for watchers.
for id in $(named kube-apiserver); do c tasks kill -s SIGKILL "$id" || true; done
# SIGTERM lets most end; PostgreSQL waits for its clients then, and ends properly at SIGINT.
for signal in SIGTERM SIGINT; do
  for id in $(running); do c tasks kill -s $signal "$id" 2>/dev/null || true; done
done
for _ in $(seq 100); do
  [ -z "$(running)" ] && break
  sleep 0.1
done
for id in $(c tasks ls -q); do c tasks rm -f "$id" >/dev/null 2>&1 || true; done
for id in $(c containers ls -q); do c containers rm "$id"; done
# containerd 2 lists sandboxes apart, and would bring each back as one that is lost. Earlier ones know no such command.
for id in $(c sandboxes ls 2>/dev/null | awk 'NR > 1 { print $1 }'); do c sandboxes rm --force "$id"; done
[ -z "$(c containers ls -q)" ] || { echo "containers are left: $(c containers ls -q | tr '\\n' ' ')" >&2; exit 1; }
systemctl stop containerd
rm -rf /var/lib/cni/networks/* /var/lib/cni/results/* /var/log/pods/* /var/log/containers/* /var/log/journal/*
${role === 'worker' ? keepForStart : holdControlPlane}
sync
`;

/** Everything that is done to bring a cluster to rest: a snapshot that was taken in another way is another one. */
export const restScripts = [
  stopKubelet,
  stopLeaders,
  deleteLeases,
  emptyNode('worker'),
  emptyNode('control-plane'),
].join('\n');

/** How long a node that was started waits for another one at most, in seconds, before it goes on all the same. */
const patienceSeconds = 50;

/** A shell command that returns when a line of Perl is true. Perl, because a shell would start processes for each look. */
const waitFor = (condition: string): string =>
  `perl -MSocket -e 'my ($s, $end) = (undef, time + ${patienceSeconds}); until (${condition}) { exit if time > $end; select undef, undef, undef, 0.03 }'`;

/**
 * On the control plane as soon as it is on: lets its pods go once the container of etcd is being made, so that etcd listens a moment
 * before the API server asks for it (one that finds nobody there asks again only after a second).
 */
export const releaseControlPlane = `${waitFor('glob "/var/log/pods/kube-system_etcd-*/etcd"')}
mv ${heldManifests}/kube-apiserver.yaml ${manifests}/
# A moment for it alone: the others can only wait for it.
sleep 0.3
mv ${heldManifests}/*.yaml ${manifests}/
rmdir ${heldManifests}`;

/**
 * Waits until the API server knows which pods are on this node: as long as it does not, the node may not read what every pod has a use for.
 */
export const untilKnown = `end=$(($(date +%s) + ${patienceSeconds}))
until kubectl --kubeconfig /etc/kubernetes/kubelet.conf get --raw /api/v1/namespaces/kube-system/configmaps/kube-root-ca.crt >/dev/null 2>&1; do
  [ "$(date +%s)" -lt "$end" ] || break
  sleep 0.05
done`;

/** How long the slices are held, seconds: until the kubelet's first pods are in them, and no longer. */
const heldSeconds = 20;

/**
 * On every worker as soon as it is on: puts the rules back, and lets the kubelet go once the API server gives it what its pods need.
 *
 * On cgroup v1 systemd clears away slices that are empty in a hierarchy which it does not use itself. Between the instants at
 * which the kubelet makes the slice of a QoS class and that of the first pod in it that is one too few, and the kubelet tries that
 * pod again 10 s later. Our node image keeps systemd away from that hierarchy; in others a sleeping process in each slice holds it.
 */
export const releaseWorker = (apiAddress: string): string => `iptables-restore --noflush < ${rules}
rm ${rules}
${waitFor(`socket($s, PF_INET, SOCK_STREAM, 0) && connect($s, pack_sockaddr_in(6443, inet_aton("${apiAddress}")))`)}
${untilKnown}
for class in burstable besteffort; do
  [ -e /sys/fs/cgroup/devices/cgroup.procs ] || break
  setsid sleep ${heldSeconds} >/dev/null 2>&1 </dev/null &
  for hierarchy in devices blkio; do
    slice=/sys/fs/cgroup/$hierarchy/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-$class.slice
    mkdir -p "$slice"
    echo $! > "$slice/cgroup.procs"
  done
done
mv ${held} /var/lib/kubelet/config.yaml
systemctl start kubelet`;
