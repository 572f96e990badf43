/**
 * What a cluster costs by its size: `npm run bench cluster-size`
 *
 * Three clusters by kind with the workload of postmortem 002 (23 pods) on 2, 3 and 5 nodes, one after another; on the one with 3
 * nodes then as many pods more as make 121. (One node alone is no cluster here: the workload needs a worker to lose.) Time until
 * every pod is ready, memory of the nodes' containers, and how busy the machine is when nothing happens.
 */
import { randomBytes } from 'node:crypto';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { dockerCli } from '../harness/cluster/docker.ts';
import { freshSource } from '../harness/cluster/provide.ts';
import type { RunningCluster } from '../harness/cluster/provider.ts';
import { millis } from '../harness/model/units.ts';
import { clusterBase, inFolder, keep, memoryOf, say, table, untilTold } from './support.ts';

const { values } = parseArgs({ options: { workers: { type: 'string', default: '1,2,4' } } });
const workers = values.workers.split(',').map(Number);
const podsWanted = 121;
const runId = `bench-${randomBytes(3).toString('hex')}`;
const signal = untilTold();
const docker = dockerCli();

/** Cores in use, over ten seconds. */
async function busyCores(): Promise<number> {
  const idleMs = (): number => cpus().reduce((sum, cpu) => sum + cpu.times.idle, 0);
  const from = { idle: idleMs(), at: performance.now() };
  await sleep(10_000, undefined, { signal });
  return cpus().length - (idleMs() - from.idle) / (performance.now() - from.at);
}

const namesOf = (cluster: RunningCluster): readonly string[] => cluster.nodes.map((node) => node.name);

async function atRest(cluster: RunningCluster) {
  await sleep(10_000, undefined, { signal }); // What starting has left to do.
  const pods = (await cluster.api.pods({ signal })).filter((pod) => pod.ready);
  const workload = pods.filter((pod) => !pod.namespace.startsWith('kube-') && pod.namespace !== 'firedrill');
  return {
    pods: workload.length,
    memoryMiB: await memoryOf(docker, namesOf(cluster), signal),
    busyCores: await busyCores(),
  };
}

/** Adds stand-ins until there are that many pods of the workload, and waits for them. */
async function fill(cluster: RunningCluster, more: number): Promise<number> {
  const from = performance.now();
  const { exitCode, stderr } = await cluster.workstation(
    `kubectl create namespace media >&2 &&
     kubectl -n media create deployment media --image=ghcr.io/stefanprodan/podinfo:6.9.2 --replicas=${more} -- ./podinfo --level=warn >&2 &&
     kubectl -n media rollout status deployment media --timeout=300s >&2`,
    { timeoutMs: millis(320_000), signal },
  );
  if (exitCode !== 0) throw new Error(`the pods did not come: ${stderr}`);
  return (performance.now() - from) / 1000;
}

const base = await clusterBase(runId, signal);
const found: { nodes: number; pods: number; readySeconds: number; memoryMiB: number; busyCores: number }[] = [];
for (const [index, count] of workers.entries()) {
  await inFolder(async (dir) => {
    const source = freshSource({ ...base, workers: count }, () => `firedrill-${runId}-${index}`);
    const from = performance.now();
    const cluster = await source.provide({ name: await source.reserve(), workDir: join(dir, 'work') }, signal);
    try {
      const readySeconds = (performance.now() - from) / 1000;
      const first = await atRest(cluster);
      found.push({ nodes: count + 1, readySeconds, ...first });
      say(JSON.stringify(found.at(-1)));
      if (count === 2) {
        const moreSeconds = await fill(cluster, podsWanted - first.pods);
        found.push({ nodes: count + 1, readySeconds: readySeconds + moreSeconds, ...(await atRest(cluster)) });
        say(JSON.stringify(found.at(-1)));
      }
    } finally {
      await cluster.delete();
    }
  });
}
const unit = found.find((one) => one.nodes === 3) ?? found[0];
process.stdout.write(
  `${table([
    ['nodes', 'pods', 'ready after', 'against 3', 'memory', 'against 3', 'busy at rest'],
    ...found.map((one) => [
      String(one.nodes),
      String(one.pods),
      `${one.readySeconds.toFixed(1)} s`,
      (one.readySeconds / (unit?.readySeconds ?? Number.NaN)).toFixed(2),
      `${one.memoryMiB.toFixed(0)} MiB`,
      (one.memoryMiB / (unit?.memoryMiB ?? Number.NaN)).toFixed(2),
      `${one.busyCores.toFixed(2)} cores`,
    ]),
  ])}\n`,
);
await keep('cluster-size', { found });
