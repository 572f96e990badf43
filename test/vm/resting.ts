import { writeFile } from 'node:fs/promises';
import { clusterPorts, kubeconfigAt } from '../../harness/cluster/ports.ts';
import { snapshotDisks } from '../../harness/cluster/snapshot/disks.ts';
import { freezeCluster } from '../../harness/cluster/snapshot/freeze.ts';
import { kubeadmPlatform } from '../../harness/cluster/kubeadm/platform.ts';
import { emptyNode, releaseWorker, stopKubelet } from '../../harness/cluster/kubeadm/rest.ts';
import { startNodes } from '../../harness/cluster/snapshot/start.ts';
import { snapshotStore } from '../../harness/cluster/snapshot/store.ts';
import { awaitUp, becomes, kubeletOf, onNode, powerCycle, runs, said, until, type Context } from './context.ts';

/** A snapshot of the cluster by the code that makes one, and the node that is started of it. */
export async function snapshot(context: Context): Promise<void> {
  const { cluster, docker, machine, signal, spec, check } = context;
  const disks = snapshotDisks(docker, spec.nodeImage);
  const frozen = await freezeCluster(
    cluster,
    { key: spec.runId, spec, subnet: cluster.net.subnet, docker, disks, platform: kubeadmPlatform },
    signal,
  );
  await snapshotStore(docker, disks).publish(frozen, signal);
  const { snapshot: taken } = frozen;
  await docker(['rm', '-f', '-v', cluster.node], { signal });
  const ports = await clusterPorts();
  for (const port of ports.values()) await machine.forward(port);
  const began = Math.floor(Date.now() / 1000);
  const prepared = Promise.resolve({ net: cluster.net });
  await startNodes(taken, { cluster, spec, prepared, ports, docker, disks, platform: kubeadmPlatform }, signal);
  await writeFile(cluster.kubeconfig, kubeconfigAt(taken.kubeconfig, ports), { mode: 0o600 });
  await until(context, 'kubectl get --raw /readyz');
  const kubelet = await kubeletOf(context);
  const name = 'a node that is restored from a snapshot starts its kubelet the first time, and its API answers';
  check(name, kubelet.active && kubelet.refused === 0, said(kubelet));
  // The clocks of the two machines may differ by a second or two.
  const made = `((.createdAt | tonumber) / 1000000000 | floor) >= ${began - 5}`;
  const ask = `crictl pods -o json | jq -r '.items[] | "\\(.state) \\(.metadata.attempt) \\(${made}) \\(.metadata.name)"'`;
  const sandboxes = (await onNode(context, ask)).split('\n');
  check(
    'every sandbox there was made after the start, at the first attempt: the old ones are forgotten',
    sandboxes.length >= 5 && sandboxes.every((line) => line.startsWith('SANDBOX_READY 0 true ')),
    sandboxes.join('; '),
  );
}

/**
 * Stands before the entrypoint's `sed`: when all tables have been read and not yet been written back, it puts rules there, as a command that
 * comes too soon would.
 */
const early = (count: string): string => `#!/bin/sh
case "$*" in *DOCKER_OUTPUT*)
  # All of them have been read when their reader has ended.
  cat > /root/tables
  iptables-restore --noflush < /root/early
  echo "$(${count}) rules before" > /root/early.said
  exec /usr/bin/sed "$@" < /root/tables
esac
exec /usr/bin/sed "$@"
`;

/** A worker's way to rest, and what of its firewall is there after the next start. */
export async function firewall(context: Context): Promise<void> {
  const { cluster, check } = context;
  const count = "iptables-save -t nat | grep -c 'default/kubernetes' || true";
  // What the API says of kube-proxy may be of before the last start: its rules are what counts.
  const written = await becomes(context, async () => Number(await onNode(context, count)) > 0, 900);
  check(
    "kube-proxy writes the node's rules",
    written,
    `${await onNode(context, count)} of the service default/kubernetes`,
  );
  await onNode(context, stopKubelet);
  await onNode(context, emptyNode('worker'), 120);
  const list = [
    'systemctl start containerd',
    'ctr -n k8s.io sandboxes ls | tail -n +2',
    'ctr -n k8s.io containers ls -q',
  ];
  const left = await onNode(context, [...list, 'systemctl stop containerd'].join('\n'));
  const nothing = 'none, also after containerd was started again';
  check('a worker that was brought to rest has no sandbox and no container', left === '', left === '' ? nothing : left);

  const wrapper = '/usr/local/bin/sed';
  await onNode(context, 'cp /var/lib/kubelet/service-rules /root/early');
  await onNode(context, `cat > ${wrapper} <<'END'\n${early(count)}END\nchmod +x ${wrapper}`);
  let since = await powerCycle(context);
  await awaitUp(context, since);
  const put = await onNode(context, `rm ${wrapper}; cat /root/early.said || echo 'not put back'`);
  const after = await onNode(context, count);
  const name = 'control: rules that are put back while the entrypoint saves and restores all tables are lost';
  check(name, /^[1-9]\d* rules before$/.test(put) && after === '0', `${put}, ${after} after it`);

  since = await powerCycle(context);
  await awaitUp(context, since);
  await onNode(context, releaseWorker(cluster.nodes[0]?.address ?? ''), 180);
  const there = await onNode(
    context,
    `${count}; ps -o comm= -p 1; ls /sys/fs/cgroup/devices 2>/dev/null || echo "no v1 groups"`,
  );
  const stay = "a worker's release after the boot puts them back, and they stay when the entrypoint has ended";
  check(stay, /^[1-9]\d*\nsystemd\nno v1 groups$/.test(there), there);
  check('... and lets the kubelet go', await runs(context), said(await kubeletOf(context)));
  await until(context, 'kubectl get --raw /readyz');
}
