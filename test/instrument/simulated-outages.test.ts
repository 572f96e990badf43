import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { analyseTrial } from '../../harness/analysis/record.ts';
import { buildLog, type LogSpec } from '../support/log-builder.ts';
import { answersOf, between, quick, slow, type Service } from '../support/service.ts';
import { seeded } from '../../harness/model/random.ts';
import { midpoint } from '../../harness/model/units.ts';

/**
 * The instrument on outages of known length in simulation: a model of requests against a service that is down in a known interval, of many
 * kinds, each swept over lengths and phases of the period, without loss and with some. How far the middle of what is reported is from the
 * truth, and whether the truth lies in the interval that is reported. `docs/measurement.md` shows the table; it must be the one that
 * is measured here.
 */
type Asked = Omit<Service, 'phaseMs' | 'down' | 'lost'>;

const fast: Asked = { periodMs: 250, timeoutMs: 1000, meanwhile: 'refused', answerMs: quick };
const pods: Asked = {
  periodMs: 3000,
  timeoutMs: 10_000,
  meanwhile: 'pending',
  answerMs: slow(1000, 0.3),
  takenUpMs: between(200, 1500),
};

interface Kind {
  readonly title: string;
  readonly probes: readonly Asked[];
  /** How long an outage must last to be sure to be one, by the definition. */
  readonly seenFromMs: number;
}

const kinds: readonly Kind[] = [
  { title: 'refused at once', probes: [fast], seenFromMs: 1000 },
  { title: 'swallowed', probes: [{ ...fast, meanwhile: 'swallowed' }], seenFromMs: 1000 },
  {
    title: 'swallowed, 2 s to answer',
    probes: [{ ...fast, periodMs: 500, timeoutMs: 2000, meanwhile: 'swallowed' }],
    seenFromMs: 1500,
  },
  {
    title: 'sent again after 1 and 3 s, 5 s to answer',
    probes: [{ ...fast, timeoutMs: 5000, meanwhile: 'retried' }],
    seenFromMs: 4000,
  },
  {
    title: 'answers take 0.8 s; swallowed',
    probes: [{ ...fast, timeoutMs: 5000, meanwhile: 'swallowed', answerMs: slow(800, 0.3) }],
    seenFromMs: 1000,
  },
  {
    title: 'answers take 0.8 s; waits until it is over',
    probes: [{ ...fast, periodMs: 500, timeoutMs: 5000, meanwhile: 'pending', answerMs: slow(800, 0.3) }],
    seenFromMs: 6500,
  },
  { title: 'pod-start', probes: [pods], seenFromMs: 16_000 },
  {
    title: 'pod-start, a pod takes 2.2 s',
    probes: [{ ...pods, answerMs: slow(2200, 0.3), takenUpMs: between(500, 3000) }],
    seenFromMs: 16_000,
  },
  { title: 'pod-start, one node of two', probes: [{ ...pods, every: 2 }], seenFromMs: 22_000 },
  { title: 'one endpoint of three', probes: [{ ...fast, every: 3 }], seenFromMs: 3750 },
  {
    title: 'two that end apart',
    probes: [fast, { ...fast, periodMs: 500, timeoutMs: 2000, meanwhile: 'swallowed' }],
    seenFromMs: 5000,
  },
  { title: 'pod-start beside a quick one', probes: [fast, pods], seenFromMs: 53_000 },
];

const lengthsMs = [1, 2, 3, 5, 8, 13, 20, 30, 45, 60, 90].map((s) => 1000 * s);
const phases = 28;
const shares = [0, 0.003, 0.01];
const holdMs = 20_000;

interface Cell {
  readonly kind: Kind;
  readonly lost: number;
  /** How far the middle is from the truth, ms, smallest first. */
  readonly errors: readonly number[];
  readonly inside: number;
  /** Lengths of those that were taken for no outage, ms. */
  readonly unseen: readonly number[];
  /** Not stable again, or stable by no right. */
  readonly never: number;
}

