/**
 * How often 95 % intervals hold the truth: `npm run bench coverage [-- <rounds>]`
 *
 * Simulated times that are normal, have a long tail, or never come in one of five; of an arm's mean, of the paired difference of two arms, and of two
 * runs, each of those that recovered, as reports give them. The tables of docs/measurement.md.
 */
import { differenceInterval, meanInterval } from '../harness/analysis/mean-interval.ts';
import { signFlipInterval } from '../harness/analysis/permutation.ts';
import type { Bounds } from '../harness/analysis/stats.ts';
import { simulated, type Draw } from '../test/support/simulated.ts';
import { keep, say, table } from './support.ts';

const rounds = Number(process.argv[2] ?? 10_000);
const blockCounts = [8, 10, 20];
const { draws, random } = simulated(1);
const came = (times: readonly (number | undefined)[]): readonly (readonly number[])[] =>
  times.flatMap((t) => (t === undefined ? [] : [[t]]));
const some = (n: number, draw: Draw): readonly (number | undefined)[] => Array.from({ length: n }, draw);

function meanOf(draw: Draw): number {
  const all = came(some(2_000_000, draw)).flat();
  return all.reduce((sum, v) => sum + v, 0) / all.length;
}

interface Row {
  readonly what: string;
  readonly of: string;
  /** Share covered, and share of rounds that had an interval, by number of blocks. */
  readonly byBlocks: readonly { readonly blocks: number; readonly covered: number; readonly given: number }[];
}

function row(what: string, of: string, truth: number, ask: (n: number) => Bounds | undefined): Row {
  say(`${what}: ${of}`);
  const byBlocks = blockCounts.map((blocks) => {
    let [given, covered] = [0, 0];
    for (let round = 0; round < rounds; round++) {
      const bounds = ask(blocks);
      if (bounds === undefined) continue;
      given++;
      if (bounds.lo <= truth && truth <= bounds.hi) covered++;
    }
    return { blocks, covered: covered / given, given: given / rounds };
  });
  return { what, of, byBlocks };
}

/** Differences of the blocks in which both recovered. */
function paired(n: number, a: Draw, b: Draw): Bounds | undefined {
  const [x, y] = [some(n, a), some(n, b)];
  const differences = x.flatMap((time, i) => {
    const other = y[i];
    return time === undefined || other === undefined ? [] : [other - time];
  });
  return signFlipInterval(differences, Math.floor(random() * 1e9));
}

const means = new Map(Object.entries(draws).map(([name, draw]) => [name, meanOf(draw)]));
const meanOfKind = (name: string): number => means.get(name) ?? 0;
const kinds = Object.entries(draws);
const found: readonly Row[] = [
  ...kinds.map(([name, draw]) =>
    row('an arm’s mean', name, meanOfKind(name), (n) => meanInterval(came(some(n, draw)))),
  ),
  ...kinds.map(([name, draw]) => row('paired difference', name, 0, (n) => paired(n, draw, draw))),
  row('paired difference', 'normal beside long tail', meanOfKind('long tail') - meanOfKind('normal'), (n) =>
    paired(n, draws.normal, draws['long tail']),
  ),
  ...kinds.map(([name, draw]) =>
    row('two runs', name, 0, (n) => differenceInterval(came(some(n, draw)), came(some(n, draw)))),
  ),
  row('two runs', 'normal, then long tail', meanOfKind('long tail') - meanOfKind('normal'), (n) =>
    differenceInterval(came(some(n, draws.normal)), came(some(n, draws['long tail']))),
  ),
];

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
process.stdout.write(
  `${table([
    ['of', 'times', ...blockCounts.map((n) => `${String(n)} blocks`)],
    ...found.map(({ what, of, byBlocks }) => [
      what,
      of,
      ...byBlocks.map(
        ({ covered, given }) => `${percent(covered)}${given < 0.999 ? ` (given in ${percent(given)})` : ''}`,
      ),
    ]),
  ])}\n`,
);
if (rounds >= 10_000) await keep('coverage', { rounds, found });
