import { placeVariable } from '../model/commands.ts';
import { act, look, until } from '../model/define.ts';
import { withVerbs, type Component, type Distribution, type Run } from '../model/distribution.ts';
import { seconds } from '../model/units.ts';

const configuration = '/etc/kubernetes';
const kubelet = '/var/lib/kubelet';
const adminKubeconfig = `${configuration}/admin.conf`;
const kubeletKubeconfig = `${configuration}/kubelet.conf`;
const manifests = `${configuration}/manifests`;

const staticPod = (process: string): Run => ({ by: 'static-pod', process });

const base = withVerbs({
  name: 'kubeadm',
  init: 'systemd',
  components: {
    kubelet: { by: 'unit', process: 'kubelet', unit: 'kubelet' },
    runtime: { by: 'unit', process: 'containerd', unit: 'containerd' },
    proxy: { by: 'daemon-set', process: 'kube-proxy', namespace: 'kube-system', name: 'kube-proxy' },
    network: { by: 'daemon-set', process: 'flanneld', namespace: 'kube-flannel', name: 'kube-flannel-ds' },
    apiserver: staticPod('kube-apiserver'),
    controllers: staticPod('kube-controller-manager'),
    scheduler: staticPod('kube-scheduler'),
    datastore: staticPod('etcd'),
  },
  datastore: 'etcd',
  certificates: 'kubeadm',
  paths: {
    cni: {
      configuration: '/etc/cni/net.d',
      conflist: '/etc/cni/net.d/10-flannel.conflist',
      plugins: '/opt/cni/bin',
      running: ' /opt/cni/bin/',
      state: '/var/lib/cni',
    },
    configuration,
    adminKubeconfig,
    kubeletKubeconfig,
    pki: `${configuration}/pki`,
    kubelet,
    kubeletConfiguration: `${kubelet}/config.yaml`,
    kubeletCertificate: `${kubelet}/pki/kubelet-client-current.pem`,
    manifests,
    datastore: '/var/lib/etcd',
    runtime: '/run/containerd',
  },
  links: { bridge: 'cni0', overlay: 'flannel.1' },
  commands: { kubectl: `kubectl --kubeconfig ${adminKubeconfig}`, ctr: 'ctr -n k8s.io', crictl: 'crictl' },
  podsGroups: ['memory/kubelet.slice/kubelet-kubepods.slice', 'kubelet.slice/kubelet-kubepods.slice'].map(
    (group) => `/sys/fs/cgroup/${group}`,
  ),
});

const { end, fetchCredentials, kill, links, paths, units } = base;
const { cni } = paths;
const controlPlane: readonly Component[] = ['datastore', 'apiserver', 'controllers', 'scheduler'];
/** Where kind keeps what it gave to kubeadm. */
const config = '--config /kind/kubeadm.conf';

/** Kubernetes, "Certificate Management with kubeadm", manual renewal: the file goes, 20 s pass, the file comes back. */
const restartStaticPods = [
  'mkdir -p /root/manifests',
  `mv ${manifests}/*.yaml /root/manifests/`,
  'sleep 20',
  `mv /root/manifests/*.yaml ${manifests}/`,
].join('\n');

/**
 * The configuration as flannel's daemon set writes it, from what flanneld last knew of this node's subnet. Kept in step with
 * manifests/flannel.yaml by a test.
 */
const writeConfiguration = [
  '. /run/flannel/subnet.env',
  'subnet="${FLANNEL_SUBNET%.1/*}.0/${FLANNEL_SUBNET#*/}"',
  `mkdir -p ${cni.configuration}`,
  `printf '{"cniVersion":"1.0.0","name":"cbr0","plugins":[{"type":"bridge","bridge":"${links.bridge}","mtu":%s,"isGateway":true,"hairpinMode":true,"ipMasq":false,"ipam":{"type":"host-local","ranges":[[{"subnet":"%s"}]],"routes":[{"dst":"%s"},{"dst":"0.0.0.0/0"}]}},{"type":"portmap","capabilities":{"portMappings":true}}]}' "$FLANNEL_MTU" "$subnet" "$FLANNEL_NETWORK" > ${cni.conflist}`,
].join('\n');

