import { isDeepStrictEqual } from 'node:util';
import { expect, it } from 'vitest';
import type { TrialEvent } from '../model/events.ts';
import { seeded } from '../model/random.ts';
import type { TrialRecord } from '../model/record.ts';
import { seal } from './checksum.ts';
import { integrityOf } from './checkers/integrity.ts';
import { indexLog } from './log.ts';
import { readEvents } from './read.ts';
import { analyseTrial } from './record.ts';
import { buildLog, type LogSpec } from '../../test/support/log-builder.ts';

/**
 * A log is damaged in thousands of seeded ways. Each time what comes of it must be an error, an outcome without data, or the same numbers as
 * before: never another number under an outcome that counts.
 */

const spec: LogSpec = {
  probes: [
    { sli: 'dns', periodMs: 2000, timeoutMs: 1500, outages: [[32_000, 55_000]] },
    { sli: 'web', periodMs: 4000, bystander: true },
  ],
  detectors: [{ id: 'node', periodMs: 60_000 }],
  readings: [
    { atMs: 3000, detector: 'node', state: 'quiet' },
    { atMs: 40_500, detector: 'node', state: 'firing', what: 'worker is NotReady' },
    { atMs: 60_500, detector: 'node', state: 'quiet' },
  ],
  steps: [{ name: 'restart', fromMs: 45_000, toMs: 50_000 }],
  audits: [{ store: 'ledger', missing: 1 }, { store: 'documents' }],
  endMs: 90_000,
};
const ours = buildLog(spec);
/** Of the same shape, so that its lines would fit; another trial's probes never start at the same microsecond. */
const other = buildLog({
  ...spec,
  trialId: 'cure-2',
  probes: spec.probes.map((p) => ({ ...p, phaseMs: 7.25, outages: [[34_000, 59_000]] })),
});
const whole = analyseTrial(ours);

const sealed = (events: readonly TrialEvent[]): readonly string[] => {
  let sum = 0;
  return events.map((event) => {
    const { line, sum: next } = seal(JSON.stringify(event), sum);
    sum = next;
    return line;
  });
};

type Fate = 'error' | 'invalid' | 'unknown' | 'same' | 'cut at its end';

/** What became of it; undefined for what must not be: other numbers under an outcome that counts. */
function fateOf(record: TrialRecord): Fate | undefined {
  if (record.outcome === 'invalid' || record.outcome === 'unknown') return record.outcome;
  if (JSON.stringify(record) === JSON.stringify(whole)) return 'same';
  // A log without its end does not know whether every store was read, and says so, nor how long the teardown took. All else is as it was.
  const { data, phases, ...rest } = record;
  const { data: read, phases: all, ...before } = whole;
  const untilTeardown = (list: TrialRecord['phases']) => list.filter((p) => p.name !== 'teardown');
  const same = isDeepStrictEqual([rest, untilTeardown(phases)], [before, untilTeardown(all)]);
  return same && (data === 'unknown' || isDeepStrictEqual(data, read)) ? 'cut at its end' : undefined;
}

const random = seeded(20);
const below = (n: number): number => Math.floor(random() * n);
const pick = <T>(list: readonly T[]): T => {
  const item = list[below(list.length)];
  if (item === undefined) throw new Error('picked from nothing');
  return item;
};

interface Mutation<T> {
  readonly name: string;
  readonly of: (lines: readonly T[], foreign: readonly T[]) => readonly T[];
}

/** What can be done to lines, whatever is in them. */
const moves = <T>(): readonly Mutation<T>[] => [
  {
    name: 'drop',
    of: (lines) => lines.toSpliced(below(lines.length), 1 + below(3)),
  },
  {
    name: 'double',
    of: (lines) => {
      const i = below(lines.length);
      const [line] = lines.slice(i);
      return line === undefined ? lines : lines.toSpliced(pick([i, below(lines.length)]), 0, line);
    },
  },
  {
    name: 'swap',
    of: (lines) => {
      const i = below(lines.length - 1);
      const j = pick([i + 1, below(lines.length)]);
      return lines.map((line, k) => lines[k === i ? j : k === j ? i : k] ?? line);
    },
  },
  { name: 'two in one', of: (lines, foreign) => [...lines, ...pick([lines, foreign])] },
  { name: 'double all', of: (lines) => lines.flatMap((line) => [line, line]) },
];

