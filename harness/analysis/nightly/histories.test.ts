import { mean, sampleCorrelation, sampleStandardDeviation } from 'simple-statistics';
import { describe, expect, it } from 'vitest';
import { history, timesOf, tonightOf, type HistoryOptions } from '../../../test/support/histories.ts';
import { atMost } from '../stats.ts';
import type { Night } from './lines.ts';
import { judgeNight, type ScenarioVerdict } from './verdict.ts';

/**
 * The nightly run's method on nights that nobody ran: how often it is red for nothing, and how soon it is for something. The figures stand in
 * docs/measurement.md.
 */

/** Nights of the baseline: five of three blocks. What is planted begins in the fourth night after them. */
const pinned = 5;
const begins = pinned + 3;
const histories = 200;

/** The verdict on the night of that number, counted from 0, after those before it. */
function verdictOn(nights: readonly Night[], i: number): ScenarioVerdict {
  const night = nights[i];
  if (night === undefined) throw new Error('no such night');
  const before = { history: nights.slice(0, i), baseline: nights.slice(0, pinned) };
  const [verdict] = judgeNight({ ...before, tonight: [tonightOf(night)], expected: [], nights: 5 });
  if (verdict === undefined) throw new Error('no verdict');
  return verdict;
}

/** The verdicts on the nights after the baseline from the third on, when times are first compared. */
function verdicts(options: HistoryOptions): readonly ScenarioVerdict[] {
  const nights = history(options);
  return nights.slice(pinned + 2).map((_night, i) => verdictOn(nights, pinned + 2 + i));
}

const lastOf = (options: HistoryOptions): ScenarioVerdict => verdictOn(history(options), options.nights - 1);

const from = (what: readonly string[], ms: (nights: number) => number) => (night: number, name: string) =>
  night >= begins && what.includes(name) ? ms(night - begins + 1) : 0;

/** In which night after the change the verdict was first red, of so many histories; 0 for never. Sorted. */
function delays(rounds: number, nights: number, planted: NonNullable<HistoryOptions['planted']>): readonly number[] {
  return Array.from({ length: rounds }, (_, i) => {
    const all = history({ seed: 31 * (i + 1), nights, planted });
    for (let night = begins; night < nights; night++) {
      if (verdictOn(all, night).verdict === 'red') return night - begins + 1;
    }
    return 0;
  }).sort((a, b) => a - b);
}

const middle = (sorted: readonly number[]): number => sorted[sorted.length >> 1] ?? 0;

describe('generated histories', () => {
  it('have the times that they were asked for', () => {
    const nights = history({ seed: 1, nights: 300, nightSd: 1000 });
    const means = (arm: string) => mean([...timesOf(nights, arm).ttr]);
    expect(Math.abs(means('cure') - means('harness-undo') - 24_000)).toBeLessThan(1000);
    expect(Math.abs(means('cure-delayed-30s') - means('cure') - 30_000)).toBeLessThan(1000);
    expect(history({ seed: 1, nights: 3 })).toEqual(history({ seed: 1, nights: 3 }));
  });

  it('have downtimes that scatter less than times to recover, and go with them', () => {
    const { downtime, ttr } = timesOf(history({ seed: 1, nights: 300, nightSd: 0 }), 'cure');
    expect(sampleStandardDeviation([...downtime])).toBeLessThan(0.5 * sampleStandardDeviation([...ttr]));
    expect(sampleCorrelation([...downtime], [...ttr])).toBeGreaterThan(0.4);
  });
});

describe('nothing planted', () => {
  const all = Array.from({ length: histories }, (_, i) =>
    verdicts({ seed: 7919 * (i + 1), nights: pinned + 8 }),
  ).flat();
  const of = (verdict: ScenarioVerdict['verdict']) => all.filter((v) => v.verdict === verdict).length;

  it('is red in less than one night of fifty, by the upper end of its interval', () => {
    expect(all).toHaveLength(histories * 6);
    expect(atMost(of('red'), all.length)).toBeLessThan(0.02);
  });

  it('has nights that could not have seen 30 s, and says so instead of being green', () => {
    for (const { reason } of all.filter((v) => v.verdict === 'no-data')) {
      expect(reason).toMatch(/^this night could not have seen a 30 s regression/);
    }
    expect(of('no-data') / all.length).toBeLessThan(0.1);
  });
});

