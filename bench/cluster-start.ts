/**
 * From command to steady state: a cluster that is made against one restored from a snapshot, of our node image, of one like kindest/node
 * (`--images strict`) and of k3s' (a stand-in), with the same workload, in turns, in one run. `npm run bench cluster-start -- --rounds 3 --of ours,k3s`
 *
 * A ratio of two times of one machine: it says something about other machines, the seconds do not. Beside the times stands the
 * work, in CPU-seconds of the whole machine: work divided by cores is the least that waiting less could ever reach here.
 */
import { randomBytes } from 'node:crypto';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dockerCli } from '../harness/cluster/docker.ts';
import { freshSource, snapshotSource, type ClusterSource } from '../harness/cluster/provide.ts';
import type { RunningCluster } from '../harness/cluster/provider.ts';
import { describedSnapshots } from '../harness/cluster/snapshot/store.ts';
import { clusterBase, inFolder, keep, median, memoryOf, say, secondsToSteady, table, untilTold } from './support.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, of: { type: 'string', default: 'ours,strict,k3s' } },
});
const rounds = Number(values.rounds);
const runId = `bench-${randomBytes(3).toString('hex')}`;
const signal = untilTold();
const docker = dockerCli();

interface Measured {
  /** Its name, by which its snapshot is found. */
  readonly cluster: string;
  readonly ready: number;
  readonly steady: number;
  /** CPU-seconds that the whole machine worked until ready. */
  readonly work: number;
  /** What its containers hold in memory then, MiB. */
  readonly memoryMiB: number;
  /** Seconds of each part, as the cluster itself recorded them. */
  readonly parts: Readonly<Record<string, number>>;
}

/** CPU-seconds that this machine's cores have worked since it started. */
const worked = (): number =>
  cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;

async function measure(source: ClusterSource, label: string): Promise<Measured> {
  return await inFolder(async (dir) => {
    let cluster: RunningCluster | undefined;
    try {
      const [from, before] = [performance.now(), worked()];
      const name = await source.reserve();
      cluster = await source.provide({ name, workDir: join(dir, 'work') }, signal);
      const ready = (performance.now() - from) / 1000;
      const work = worked() - before;
      const steady = ready + (await secondsToSteady(cluster, signal));
      const nodes = cluster.nodes.map((node) => node.name);
      const memoryMiB = await memoryOf(docker, nodes, signal);
      const facts = await cluster.environment();
      const parts = Object.fromEntries(
        Object.entries(facts)
          .filter(([key]) => key.startsWith('seconds.'))
          .map(([key, value]) => [key.slice('seconds.'.length), Number(value)]),
      );
      say(
        `${label}: ready ${ready.toFixed(1)} s, steady ${steady.toFixed(1)} s, work ${work.toFixed(1)} CPU-s, ${memoryMiB.toFixed(0)} MiB ${JSON.stringify(parts)}`,
      );
      return { cluster: name, ready, steady, work, memoryMiB, parts };
    } finally {
      await cluster?.delete();
    }
  });
}

/** The node images that can be compared: ours, one like kindest/node as kind publishes it, and k3s'. */
const images = {
  ours: ['auto', 'kubeadm'],
  strict: ['strict', 'kubeadm'],
  k3s: ['auto', 'k3s'],
} as const;
type Image = keyof typeof images;
const chosen = (Object.keys(images) as Image[]).filter(
  (image) => image === 'ours' || values.of.split(',').includes(image),
);
const ways = ['made', 'snapshot'] as const;
type Way = (typeof ways)[number];

let count = 0;
async function sourcesOf(image: Image): Promise<Record<Way, ClusterSource>> {
  const [mode, distribution] = images[image];
  const base = await clusterBase(runId, signal, mode, distribution);
  return {
    made: freshSource(base, () => `firedrill-${runId}-${++count}`),
    snapshot: await snapshotSource(base, { claim: () => Promise.resolve(true), alone: (work) => work() }, signal, {
      // What is compared are ways to a cluster that nobody has used: none that somebody gave back.
      resetInPlace: false,
    }),
  };
}

interface Cell {
  readonly image: Image;
  readonly way: Way;
  readonly source: ClusterSource;
  readonly found: Measured[];
}
const cells: Cell[] = [];
/** What each snapshot takes on disk, MiB: its three nodes, and the image layers that all snapshots of its image share. */
const sizes: Partial<Record<Image, { readonly nodes: number; readonly layers: number }>> = {};
for (const image of chosen) {
  const sources = await sourcesOf(image);
  say(`making sure that there is a snapshot of ${image}`);
  const { cluster } = await measure(sources.snapshot, `warm-up, ${image}`);
  const taken = (await describedSnapshots(docker, signal)).find((one) => one.cluster === cluster);
  if (taken !== undefined) sizes[image] = { nodes: taken.bytes / 2 ** 20, layers: taken.base.bytes / 2 ** 20 };
  for (const way of ways) cells.push({ image, way, source: sources[way], found: [] });
}
for (let round = 1; round <= rounds; round++) {
  // In turns, the order changing: what the machine does besides falls on all.
  for (const { image, way, source, found } of round % 2 === 1 ? cells : [...cells].reverse()) {
    found.push(await measure(source, `round ${round}, ${way}, ${image}`));
  }
}

const of = (image: Image, way: Way, pick: (m: Measured) => number): number =>
  median((cells.find((cell) => cell.image === image && cell.way === way)?.found ?? []).map(pick));
const row = (title: string, pick: (m: Measured) => number, unit = 's'): string[] => [
  title,
  ...cells.map(({ image, way }) => `${of(image, way, pick).toFixed(1)} ${unit}`),
  `${(of('ours', 'made', pick) / of('ours', 'snapshot', pick)).toFixed(1)} times`,
  ...chosen
    .filter((image) => image !== 'ours')
    .flatMap((image) => ways.map((way) => `${(of(image, way, pick) / of('ours', way, pick)).toFixed(2)} times`)),
];
process.stdout.write(
  `${table([
    [
      `median of ${rounds}`,
      ...cells.map(({ image, way }) => `${way === 'made' ? 'made' : 'restored'}, ${image}`),
      'restored is faster',
      ...chosen
        .filter((image) => image !== 'ours')
        .flatMap((image) => [`made, ${image} against ours`, `restored, ${image} against ours`]),
    ],
    row('every pod ready', (m) => m.ready),
    row('steady state begins', (m) => m.steady),
    row('CPU-seconds of work', (m) => m.work),
    row('memory of its nodes', (m) => m.memoryMiB, 'MiB'),
    row(`the minimum that ${cpus().length} cores allow`, (m) => m.work / cpus().length),
  ])}\n\n`,
);
for (const [image, { nodes, layers }] of Object.entries(sizes)) {
  process.stdout.write(
    `snapshot, ${image}: ${nodes.toFixed(0)} MiB for its nodes, ${layers.toFixed(0)} MiB of image layers\n`,
  );
}
for (const { image, way, found } of cells) {
  const parts = Object.keys(found[0]?.parts ?? {});
  process.stdout.write(
    `${way}, ${image}: ${parts.map((part) => `${part} ${median(found.map((m) => m.parts[part] ?? 0)).toFixed(1)} s`).join(', ')}\n`,
  );
}
await keep('cluster-start', {
  rounds,
  sizes,
  found: Object.fromEntries(cells.map(({ image, way, found }) => [`${way}, ${image}`, found])),
});
