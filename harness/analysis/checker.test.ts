import { describe, expect, it } from 'vitest';
import type { Checker } from './checker.ts';
import { checkers } from './checkers.ts';
import { data } from './checkers/data.ts';
import { integrity } from './checkers/integrity.ts';
import { analyseTrial } from './record.ts';
import { buildLog } from '../../test/support/log-builder.ts';

const events = buildLog({
  probes: [{ sli: 'dns', outages: [[32_000, 71_000]] }],
  steps: [{ name: 'restart', fromMs: 61_000, toMs: 65_000 }],
  endMs: 120_000,
});
const sound = analyseTrial(events);
const crash = (): never => {
  throw new TypeError('no such pod\nat all');
};
/** The list with one checker of it broken: the others find it by what it is, so it is changed for a moment. */
function withBroken<T>(broken: Checker<T>, then: () => void): void {
  const { check } = broken;
  Object.assign(broken, { check: crash });
  try {
    then();
  } finally {
    Object.assign(broken, { check });
  }
}

describe('checkers', () => {
  it('are a list: one more is one finding more, and nothing else changes', () => {
    const more: Checker = { name: 'load', check: () => ({ verdict: 'bad', says: 'nobody came', value: undefined }) };
    const { findings = [], ...rest } = analyseTrial(events, [...checkers, more]);
    const { findings: before = [], ...numbers } = sound;
    expect(findings).toEqual([...before, { name: 'load', verdict: 'bad', says: 'nobody came' }]);
    expect(rest).toEqual(numbers);
  });

  it('have names of their own', () => {
    expect(new Set(checkers.map(({ name }) => name)).size).toBe(checkers.length);
  });

  it('void a trial that they say must not count', () => {
    const no: Checker = {
      name: 'weather',
      check: () => ({ verdict: 'bad', says: 'it rained', voids: 'invalid', value: undefined }),
    };
    expect(analyseTrial(events, [...checkers, no])).toMatchObject({ outcome: 'invalid', reason: 'it rained' });
  });

  it('that crash are unknown, with the reason, and leave the others and the trial alone', () => {
    for (const broken of checkers.filter(({ gate }) => gate !== true)) {
      withBroken(broken, () => {
        const record = analyseTrial(events);
        expect(record).toMatchObject({ outcome: sound.outcome, ttr: sound.ttr, badnessMs: sound.badnessMs });
        const crashed = record.findings?.filter((f) => f.crashed === true) ?? [];
        expect(crashed.map(({ name, verdict }) => ({ name, verdict }))).toEqual([
          { name: broken.name, verdict: 'unknown' },
        ]);
        expect(crashed[0]?.says).toMatch(/^the checker crashed: .*no such pod/);
        expect(crashed[0]?.says).not.toContain('\n');
      });
    }
    withBroken(data, () => {
      expect(analyseTrial(events).data).toBe('unknown');
    });
  });

  it('that decide whether numbers can be believed make the trial unknown when they crash', () => {
    withBroken(integrity, () => {
      expect(analyseTrial(events)).toMatchObject({
        outcome: 'unknown',
        reason: expect.stringContaining('the checker crashed') as string,
        ttr: sound.ttr,
      });
    });
  });
});