/** Kubernetes as kubeadm installs it and kind keeps it, with flannel: the control plane in static pods, etcd, containerd and the kubelet as units. */
export const kubeadm: Distribution = {
  ...base,
  restoreNetwork: (on) => [
    act(
      'copy the plugins back',
      'workstation',
      `for node in ${placeVariable(on)}; do tar -C "$PACKAGES" -cf - . | ssh "$node" "mkdir -p ${cni.plugins} && tar -C ${cni.plugins} -xf -"; done`,
      { standsFor: 'apt-get install --reinstall containernetworking-plugins' },
    ),
    act('write the configuration back', on, writeConfiguration),
    act('restart the runtime and the kubelet', on, `systemctl restart ${units('runtime', 'kubelet')}`, {
      standsFor: 'systemctl restart k3s',
    }),
  ],
  // What k3s-killall.sh does, in its order.
  stopEverything: [
    `systemctl stop ${units('kubelet')}`,
    'for shim in $(pidof containerd-shim-runc-v2); do kill -KILL $(pgrep -P "$shim") "$shim" 2>/dev/null || true; done',
    `systemctl stop ${units('runtime')}`,
    "ip netns list | awk '/^cni-/ { print $1 }' | xargs -r -n 1 ip netns delete 2>/dev/null || true",
    `awk '$2 ~ "^(${paths.runtime}|${kubelet}/pods)" { print $2 }' /proc/self/mounts | sort -r | xargs -r -n 1 umount --lazy 2>/dev/null || true`,
    `ip -o link show master ${links.bridge} 2>/dev/null | awk -F '[ :@]+' '{ print $2 }' | xargs -r -n 1 ip link delete 2>/dev/null || true`,
    `ip link delete ${links.bridge} 2>/dev/null || true`,
    `ip link delete ${links.overlay} 2>/dev/null || true`,
    `rm -rf ${cni.state}/`,
    'iptables-save | grep -v KUBE- | grep -v CNI- | grep -iv flannel | iptables-restore',
  ].join('\n'),
  restartControlPlane: [
    `systemctl stop ${units('kubelet')}`,
    end('scheduler', 'controllers', 'apiserver', 'proxy'),
    `systemctl start ${units('kubelet')}`,
  ].join('\n'),
  restartWorker: [
    `systemctl stop ${units('kubelet')}`,
    // One that stands still does not hear that it should end.
    kill('proxy'),
    `systemctl restart ${units('runtime')}`,
    `systemctl start ${units('kubelet')}`,
  ].join('\n'),
  // What `kubeadm certs renew all` does not know are the kubelets' client certificates.
  renewCertificates: [
    look('see what has ended', 'control-plane', 'kubeadm certs check-expiration 2>/dev/null', {
      timeoutMs: seconds(45),
    }),
    act('renew them', 'control-plane', 'kubeadm certs renew all', { standsFor: 'k3s certificate rotate' }),
    act("restart the control plane's pods", 'control-plane', restartStaticPods, {
      standsFor: 'systemctl start k3s',
      destroys: 'nothing, but the API is away meanwhile',
    }),
    act('fetch the new credentials', 'workstation', fetchCredentials),
    until('wait until the API answers', 'workstation', 'kubectl get nodes', seconds(60)),
  ],
  // The kubelet of the control plane first, for it is what restarts the API server. (Kubernetes, "Troubleshooting kubeadm".)
  renewEverything: [
    act('renew what kubeadm knows', 'control-plane', 'kubeadm certs renew all'),
    act(
      'give every kubelet a new identity',
      'workstation',
      [
        'for node in $NODES; do',
        `  ssh "$CONTROL_PLANE" kubeadm kubeconfig user --org system:nodes --client-name "system:node:$node" ${config} |`,
        `    ssh "$node" "rm -f ${kubelet}/pki/kubelet-client-*; cat > ${kubeletKubeconfig}; systemctl restart --no-block ${units('kubelet')}"`,
        'done',
      ].join('\n'),
    ),
    act(
      "end the control plane's processes: the kubelet starts them with what is in the files",
      'control-plane',
      end(...controlPlane),
      { destroys: 'nothing, but the API is away for some seconds' },
    ),
    act('fetch the new credentials', 'workstation', fetchCredentials),
    until('wait until the API answers', 'workstation', 'kubectl get nodes', seconds(90)),
  ],
  upgrade: [
    act('upgrade the control plane', 'control-plane', 'kubeadm upgrade apply --yes "$(kubeadm version -o short)"', {
      timeoutMs: seconds(90),
      standsFor: 'curl -sfL https://get.k3s.io | sh -',
      destroys: "nothing, but the control plane's pods are recreated",
    }),
    act('upgrade the nodes', 'workers', 'kubeadm upgrade node', { timeoutMs: seconds(60) }),
    act('restart the kubelets', 'nodes', `systemctl restart --no-block ${units('kubelet')}`),
  ],
  uninstall: (folder) => `kubeadm reset --force\nrm -rf ${paths.datastore} ${folder}`,
  install: {
    first: [
      act(
        'install the CNI plugins',
        'workstation',
        `for node in $NODES; do tar -C "$PACKAGES" -cf - . | ssh "$node" "mkdir -p ${cni.plugins} ${cni.configuration} && tar -C ${cni.plugins} -xf -"; done`,
        { standsFor: 'curl -sfL https://get.k3s.io | sh -' },
      ),
    ],
    controlPlane: `kubeadm init ${config} --skip-phases=preflight 2>&1 | tail -n 20\ntest -f ${adminKubeconfig}`,
    worker: `kubeadm join ${config} --skip-phases=preflight 2>&1 | tail -n 5\ntest -f ${kubeletKubeconfig}`,
  },
};