describe('planted', () => {
  it('30 s in one runbook: red in the third or fourth night', () => {
    const found = delays(
      40,
      begins + 5,
      from(['nuclear'], () => 30_000),
    );
    // One in the first night is chance: one night alone does not decide.
    expect(found.filter((d) => d < 2).length).toBeLessThanOrEqual(1);
    expect(middle(found)).toBeLessThanOrEqual(3);
    expect(found.at(-1)).toBeLessThanOrEqual(5);
  });

  it('30 s in the runbook that the canary is of: as soon, and the canary stays seen', () => {
    const found = delays(
      20,
      begins + 5,
      from(['cure'], () => 30_000),
    );
    expect(found[0]).toBeGreaterThanOrEqual(2);
    expect(found.at(-1)).toBeLessThanOrEqual(5);
  });

  it.each([
    ['10 s in both times', { downtimeMs: 10_000, ttrMs: 10_000 }, 29],
    ['10 s of downtime alone', { downtimeMs: 10_000, ttrMs: 0 }, 29],
    ['10 s of TTR alone', { downtimeMs: 0, ttrMs: 10_000 }, 18],
  ])('%s: red within ten nights', (_name, by, least) => {
    const found = delays(30, begins + 10, (night, name) => (night >= begins && name === 'nuclear' ? by : 0));
    expect(found.filter((d) => d > 0).length).toBeGreaterThanOrEqual(least);
  });

  it('2 s more each night: red before it is half a minute', () => {
    const found = delays(
      20,
      begins + 12,
      from(['nuclear'], (nights) => nights * 2000),
    );
    expect(found.filter((d) => d > 0).length).toBeGreaterThanOrEqual(18);
  });

  it('10 s in an alert: red, and it names the alert', () => {
    const found = delays(
      20,
      begins + 6,
      from(['pods-not-running'], () => 10_000),
    );
    expect(middle(found)).toBeLessThanOrEqual(4);
    const last = lastOf({ seed: 3, nights: begins + 6, planted: from(['pods-not-running'], () => 10_000) });
    expect(last.reason).toMatch(/^pods-not-running: detects \S+ s later /);
  });

  it('20 s in every arm, which no runbook can be to blame for: the floor says so', () => {
    const all = ['cure', 'nuclear', 'harness-undo'];
    const found = delays(
      20,
      begins + 9,
      from(all, () => 20_000),
    );
    expect(found.filter((d) => d > 0).length).toBeGreaterThanOrEqual(18);
    const last = lastOf({ seed: 3, nights: begins + 9, planted: from(all, () => 20_000) });
    expect(last.reason).toMatch(/^harness-undo: downtime \S+ s longer since /);
    expect(last.also.join()).toContain('the machine or the cluster, not a runbook');
  });

  it('one night that stands out by a minute turns red in one history of twenty at most', () => {
    const once = (night: number, name: string) => (night === begins && name === 'nuclear' ? 60_000 : 0);
    const reds = (options: HistoryOptions) => verdicts(options).filter((v) => v.verdict === 'red').length;
    const loud = Array.from({ length: 20 }, (_, i) => ({ seed: 31 * (i + 1), nights: begins + 5 })).filter(
      (options) => {
        const with_ = reds({ ...options, planted: once });
        return with_ > 0 && with_ > reds(options);
      },
    );
    expect(loud.length).toBeLessThanOrEqual(1);
  });

  it('another environment: no data, and which fact', () => {
    const nights = history({ seed: 2, nights: 8, fingerprint: (night) => (night < 7 ? 'same' : 'other') });
    const facts = (kernel: string) => ({ kernel, cpus: '4' });
    const baseline = nights.slice(0, 5).map((night) => ({
      ...night,
      arms: new Map([...night.arms].map(([id, line]) => [id, { ...line, facts: facts('6.1') }])),
    }));
    const [tonight] = nights.slice(-1);
    if (tonight === undefined) throw new Error('no night');
    const [verdict] = judgeNight({
      tonight: [tonightOf(tonight, facts('6.2'))],
      history: nights.slice(0, 7),
      baseline,
      expected: [],
      nights: 5,
    });
    expect(verdict).toMatchObject({
      verdict: 'no-data',
      cause: 'environment',
      reason: "the environment is not the baseline's (kernel: 6.1 | 6.2)",
      differences: [{ fact: 'kernel', a: '6.1', b: '6.2' }],
    });
  });
});

describe('the canary', () => {
  it.each([
    ['begun at once: nothing to see', { delayMs: 0 }],
    ['in nights that scatter too much', { trialSd: 40_000 }],
  ])('%s: no data', (_name, options) => {
    for (const { verdict, cause, reason } of verdicts({ seed: 5, nights: pinned + 4, ...options })) {
      expect({ verdict, cause }).toEqual({ verdict: 'no-data', cause: 'invalid' });
      expect(reason).toMatch(/^this night could not have seen a 30 s regression \(cure-delayed-30s: /);
    }
  });
});
