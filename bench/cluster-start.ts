/**
 * From command to steady state: a cluster made by kind against one restored from a snapshot, with the same workload, in turns, in
 * one run. `npm run bench cluster-start -- --rounds 3`
 *
 * A ratio of two times of one machine: it says something about other machines, the seconds do not. Beside the times stands the
 * work, in CPU-seconds of the whole machine: work divided by cores is the least that waiting less could ever reach here.
 */
import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { OwnedCluster } from '../harness/cluster/kind.ts';
import { kindSource, snapshotSource, type ClusterSource } from '../harness/cluster/provide.ts';
import { clusterBase, inFolder, keep, median, say, secondsToSteady, table } from './support.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });
const rounds = Number(values.rounds);
const runId = `bench-${randomBytes(3).toString('hex')}`;
const stop = new AbortController();
process.once('SIGINT', () => {
  stop.abort(new Error('interrupted'));
});
const { signal } = stop;
// Everything of a cluster listens to it: that is no leak.
setMaxListeners(0, signal);

interface Measured {
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
    let cluster: OwnedCluster | undefined;
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
      return { ready, steady, work, parts };
    } finally {
      await cluster?.delete();
    }
  });
}

const base = await clusterBase(runId, signal);
let count = 0;
const sources = {
  kind: kindSource(base, () => `firedrill-${runId}-${++count}`),
  snapshot: await snapshotSource(base, { claim: () => Promise.resolve(true), alone: (work) => work() }, signal, {
    // What is compared are two ways to a cluster that nobody has used: no third one.
    resetInPlace: false,
  }),
};
say('making sure that there is a snapshot');
await measure(sources.snapshot, 'warm-up');

const found: Record<keyof typeof sources, Measured[]> = { kind: [], snapshot: [] };
for (let round = 1; round <= rounds; round++) {
  // In turns, the order changing: what the machine does besides falls on both.
  const order = round % 2 === 1 ? (['kind', 'snapshot'] as const) : (['snapshot', 'kind'] as const);
  for (const which of order) found[which].push(await measure(sources[which], `round ${round}, ${which}`));
}

const seconds = (pick: (m: Measured) => number, which: keyof typeof sources): number => median(found[which].map(pick));
const row = (title: string, pick: (m: Measured) => number): string[] => {
  const [a, b] = [seconds(pick, 'kind'), seconds(pick, 'snapshot')];
  return [title, `${a.toFixed(1)} s`, `${b.toFixed(1)} s`, `${(a / b).toFixed(1)} times`];
};
process.stdout.write(
  `${table([
    ['median of ' + String(rounds), 'made by kind', 'restored', 'faster'],
    row('every pod ready', (m) => m.ready),
    row('steady state begins', (m) => m.steady),
    row('CPU-seconds of work', (m) => m.work),
    row(`the least that ${cpus().length} cores allow`, (m) => m.work / cpus().length),
  ])}\n\n`,
);
for (const which of ['kind', 'snapshot'] as const) {
  const parts = Object.keys(found[which][0]?.parts ?? {});
  process.stdout.write(
    `${which}: ${parts.map((part) => `${part} ${median(found[which].map((m) => m.parts[part] ?? 0)).toFixed(1)} s`).join(', ')}\n`,
  );
}
await keep('cluster-start', { rounds, found });
