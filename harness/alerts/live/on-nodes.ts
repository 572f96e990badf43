import type { Cluster, NodeInfo } from '../../model/cluster.ts';
import { FiredrillError, oneLine } from '../../model/errors.ts';
import { seconds } from '../../model/units.ts';
import type { Docker } from '../../cluster/docker.ts';
import { loopbackPorts, onNodes } from './config.ts';

/** Folder of the monitoring's programs on a node. */
const folder = '/usr/local/lib/firedrill';
const units = '/etc/systemd/system';
/** Of which a boot makes a new one. */
const booted = '/run/firedrill';
/** Says once a boot when it was: that of a container's first process. In a unit, percent signs are written twice, too. */
const bootTime = `ExecStartPre=/bin/sh -c '[ -e ${booted}/boot.prom ] || { mkdir -p ${booted} && echo node_boot_time_seconds $$(( $$(date +%%s) - $$(ps -o etimes= -p 1) )) > ${booted}/boot.prom; }'\n`;
// In a unit a dollar sign is written twice.
const never = '(veth.*|[a-f0-9]{15})';

/** The node's own programs go first. */
const service = (description: string, command: string, before = ''): string =>
  `[Unit]\nDescription=${description}\n[Service]\nNice=10\nEnvironment=GOMAXPROCS=1\n${before}ExecStart=${command}\nRestart=always\nRestartSec=1\n[Install]\nWantedBy=multi-user.target\n`;

/**
 * What runs on a node for the monitoring, as units of its systemd: they come back with it after a reboot, need no pod, and count nowhere among
 * the workload. Flags of the node exporter are kube-prometheus', and the state of units.
 */
function unitFiles({ address, role }: NodeInfo, etcd: boolean): Readonly<Record<string, string>> {
  const passed = [
    loopbackPorts.proxy,
    ...(role === 'control-plane' ? [loopbackPorts.controllers, loopbackPorts.scheduler] : []),
    ...(role === 'control-plane' && etcd ? [loopbackPorts.etcd] : []),
  ];
  const exporter = [
    `${folder}/node_exporter --web.listen-address=${address}:${onNodes.exporter}`,
    '--no-collector.wifi --no-collector.hwmon --no-collector.btrfs --collector.systemd',
    // Of the machine's kernel, which does not start again with a node that is a container.
    `--no-collector.stat --collector.textfile.directory=${booted}`,
    '--collector.filesystem.mount-points-exclude=^/(dev|proc|sys|run/k3s/containerd/.+|run/containerd/.+|var/lib/kubelet/pods/.+)($$|/)',
    `--collector.netclass.ignored-devices=^${never}$$ --collector.netdev.device-exclude=^${never}$$`,
  ].join(' ');
  const blackbox = `${folder}/blackbox_exporter --config.file=${folder}/blackbox.yml --web.listen-address=${address}:${onNodes.blackbox}`;
  return {
    'firedrill-node-exporter.service': service('node exporter', exporter, bootTime),
    'firedrill-blackbox-exporter.service': service('blackbox exporter', blackbox),
    ...Object.fromEntries(
      passed.flatMap((port) => [
        [
          `firedrill-forward-${port}.socket`,
          `[Unit]\nDescription=metrics on port ${port}\n[Socket]\nListenStream=${address}:${port}\nFreeBind=true\n[Install]\nWantedBy=sockets.target\n`,
        ],
        [
          `firedrill-forward-${port}.service`,
          `[Unit]\nDescription=metrics on port ${port}\n[Service]\nExecStart=/lib/systemd/systemd-socket-proxyd 127.0.0.1:${port}\n`,
        ],
      ]),
    ),
  };
}

/** The command that puts a node's units there and starts them. */
export function installCommand(node: NodeInfo, etcd: boolean, blackboxConfig: string): string {
  const files = unitFiles(node, etcd);
  const write = (path: string, text: string): string => `cat > ${path} <<'FILE'\n${text}FILE`;
  const started = Object.keys(files).filter(
    (name) => !name.startsWith('firedrill-forward-') || name.endsWith('.socket'),
  );
  return [
    write(`${folder}/blackbox.yml`, blackboxConfig),
    ...Object.entries(files).map(([name, text]) => write(`${units}/${name}`, text)),
    'systemctl daemon-reload',
    `systemctl enable --quiet --now ${started.join(' ')}`,
  ].join('\n');
}

/** The command that leaves a node as it was before. */
export const removeCommand = [
  `cd ${units}`,
  '[ ! -e firedrill-node-exporter.service ] || systemctl disable --quiet --now firedrill-*.socket firedrill-*-exporter.service || true',
  "systemctl stop --quiet 'firedrill-forward-*.service' || true",
  `rm -rf firedrill-node-exporter.service firedrill-blackbox-exporter.service firedrill-forward-* ${folder} ${booted}`,
  "systemctl reset-failed 'firedrill-*' 2>/dev/null || true",
  'systemctl daemon-reload',
].join('\n');

type Nodes = Pick<Cluster, 'nodes' | 'exec'>;

/**
 * Puts the exporters on every node.
 * @param programs paths on this machine
 * @throws FiredrillError `environment` with what a node said
 */
export async function installOnNodes(
  cluster: Nodes,
  given: {
    readonly docker: Docker;
    readonly programs: readonly string[];
    readonly etcd: boolean;
    readonly blackboxConfig: string;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { docker, programs, etcd, blackboxConfig, signal } = given;
  const on = async (node: NodeInfo, command: string): Promise<void> => {
    const done = await cluster.exec(node.name, command, { timeoutMs: seconds(30), signal });
    signal.throwIfAborted();
    if (done.exitCode !== 0) {
      throw new FiredrillError('environment', `no exporters on ${node.name}: ${oneLine(done.stderr)}`);
    }
  };
  await Promise.all(
    cluster.nodes.map(async (node) => {
      await on(node, `mkdir -p ${folder}`);
      for (const program of programs) await docker(['cp', program, `${node.name}:${folder}/`], { signal });
      await on(node, installCommand(node, etcd, blackboxConfig));
    }),
  );
}

/** Takes them away again. A node that is off keeps them: its cluster goes with it. Never rejects. */
export async function removeFromNodes(cluster: Nodes, signal: AbortSignal): Promise<void> {
  await Promise.all(
    cluster.nodes.map(({ name }) =>
      cluster.exec(name, removeCommand, { timeoutMs: seconds(15), signal }).catch(() => undefined),
    ),
  );
}