it('of a log with checksums, whatever is done to it', { timeout: 60_000 }, () => {
  const lines = sealed(ours);
  const foreign = sealed(other);
  const text = (list: readonly string[]): string => list.map((line) => `${line}\n`).join('');
  const onText = (change: (text: string) => string) => (list: readonly string[]) => change(text(list)).split('\n');
  const inLine = (change: (line: string) => string) => (list: readonly string[]) => {
    const i = below(list.length);
    return list.map((line, k) => (k === i ? change(line) : line));
  };
  const shifted = (line: string, by: number): string =>
    line.replaceAll(
      /"(atMs|intendedMs|startedMs|endedMs)":([\d.]+)/g,
      (_, key: string, ms: string) => `"${key}":${Number(ms) + by}`,
    );
  const mutations: readonly Mutation<string>[] = [
    ...moves<string>(),
    // From one into the other at the same place: numbers and instants go on as they should.
    {
      name: 'splice',
      of: (list, others) => {
        const i = 1 + below(list.length - 1);
        return [...list.slice(0, i), ...others.slice(i)];
      },
    },
    {
      name: 'alter a number',
      of: inLine((line) => {
        const [found] = [...line.matchAll(/(?<=:)\d[\d.]*/g)].sort(() => random() - 0.5);
        if (found === undefined) return line;
        const { index } = found;
        return `${line.slice(0, index)}${Number(found[0]) + pick([-1, 1, 1000, -5000, 0.5])}${line.slice(index + found[0].length)}`;
      }),
    },
    {
      name: 'turn a verdict',
      of: inLine((line) => line.replace(/:(true|false)/, (_, is) => (is === 'true' ? ':false' : ':true'))),
    },
    {
      name: 'alter a character',
      of: onText((all) => {
        const i = below(all.length);
        return `${all.slice(0, i)}${String.fromCharCode(32 + below(95))}${all.slice(i + 1)}`;
      }),
    },
    {
      name: 'lose a piece',
      of: onText((all) => {
        const i = below(all.length);
        return all.slice(0, i) + all.slice(i + 1 + below(400));
      }),
    },
    { name: 'cut', of: onText((all) => all.slice(0, below(all.length))) },
    { name: 'cut near the end', of: onText((all) => all.slice(0, all.length - below(1500))) },
    {
      name: 'shift the clock',
      of: (list) => {
        const from = below(list.length);
        const by = pick([-10_000, -1000, 1000, 10_000]);
        return list.map((line, i) => (i < from ? line : shifted(line, by)));
      },
    },
    { name: 'take a checksum away', of: inLine((line) => line.replace(/,"sum":"\w+"/, '')) },
    {
      name: 'thin out the bad',
      of: (list) => list.filter((line) => !line.includes('"ok":false') || random() > 1 / 3),
    },
    { name: 'blank line', of: inLine((line) => `${line}\n`) },
  ];
  const seen = new Map<string, number>();
  let untouched = 0;
  for (let i = 0; i < 12_000; i++) {
    const mutation = pick(mutations);
    const damaged = mutation.of(lines, foreign).join('\n') + (mutation.name.startsWith('cut') ? '' : '\n');
    let fate: Fate | undefined;
    if (damaged.trimEnd() === text(lines).trimEnd()) {
      untouched++;
      continue;
    }
    try {
      fate = fateOf(analyseTrial(readEvents(damaged)));
    } catch (error) {
      expect(error).toMatchObject({ code: 'usage' });
      fate = 'error';
    }
    expect(fate, `${mutation.name}, number ${i}`).toBeDefined();
    seen.set(`${fate ?? ''}: ${mutation.name}`, (seen.get(`${fate ?? ''}: ${mutation.name}`) ?? 0) + 1);
  }
  expect(untouched).toBeLessThan(1500);
  // Only what is no damage, and an end that is cut off, leaves the numbers.
  const names = (fate: Fate) =>
    [...seen.keys()].filter((key) => key.startsWith(`${fate}: `)).map((key) => key.slice(fate.length + 2));
  expect(names('same')).toEqual(['blank line']);
  expect(names('unknown')).toEqual([]);
  expect(new Set([...names('error'), 'cut'])).toEqual(
    new Set(mutations.map(({ name }) => name).filter((name) => name !== 'blank line' && name !== 'cut near the end')),
  );
});

