/**
 * From command to steady state: a cluster made by kind against one restored from a snapshot, of our node image and of one like
 * kindest/node (`--images strict`), with the same workload, in turns, in one run. `npm run bench cluster-start -- --rounds 3`
 *
 * A ratio of two times of one machine: it says something about other machines, the seconds do not. Beside the times stands the
 * work, in CPU-seconds of the whole machine: work divided by cores is the least that waiting less could ever reach here.
 */
import { randomBytes } from 'node:crypto';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dockerCli } from '../harness/cluster/docker.ts';
import { kindSource, snapshotSource, type ClusterSource } from '../harness/cluster/provide.ts';
import type { RunningCluster } from '../harness/cluster/provider.ts';
import { describedSnapshots } from '../harness/cluster/snapshot/store.ts';
import { clusterBase, inFolder, keep, median, say, secondsToSteady, table, untilTold } from './support.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });
const rounds = Number(values.rounds);
const runId = `bench-${randomBytes(3).toString('hex')}`;
const signal = untilTold();

interface Measured {
  /** Its name, by which its snapshot is found. */
  readonly cluster: string;
  readonly ready: number;
  readonly steady: number;
  /** CPU-seconds that the whole machine worked until ready. */
  readonly work: number;
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
      const facts = await cluster.environment();
      const parts = Object.fromEntries(
        Object.entries(facts)
          .filter(([key]) => key.startsWith('seconds.'))
          .map(([key, value]) => [key.slice('seconds.'.length), Number(value)]),
      );
      say(
        `${label}: ready ${ready.toFixed(1)} s, steady ${steady.toFixed(1)} s, work ${work.toFixed(1)} CPU-s ${JSON.stringify(parts)}`,
      );
      return { cluster: name, ready, steady, work, parts };
    } finally {
      await cluster?.delete();
    }
  });
}

/** The node images that are compared: ours, and one like kindest/node as kind publishes it. */
const images = { ours: 'auto', strict: 'strict' } as const;
type Image = keyof typeof images;
const ways = ['kind', 'snapshot'] as const;
type Way = (typeof ways)[number];

let count = 0;
async function sourcesOf(image: Image): Promise<Record<Way, ClusterSource>> {
  const base = await clusterBase(runId, signal, images[image]);
  return {
    kind: kindSource(base, () => `firedrill-${runId}-${++count}`),
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
for (const image of Object.keys(images) as Image[]) {
  const sources = await sourcesOf(image);
  say(`making sure that there is a snapshot of ${image}`);
  const { cluster } = await measure(sources.snapshot, `warm-up, ${image}`);
  const taken = (await describedSnapshots(dockerCli(), signal)).find((one) => one.cluster === cluster);
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
const row = (title: string, pick: (m: Measured) => number): string[] => [
  title,
  ...cells.map(({ image, way }) => `${of(image, way, pick).toFixed(1)} s`),
  `${(of('ours', 'kind', pick) / of('ours', 'snapshot', pick)).toFixed(1)} times`,
  `${(of('strict', 'snapshot', pick) / of('ours', 'snapshot', pick)).toFixed(2)} times`,
];
process.stdout.write(
  `${table([
    [
      `median of ${rounds}`,
      ...cells.map(({ image, way }) => `${way === 'kind' ? 'created by kind' : 'restored'}, ${image}`),
      'restored is faster',
      'restored, strict against ours',
    ],
    row('every pod ready', (m) => m.ready),
    row('steady state begins', (m) => m.steady),
    row('CPU-seconds of work', (m) => m.work),
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