/** With several probes the first is down the whole time, the others for some of it. */
function measure(kind: Kind, lost: number): Cell {
  const random = seeded(1 + kinds.indexOf(kind));
  const [errors, unseen]: [number[], number[]] = [[], []];
  let [inside, never] = [0, 0];
  for (const lengthMs of lengthsMs)
    for (let phase = 0; phase < phases; phase++) {
      const fromMs = 20_000;
      const endMs = fromMs + lengthMs + holdMs + 20_000;
      const probes = kind.probes.map((asked, i): LogSpec['probes'][number] => {
        const toMs = fromMs + lengthMs * (i === 0 ? 1 : 0.3 + 0.7 * random());
        const phaseMs = ((phase + random()) / phases) * asked.periodMs;
        const answers = answersOf({ ...asked, phaseMs, lost, down: [[fromMs, toMs]] }, endMs, random);
        return { sli: `sli-${i}`, periodMs: asked.periodMs, timeoutMs: asked.timeoutMs, answers };
      });
      const { outcome, ttr } = analyseTrial(
        buildLog({ probes, breaks: probes.map((p) => p.sli), inject: [fromMs, fromMs], endMs, holdMs }),
      );
      if (outcome === 'invalid') unseen.push(lengthMs);
      else if (ttr === undefined || 'censored' in ttr) never++;
      else {
        errors.push(Math.abs(midpoint(ttr) - lengthMs));
        // Whole milliseconds.
        if (ttr.lo - 1 <= lengthMs && lengthMs <= ttr.hi + 1) inside++;
      }
    }
  return { kind, lost, errors: errors.sort((a, b) => a - b), inside: inside / errors.length, unseen, never };
}

const quantile = (sorted: readonly number[], q: number): number => sorted[Math.ceil(q * sorted.length) - 1] ?? Infinity;
/** The period of the requests that meet what is down; of several probes the longest. */
const periodOf = (kind: Kind): number => Math.max(...kind.probes.map((p) => p.periodMs * (p.every ?? 1)));
const inSeconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
const inPercent = (share: number): string => `${(share * 100).toFixed(1).replace(/\.0$/, '')} %`;

const cells = kinds.flatMap((kind) => shares.map((lost) => measure(kind, lost)));

const rows = kinds.map((kind) => {
  const [none, some, many] = shares.map((lost) => cells.find((c) => c.kind === kind && c.lost === lost)) as [
    Cell,
    Cell,
    Cell,
  ];
  const p95 = (cell: Cell): string => `${inSeconds(quantile(cell.errors, 0.95))}, ${inPercent(cell.inside)}`;
  const shortest = none.unseen.length === 0 ? 'all' : `over ${Math.max(...none.unseen) / 1000} s`;
  return `| ${[kind.title, inSeconds(periodOf(kind)), shortest, inSeconds(quantile(none.errors, 0.5)), p95(none), p95(some), p95(many)].join(' | ')} |`;
});

describe('the instrument in simulation', () => {
  it('prints what it measured', () => {
    console.info(
      [
        '| what becomes of a request | period | outages seen | median error | p95, inside: no loss | 0.3 % lost | 1 % lost |',
        '| --- | --- | --- | --- | --- | --- | --- |',
        ...rows,
      ].join('\n'),
    );
    expect(cells).toHaveLength(kinds.length * shares.length);
  });

  it.each(cells.map((c) => [c.kind.title, inPercent(c.lost), c] as const))(
    'is right within a period in 95 of 100: %s, %s lost',
    (_title, _lost, cell) => {
      expect(quantile(cell.errors, 0.95)).toBeLessThanOrEqual(periodOf(cell.kind));
      expect(cell.inside).toBeGreaterThanOrEqual(cell.lost === 0 ? 0.98 : 0.95);
      expect(cell.never).toBe(0);
    },
  );

  it.each(cells.map((c) => [c.kind.title, inPercent(c.lost), c] as const))(
    'takes only what is too short for no outage: %s, %s lost',
    (_title, _lost, { kind, unseen, errors }) => {
      expect(Math.max(0, ...unseen)).toBeLessThan(kind.seenFromMs);
      expect(unseen.length + errors.length).toBe(lengthsMs.length * phases);
    },
  );

  it('is what the documentation says', () => {
    const plain = (text: string): string => text.replace(/ +/g, ' ');
    const page = plain(readFileSync(new URL('../../docs/measurement.md', import.meta.url), 'utf8'));
    expect(rows.filter((row) => !page.includes(plain(row)))).toEqual([]);
  });
});
