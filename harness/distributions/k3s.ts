import { act, look, until } from '../model/define.ts';
import { withVerbs, type Distribution, type Run } from '../model/distribution.ts';
import type { NodeSelector, Step } from '../model/step.ts';
import { seconds } from '../model/units.ts';

/** Of a node, whichever of the two it has: a server's is `k3s.service`, an agent's `k3s-agent.service`. (docs.k3s.io, "Service Management".) */
const unit = '$(cd /etc/systemd/system && ls k3s*.service)';
/** Where k3s keeps everything. (docs.k3s.io, "k3s server", `--data-dir`.) */
export const data = '/var/lib/rancher/k3s';
const agent = `${data}/agent`;
const configuration = '/etc/rancher/k3s';
const cniConfiguration = `${agent}/etc/cni/net.d`;
const plugins = `${data}/data/cni`;
const pluginNames = ['bandwidth', 'bridge', 'flannel', 'host-local', 'loopback', 'portmap'];

/** Names that k3s gives to its one process, on a server and on an agent. */
const embedded: Run = { by: 'embedded', process: 'k3s-server k3s-agent', unit };

const base = withVerbs({
  name: 'k3s',
  init: 'systemd',
  components: {
    kubelet: embedded,
    // A child of k3s, which ends and starts it.
    runtime: { ...embedded, process: 'containerd' },
    proxy: embedded,
    network: embedded,
    apiserver: embedded,
    controllers: embedded,
    scheduler: embedded,
    datastore: embedded,
  },
  datastore: 'SQLite',
  certificates: 'k3s',
  paths: {
    cni: {
      configuration: cniConfiguration,
      conflist: `${cniConfiguration}/10-flannel.conflist`,
      plugins,
      // One program under several names, outside of the folder of its names.
      running: `/bin/\\(${['cni', ...pluginNames].join('\\|')}\\)$`,
      state: '/var/lib/cni',
    },
    configuration,
    adminKubeconfig: `${configuration}/k3s.yaml`,
    kubeletKubeconfig: `${agent}/kubelet.kubeconfig`,
    pki: `${data}/server/tls`,
    kubelet: '/var/lib/kubelet',
    // Read after k3s' own. (docs.k3s.io, "Kubelet Configuration Files".)
    kubeletConfiguration: `${agent}/etc/kubelet.conf.d/90-firedrill.conf`,
    kubeletCertificate: `${agent}/client-kubelet.crt`,
    manifests: `${agent}/pod-manifests`,
    datastore: `${data}/server/db`,
    runtime: '/run/k3s/containerd',
  },
  links: { bridge: 'cni0', overlay: 'flannel.1' },
  commands: { kubectl: 'k3s kubectl', ctr: 'k3s ctr -n k8s.io', crictl: 'k3s crictl' },
  podsGroups: ['/sys/fs/cgroup/memory/kubepods.slice', '/sys/fs/cgroup/kubepods.slice'],
});

const { fetchCredentials, logsBetween, paths } = base;

/** What the administrator typed when the cluster was made: the configuration, and the installer's command. */
export const installScript = '/root/install-k3s.sh';

const installerOf = 'curl -sfL https://get.k3s.io | sh -';

/** The plug-ins are links to what k3s once unpacked, which it does not look at again. */
export const linkPlugins = (on: NodeSelector): Step =>
  act(
    'link the plugins again',
    on,
    `for plugin in ${pluginNames.join(' ')}; do ln -sf ${data}/data/current/bin/$plugin ${paths.cni.plugins}/$plugin; done`,
    { standsFor: installerOf },
  );

/** What the manual says for one kind of node: stop, rotate, start. (docs.k3s.io, "k3s certificate".) */
const rotate = (name: string): string =>
  [`systemctl stop ${name}`, 'k3s certificate rotate', `systemctl start ${name}`].join('\n');

const renewServer: readonly Step[] = [
  look('see what has ended', 'control-plane', 'k3s certificate check --output table', { timeoutMs: seconds(45) }),
  act('renew them', 'control-plane', rotate('k3s'), {
    timeoutMs: seconds(60),
    destroys: 'nothing, but the API is away meanwhile',
  }),
  act('fetch the new credentials', 'workstation', fetchCredentials),
  until('wait until the API answers', 'workstation', 'kubectl get nodes', seconds(60)),
];

/** k3s as its installer installs it: one unit, one process, and in it the whole control plane, kine on SQLite, the kubelet, kube-proxy and flannel. */
export const k3s: Distribution = {
  ...base,
  services: () => 'k3s.service k3s-agent.service',
  // k3s' containerd writes to a file of its own, in UTC.
  logsBetween: (component, from, to) =>
    component === 'runtime'
      ? `awk -F '"' -v from="$(date -u -d "@${from}" +%FT%T)" -v to="$(date -u -d "@${to}" +%FT%T)" '$2 >= from && $2 < to' ${agent}/containerd/containerd.log`
      : logsBetween(component, from, to),
  restoreNetwork: (on) => [
    linkPlugins(on),
    act('restart k3s, which writes the configuration', on, base.restart('network')),
  ],
  stopEverything: '/usr/local/bin/k3s-killall.sh',
  restartControlPlane: base.restart('apiserver'),
  restartWorker: base.restart('kubelet'),
  renewCertificates: renewServer,
  renewEverything: [
    ...renewServer,
    act("renew the agents', too", 'workers', rotate('k3s-agent'), { timeoutMs: seconds(60) }),
  ],
  upgrade: [
    act('run the installer on the server again', 'control-plane', `sh ${installScript}`, {
      timeoutMs: seconds(120),
      standsFor: installerOf,
      destroys: 'nothing, but k3s is restarted',
    }),
    act('run it on the agents', 'workers', `sh ${installScript}`, {
      timeoutMs: seconds(120),
      standsFor: installerOf,
    }),
  ],
  uninstall: (folder) =>
    `for script in /usr/local/bin/k3s-uninstall.sh /usr/local/bin/k3s-agent-uninstall.sh; do [ ! -x $script ] || $script; done\nrm -rf ${folder}`,
  install: {
    first: [],
    controlPlane: `sh ${installScript}\ntest -f ${paths.adminKubeconfig}`,
    worker: `sh ${installScript}\ntest -f ${paths.kubeletKubeconfig}`,
  },
};
