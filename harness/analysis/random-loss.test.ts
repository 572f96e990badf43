import { median } from 'simple-statistics';
import { describe, expect, it } from 'vitest';
import { seeded } from '../model/random.ts';
import type { TrialRecord } from '../model/record.ts';
import { midpoint, uncensored } from '../model/units.ts';
import { analyseTrial } from './record.ts';
import { buildLog, type LogSpec } from '../../test/support/log-builder.ts';
import { answersOf, between, quick, slow, type Service } from '../../test/support/service.ts';

/**
 * Requests that get no answer for no reason must not decide a time to recover: the same outage, with more and more of them. The outage lasts
 * from 20 s to 60 s; it is asked as the workload `resurrection` is, and watched for a minute after.
 */
const [fromMs, toMs, endMs] = [20_000, 60_000, 122_000];
const fast = { timeoutMs: 1000, answerMs: quick } as const;
const probes: Readonly<Record<string, Omit<Service, 'phaseMs' | 'down' | 'lost'>>> = {
  'new-connection': { ...fast, periodMs: 250, meanwhile: 'swallowed' },
  'existing-connection': { ...fast, periodMs: 250, meanwhile: 'swallowed' },
  dns: { ...fast, periodMs: 250, meanwhile: 'refused' },
  'service-to-service': { ...fast, periodMs: 500, meanwhile: 'swallowed' },
  database: { ...fast, periodMs: 500, timeoutMs: 2000, meanwhile: 'refused' },
  'pod-start': {
    periodMs: 3000,
    timeoutMs: 10_000,
    meanwhile: 'pending',
    answerMs: slow(1000, 0.3),
    takenUpMs: between(200, 1500),
  },
};

function trial(lost: number, random: () => number): TrialRecord {
  const asked = Object.entries(probes).map(([sli, service]): LogSpec['probes'][number] => {
    const { periodMs, timeoutMs } = service;
    const phaseMs = random() * periodMs;
    const answers = answersOf({ ...service, phaseMs, lost, down: [[fromMs, toMs]] }, endMs, random);
    return { sli, periodMs, timeoutMs, answers };
  });
  return analyseTrial(
    buildLog({
      breaks: Object.keys(probes),
      probes: asked,
      inject: [fromMs, fromMs],
      steps: [{ name: 'cure', fromMs: 50_000, toMs }],
      endMs,
    }),
  );
}

const shares = [0, 0.003, 0.01];
const results = shares.map((lost) => {
  const random = seeded(Math.round(1000 * lost) + 1);
  const records = Array.from({ length: 300 }, () => trial(lost, random));
  const times = records.flatMap((r) => uncensored(r.ttr) ?? []).map(midpoint);
  return {
    lost,
    records,
    ttrMs: median(times),
    relapsed: records.filter((r) => r.outcome === 'relapsed').length / 300,
  };
});

describe('random loss', () => {
  it('moves the median time to recover by no more than the shortest period', () => {
    console.info(
      results
        .map(
          ({ lost, ttrMs, relapsed }) =>
            `${lost * 100} % lost: TTR ${ttrMs} ms, relapsed ${(relapsed * 100).toFixed(1)} %`,
        )
        .join('\n'),
    );
    const [none] = results;
    for (const { ttrMs } of results) {
      expect(Math.abs(ttrMs - (none?.ttrMs ?? 0))).toBeLessThanOrEqual(250);
      // A pod that waited is ready up to 1.5 s later, which is known to that only.
      expect(Math.abs(ttrMs - (toMs - fromMs))).toBeLessThanOrEqual(1000);
    }
  });

  it('makes nothing that recovered into something else, but for a relapse now and then', () => {
    for (const { records, relapsed, lost } of results) {
      const outcomes = new Set(records.map((r) => r.outcome));
      outcomes.delete('relapsed');
      expect([...outcomes]).toEqual(['recovered']);
      expect(relapsed).toBeLessThanOrEqual(lost === 0 ? 0 : 0.02);
    }
  });

  it('is in the downtime, and only there', () => {
    const downtime = results.map(({ records }) => median(records.map((r) => r.badnessMs)));
    expect(downtime[1]).toBeGreaterThan(downtime[0] ?? 0);
    expect(downtime[2]).toBeGreaterThan(downtime[1] ?? 0);
  });
});
