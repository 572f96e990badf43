/**
 * A cluster of three nodes with the k3s stand-in, made by the harness with its fence and its workload: `node --import tsx test/k3s/cluster.ts`. Builds what
 * is not there of the images first. Each check can fail, and prints what was seen.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { untilTold } from '../../bench/support.ts';
import { createCluster } from '../../harness/cluster/create.ts';
import type { RunningCluster } from '../../harness/cluster/provider.ts';
import { must, realRunner } from '../../harness/host/run.ts';
import { sleep } from '../../harness/host/time.ts';
import { k3sArchive, k3sContainerd } from '../../harness/images/build.ts';
import { ensureImages } from '../../harness/images/ensure.ts';
import { preload } from '../../harness/images/preload.ts';
import { images } from '../../harness/images/refs.ts';
import { oneLine } from '../../harness/model/errors.ts';
import { pauseImage } from '../../harness/model/instruments.ts';
import { profiles } from '../../harness/model/profile.ts';
import { millis } from '../../harness/model/units.ts';
import { ensureKind, ensureKubectl } from '../../harness/setup/kind.ts';
import { lastLine, sayingChecks } from '../vm/checks.ts';
import { k3sNodeImage } from './image.ts';
import { secondsUntil } from './wait.ts';

const name = `firedrill-k3s-${randomBytes(3).toString('hex')}`;
const signal = untilTold();
const { checks, check } = sayingChecks();

/** The node's image with what the workload's pods run. */
async function withWorkload(base: string): Promise<string> {
  const tag = `${base.replace('/built/', '/')}-workload`;
  const wanted = images.filter(({ id }) => id === 'podinfo' || id === 'postgres').map(({ ref }) => ref);
  await preload(realRunner, {
    base,
    images: wanted.map((ref) => ({ from: ref, as: ref })),
    containerd: k3sContainerd,
    archive: k3sArchive,
    tag,
    labels: {},
    container: `${name}-preload`,
    signal,
    say: () => undefined,
  });
  return tag;
}

async function shown(cluster: RunningCluster): Promise<void> {
  const typed = async (command: string): Promise<string> => {
    const { stdout, stderr, exitCode } = await cluster.workstation(command, { timeoutMs: millis(60_000), signal });
    return exitCode === 0 ? stdout.trim() : oneLine(stderr);
  };
  const versions = await typed("kubectl get nodes -o jsonpath='{.items[*].status.nodeInfo.kubeletVersion}'");
  check('all nodes run the stand-in, and say so', /^(\S+\+k3s-stand-in ?){3}$/.test(versions), versions);
  const { fence = '' } = await cluster.environment();
  check('the fence stands', fence === 'stands', fence);
  for (const endpoint of ['web', 'bystander'] as const) {
    const { host, port } = cluster.endpoint(endpoint);
    const status = await fetch(`http://${host}:${port}/`, { signal }).then((r) => String(r.status), oneLine);
    check(`${endpoint} answers on loopback`, status === '200', status);
  }
  const lease = "kubectl -n kube-node-lease get leases -o jsonpath='{.items[*].spec.leaseDurationSeconds}'";
  const leases = await typed(lease);
  check("every kubelet has the profile's timers", leases === '8 8 8', `leases of ${leases} s`);

  // Write-up 002: would a restart of k3s have been the cure?
  const worker = cluster.nodes[1]?.name ?? '';
  const onWorker = (command: string) => cluster.exec(worker, command, { timeoutMs: millis(120_000), signal });
  const configuration = '/var/lib/rancher/k3s/agent/etc/cni/net.d';
  await onWorker(`rm -f ${configuration}/*`);
  await sleep(15_000, signal);
  const pod = { nodeName: worker, containers: [{ name: 'pod', image: pauseImage, imagePullPolicy: 'Never' }] };
  await typed(`kubectl run new --image=${pauseImage} --overrides='${JSON.stringify({ spec: pod })}'`);
  const phase = () => typed("kubectl get pod new -o jsonpath='{.status.phase}'");
  const before = await secondsUntil(20, async () => (await phase()) === 'Running', signal);
  check('without its CNI configuration a node starts no pod', before === undefined, await phase());
  const restart = await onWorker('systemctl restart k3s-agent');
  const after = await secondsUntil(90, async () => (await phase()) === 'Running', signal);
  const took = after === undefined ? 'not' : `Running ${after.toFixed(1)} s`;
  check('a restart of k3s writes it again, and the pod starts', after !== undefined, `${took} after the restart`);
  check('... and the restart itself succeeds', restart.exitCode === 0, restart.stderr);
}

let stopped = true;
const workDir = await mkdtemp(join(tmpdir(), `${name}-`));
try {
  const tell = (): void => undefined;
  const { node } = await ensureImages({ mode: 'auto' }, tell, signal);
  const nodeImage = await withWorkload(await k3sNodeImage(signal));
  const from = performance.now();
  const cluster = await createCluster(
    {
      ...{ name, runId: name, distribution: 'k3s', nodeImage, workers: 2, workDir, profile: profiles.fast },
      workloadDir: fileURLToPath(new URL('../../manifests/resurrection', import.meta.url)),
      kindBinary: await ensureKind({}, tell, signal),
      kubectlBinary: await ensureKubectl(node, {}, tell, signal),
      onProgress: (what) => process.stderr.write(`${what}\n`),
    },
    {},
    signal,
  );
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  check('three nodes and the whole workload are ready', true, `after ${seconds} s`);
  try {
    await shown(cluster);
    stopped = false;
  } finally {
    await cluster.delete();
  }
  const filter = ['--filter', `label=firedrill.cluster=${name}`];
  const left = await must(realRunner, 'listing containers', 'docker', ['ps', '-aq', ...filter]);
  check('nothing of it is left', left.trim() === '', left);
} catch (error) {
  process.stderr.write(`${oneLine(error)}\n`);
} finally {
  await rm(workDir, { recursive: true, force: true });
}
process.stdout.write(`${lastLine(checks, stopped)}\n`);
process.exitCode = stopped || checks.some(({ ok }) => !ok) ? 1 : 0;