/** The fate of events, without the whole analysis where the log is known to be damaged; every so often with it. */
function fateOfEvents(events: readonly TrialEvent[]): Fate | undefined {
  if (events[0]?.type !== 'trial.started') return 'error';
  const damage = integrityOf(indexLog(events));
  return damage?.kind === 'invalid' && random() < 0.95 ? 'invalid' : fateOf(analyseTrial(events));
}

/** Instants of a line, moved. */
const movedBy = (event: TrialEvent, by: number, samples: boolean): TrialEvent => {
  const moved = { ...event, atMs: event.atMs + by };
  if (moved.type !== 'sample' || !samples) return moved;
  const { intendedMs, startedMs, endedMs } = moved;
  return { ...moved, intendedMs: intendedMs + by, startedMs: startedMs + by, endedMs: endedMs + by };
};

it('of a log without checksums, as they were: lines that are missing, doubled, moved, or of another trial, and a clock that was set', () => {
  const lastSample = ours.findLastIndex((e) => e.type === 'sample');
  const firstSamples =
    1 + Math.max(...spec.probes.map(({ sli }) => ours.findIndex((e) => e.type === 'sample' && e.sli === sli)));
  const mutations: readonly Mutation<TrialEvent>[] = [
    ...moves<TrialEvent>(),
    // Before the first requests and behind the last ones nothing tells another trial's lines, or another clock: that takes a checksum.
    {
      name: 'splice',
      of: (list, others) => {
        const i = firstSamples + below(lastSample - 8 - firstSamples);
        return [...list.slice(0, i), ...others.slice(i)];
      },
    },
    { name: 'cut', of: (list) => list.slice(0, 1 + below(list.length)) },
    {
      name: 'shift the clock',
      of: (list) => {
        const from = firstSamples + below(lastSample - 8 - firstSamples);
        const by = pick([-10_000, -5000, 6000, 10_000]);
        const samples = random() < 0.5;
        return list.map((event, i) => (i < from ? event : movedBy(event, by, samples)));
      },
    },
  ];
  for (let i = 0; i < 3000; i++) {
    const mutation = pick(mutations);
    expect(fateOfEvents(mutation.of(ours, other)), `${mutation.name}, number ${i}`).toBeDefined();
  }
});

it('of a log without checksums whose lines were numbered again: requests that are missing or doubled', () => {
  // Those that were due last need not have been begun: without a checksum the last three of a probe are not missed.
  const last = (sli: string): number => Math.max(...ours.map((e) => (e.type === 'sample' && e.sli === sli ? e.n : 0)));
  const requests = ours.flatMap((e, i) => (e.type === 'sample' && e.n <= last(e.sli) - 3 ? [i] : []));
  for (let i = 0; i < 1000; i++) {
    const chosen = new Set(Array.from({ length: pick([1, 1, 2, 9]) }, () => pick(requests)));
    const twice = random() < 0.5;
    const events = ours
      .flatMap((event, k) => (!chosen.has(k) ? [event] : twice ? [event, event] : []))
      .map((event, seq) => ({ ...event, seq }));
    expect(fateOfEvents(events), `number ${i}`).toBe(twice ? 'invalid' : 'unknown');
  }
});
