import { describe, expect, it } from 'vitest';
import type { WholeRecord } from '../model/record.ts';
import { midpoint } from '../model/units.ts';
import { analyseTrial } from './record.ts';
import { seeded } from '../model/random.ts';
import { buildLog, whole, type LogSpec } from '../../test/support/log-builder.ts';

const alive = (id: string, toMs = 120_000) =>
  Array.from({ length: Math.floor((toMs - 4000) / 2000) }, (_, i) => ({
    atMs: 4000 + i * 2000,
    detector: id,
    state: 'alive' as const,
  }));

/** DNS is bad from 32 s to 71 s; the fault was made between 30 and 31 s. Restored between 70.5 and 71 s. */
const outage: LogSpec = {
  probes: [{ sli: 'dns', outages: [[32_000, 71_000]] }, { sli: 'web', bystander: true }, { sli: 'api' }],
  steps: [{ name: 'restart', fromMs: 61_000, toMs: 65_000 }],
  detectors: [{ id: 'node' }],
  readings: [
    { atMs: 3000, detector: 'node', state: 'quiet' },
    ...alive('node'),
    { atMs: 43_000, detector: 'node', state: 'firing', what: 'worker is NotReady' },
    { atMs: 75_000, detector: 'node', state: 'quiet' },
  ],
  endMs: 120_000,
};
const analyse = (change: Partial<LogSpec> = {}): WholeRecord => analyseTrial(buildLog({ ...outage, ...change }));
const probes = (dns: readonly (readonly [number, number])[], more: LogSpec['probes'] = []): LogSpec['probes'] => [
  { sli: 'dns', outages: dns },
  ...more,
];
const forever = 1e9;

describe('an outage of known length', () => {
  it('did not begin after its effects, however long the witness took', () => {
    const record = analyse({ inject: [30_000, 60_000] });
    // The first bad request was intended at 32 s.
    expect(record.onset?.lo).toBe(30_000);
    expect(record.onset?.hi).toBeGreaterThanOrEqual(32_000);
    expect(record.onset?.hi).toBeLessThan(34_000);
    expect(record.witness).toEqual(['worker: /etc/cni/net.d is empty']);
  });

  it('began after the last look that proved that the fault was not in effect yet', () => {
    const record = analyse({ inject: [30_000, 60_000], notYet: [30_500, 31_000, 31_400] });
    expect(record.onset?.lo).toBe(31_400);
    expect(analyse().ttr).toMatchObject({ lo: 39_500, hi: 41_000 });
    expect(analyse({ notYet: [30_800] }).ttr).toMatchObject({ lo: 39_500, hi: 40_200 });
    // What is said to be no fault while or after its effects are seen is no proof.
    expect(analyse({ inject: [30_000, 60_000], notYet: [31_600] }).onset?.lo).toBe(30_000);
    expect(analyse({ notYet: [31_200, 90_000] }).onset).toEqual({ lo: 30_000, hi: 31_000 });
  });

  it('is measured to the sample', () => {
    expect(analyse()).toMatchObject({
      outcome: 'recovered',
      onset: { lo: 30_000, hi: 31_000 },
      witness: ['worker: /etc/cni/net.d is empty'],
      firstSymptom: { sli: 'dns', interval: { lo: 31_500, hi: 33_000 } },
      definitions: 2,
      firstGood: { lo: 39_500, hi: 41_000 },
      ttr: { lo: 39_500, hi: 41_000 },
      watchedStableMs: 49_000,
      // the alert was last known to fire at its heartbeat of 74 s, and quiet at 75 s
      fullRecovery: { lo: 43_000, hi: 45_000 },
      fullRecoveryMissing: [],
      badnessMs: 39_000,
      data: { lost: 0 },
      mitigation: { startMs: 61_000, endMs: 65_000, commands: 1, failed: 0 },
      parts: { waitingMs: 30_500, mitigatingMs: 4000, settlingMs: 5750 },
      endMs: 120_000,
    });
  });

  it('is found again for every length and phase within one probe period', () => {
    for (const length of [3000, 7000, 12_300, 45_000]) {
      for (const phaseMs of [0, 130, 499]) {
        const record = analyse({
          inject: [30_000, 30_000],
          probes: [{ sli: 'dns', phaseMs, outages: [[30_000, 30_000 + length]] }],
        });
        const { ttr } = record;
        if (ttr === undefined || 'censored' in ttr) throw new Error('not restored');
        expect(ttr.lo).toBeLessThanOrEqual(length);
        expect(ttr.hi).toBeGreaterThanOrEqual(length);
        expect(ttr.hi - ttr.lo).toBeLessThanOrEqual(500);
      }
    }
  });

  it('is not over while anything else that the fault broke is still away, whether it had to break or not', () => {
    const api = (from: number, to: number) =>
      analyse({ breaks: ['dns'], probes: probes([[32_000, 71_000]], [{ sli: 'api', outages: [[from, to]] }]) });
    expect(api(33_000, 80_000).ttr).toEqual({ lo: 48_500, hi: 50_000 });
    // Broken only by the runbook, which began at 61 s: not the outage's end.
    expect(api(62_000, 68_000).ttr).toEqual({ lo: 39_500, hi: 41_000 });
  });

  it('is about the same SLIs in every arm: what was down when the runbook began, in the canary when it would have', () => {
    const arm = (change: Partial<LogSpec>) =>
      analyse({ probes: probes([[32_000, 71_000]], [{ sli: 'api', outages: [[59_500, 90_000]] }]), ...change }).ttr;
    const [both, dnsOnly] = [
      { lo: 58_500, hi: 60_000 },
      { lo: 39_500, hi: 41_000 },
    ];
    expect(arm({})).toEqual(both);
    expect(arm({ runbookMs: 59_000 })).toEqual(dnsOnly);
    // An arm that changes nothing has the phase, too; without it, it would have begun 30 s after the onset.
    expect(arm({ steps: [], runbookMs: 61_000 })).toEqual(both);
    expect(arm({ steps: [], runbookMs: null })).toEqual(both);
    expect(arm({ steps: [], runbookMs: null, inject: [29_000, 31_000] })).toEqual({ lo: 39_500, hi: 42_000 });
    const late = [{ name: 'restart', fromMs: 91_000, toMs: 95_000 }];
    expect(arm({ control: 'delayed', steps: late })).toEqual(both);
    expect(arm({ control: 'delayed', steps: late, runbookMs: 89_000 })).toEqual(dnsOnly);
  });

  it('has a pod that was on its way when the runbook began not be the fault’s doing', () => {
    // Asked each 3 s, with 10 s to answer: the request of 59 s would have been answered by 61 s, when the command came, or soon after.
    const pods = Array.from({ length: 38 }, (_, n) => {
      const intendedMs = 2000 + 3000 * n;
      const ok = intendedMs < 58_000 || intendedMs >= 80_000;
      return { intendedMs, endedMs: intendedMs + (ok ? 2000 : 10_000), ok };
    });
    const pod = (answers: typeof pods) =>
      analyse({
        probes: probes([[32_000, 71_000]], [{ sli: 'pod', periodMs: 3000, timeoutMs: 10_000, answers }]),
      });
    expect(pod(pods).ttr).toEqual({ lo: 39_500, hi: 41_000 });
    expect(
      pod(pods.map((p) => (p.intendedMs >= 80_000 ? { ...p, endedMs: p.intendedMs + 10_000, ok: false } : p))),
    ).toMatchObject({
      outcome: 'harmed',
    });
    // Three periods earlier it was overdue when the runbook began.
    const early = pods.map((p) =>
      p.intendedMs >= 50_000 && p.intendedMs < 58_000 ? { ...p, endedMs: p.intendedMs + 10_000, ok: false } : p,
    );
    expect(pod(early).ttr).toEqual({ lo: 46_000, hi: 50_000 });
  });

  it('does not add the stability window, and does not count a shorter good stretch', () => {
    // good from 50 to 65 s only: less than the 20 s stability window
    const record = analyse({
      probes: probes([
        [32_000, 50_000],
        [65_000, 71_000],
      ]),
    });
    expect(record.ttr).toEqual({ lo: 39_500, hi: 41_000 });
  });

  it('ends with the last of several SLIs', () => {
    const record = analyse({
      breaks: ['dns', 'canary'],
      probes: probes(
        [[32_000, 50_000]],
        [{ sli: 'canary', periodMs: 5000, timeoutMs: 4000, outages: [[31_000, 70_000]] }],
      ),
    });
    // canary starts at 2, 7, ... 67 (bad), 72 (good)
    expect(record.ttr).toEqual({ lo: 36_000, hi: 42_000 });
    expect(record.slis.map((s) => s.ttr)).toEqual([
      { lo: 18_500, hi: 20_000 },
      { lo: 36_000, hi: 42_000 },
    ]);
  });
});

describe('first good and stable since', () => {
  it('are two instants where it was good for less than a stability window in between', () => {
    const record = analyse({
      probes: probes([
        [32_000, 50_000],
        [65_000, 71_000],
      ]),
    });
    expect(record).toMatchObject({ firstGood: { lo: 18_500, hi: 20_000 }, ttr: { lo: 39_500, hi: 41_000 } });
  });

  it('is first good only when everything is at once', () => {
    const record = analyse({
      breaks: ['dns', 'api'],
      probes: probes(
        [
          [32_000, 50_000],
          [55_000, 70_000],
        ],
        [{ sli: 'api', outages: [[33_000, 60_000]] }],
      ),
    });
    expect(record.firstGood).toEqual({ lo: 38_500, hi: 40_000 });
    expect(record.slis.map((s) => s.ttr)).toEqual([
      { lo: 38_500, hi: 40_000 },
      { lo: 28_500, hi: 30_000 },
    ]);
  });

  it('is censored at the horizon like the TTR, and absent where that is', () => {
    const never = analyse({ probes: probes([[32_000, forever]]), endMs: 280_000 });
    expect(never.firstGood).toEqual({ censored: true, at: 240_000 });
    expect(never.watchedStableMs).toBeUndefined();
    expect(analyse({ inject: null }).firstGood).toBeUndefined();
  });

  it('needs no stability window, for the engine asks before there can be one', () => {
    expect(analyse({ cutAtMs: 75_000 })).toMatchObject({
      firstGood: { lo: 39_500, hi: 41_000 },
      ttr: { censored: true },
    });
    // As many good requests as an outage needs to be over: not yet.
    expect(analyse({ cutAtMs: 72_000 }).firstGood).toMatchObject({ censored: true });
  });
});

describe('the numbers of an SLI', () => {
  it('say how it was asked and what it had to reach', () => {
    const [dns, api] = analyse({
      breaks: ['dns', 'api'],
      probes: probes([[32_000, 71_000]], [{ sli: 'api', periodMs: 250, slo: 0.99, outages: [[32_000, 34_000]] }]),
    }).slis;
    expect(dns).toMatchObject({ periodMs: 500, slo: 0.9 });
    expect(api).toMatchObject({ periodMs: 250, slo: 0.99 });
  });

  it('count a lost request as downtime and nothing else', () => {
    const lost = [40, 52.5, 60, 75, 79].map((s) => [s * 1000, s * 1000 + 500] as const);
    const record = analyse({ probes: probes([[32_000, 71_000]], [{ sli: 'api', outages: lost }]) });
    expect(record).toMatchObject({ outcome: 'recovered', ttr: { lo: 39_500, hi: 41_000 } });
    expect(record.slis[1]).toMatchObject({ broke: false, badMs: 2500 });
    expect(record.slis[1]).not.toHaveProperty('ttr');
    // Also next to the outage, and in the stability window.
    const near = analyse({
      probes: probes([
        [32_000, 71_000],
        [71_500, 72_000],
        [80_000, 80_500],
      ]),
    });
    expect(near).toMatchObject({ outcome: 'recovered', ttr: { lo: 39_500, hi: 41_000 }, badnessMs: 40_000 });
  });
});

describe('a prevention', () => {
  const careful = { prevention: true, inject: [30_000] } as const;

  it('prevented the outage when nothing that should have broken did, witness or not', () => {
    const record = analyse({ ...careful, probes: probes([]), steps: [] });
    expect(record).toMatchObject({ outcome: 'prevented', ttr: { lo: 0, hi: 0 }, badnessMs: 0 });
    expect(record.onset).toEqual({ lo: 30_000, hi: 31_000 });
    expect(record.parts).toBeUndefined();
  });

  it('is measured like any other when something did: from the change to the first stability window', () => {
    const record = analyse({ ...careful, breaks: ['dns', 'api'] });
    expect(record.outcome).toBe('recovered');
    expect(midpoint(record.ttr as { lo: number; hi: number })).toBeCloseTo(40_000, -3);
  });

  it('did not prevent what never came back', () => {
    expect(analyse({ ...careful, probes: probes([[32_000, forever]]), endMs: 320_000 }).outcome).toBe('not-recovered');
  });

  it('is not believed before it was watched for a stability window', () => {
    const record = analyse({ ...careful, probes: probes([]), steps: [], endMs: 40_000 });
    expect(record.ttr).toBeUndefined();
    expect(record.outcome).not.toBe('prevented');
  });
});

describe('no recovery', () => {
  it('is censored at the horizon', () => {
    const record = analyse({ probes: probes([[32_000, forever]]), endMs: 280_000 });
    expect(record).toMatchObject({ outcome: 'not-recovered', ttr: { censored: true, at: 240_000 } });
    expect(record.parts).toBeUndefined();
    expect(record.fullRecovery).toEqual({ censored: true, at: 240_000 });
    expect(record.fullRecoveryMissing).toContain('service was not stable');
  });

  it('needs the whole stability window inside the observation', () => {
    const near = (endMs: number) => analyse({ probes: probes([[32_000, 250_000]]), endMs }).ttr;
    expect(near(269_000)).toEqual({ censored: true, at: 240_000 });
    expect(near(270_000)).toEqual({ lo: 218_500, hi: 220_000 });
  });

  it('counts a recovery after the horizon as none, for all trials are censored at one time', () => {
    const record = analyse({ probes: probes([[32_000, 281_000]]), endMs: 320_000 });
    expect(record).toMatchObject({ outcome: 'not-recovered', ttr: { censored: true, at: 240_000 } });
  });

  it('is unknown when the trial was not watched to the horizon', () => {
    const record = analyse({ probes: probes([[32_000, forever]]), endMs: 120_000 });
    expect(record.outcome).toBe('unknown');
    expect(record.reason).toContain('watched for only 89 s of 4 min');
  });

  it('does not look better for having hurt another indicator for a moment', () => {
    const alone = analyse({ probes: probes([[32_000, 71_000]]) });
    const beside = analyse({ probes: probes([[32_000, 71_000]], [{ sli: 'api', outages: [[32_000, 34_000]] }]) });
    expect(beside.badnessMs).toBe(alone.badnessMs);
  });

  it('knows flapping: never good for a whole stability window', () => {
    const flaps = Array.from({ length: 30 }, (_, i) => [32_000 + i * 10_000, 37_000 + i * 10_000] as const);
    const record = analyse({ probes: probes(flaps), endMs: 275_000 });
    expect(record.outcome).toBe('not-recovered');
    // half of the time, over the 240 s to the horizon
    expect(record.badnessMs).toBeGreaterThan(118_000);
    expect(record.badnessMs).toBeLessThan(122_000);
  });

  it('knows partial recovery: one of two stays broken', () => {
    const record = analyse({
      breaks: ['dns', 'api'],
      probes: probes([[32_000, 50_000]], [{ sli: 'api', outages: [[32_000, forever]] }]),
      endMs: 280_000,
    });
    expect(record.outcome).toBe('not-recovered');
    expect(record.slis[0]?.ttr).toEqual({ lo: 18_500, hi: 20_000 });
    expect(record.slis[1]?.ttr).toEqual({ censored: true, at: 240_000 });
  });
});

describe('relapse', () => {
  it('is bad again at the end, after a whole stability window', () => {
    const record = analyse({
      probes: probes([
        [32_000, 71_000],
        [100_000, forever],
      ]),
      endMs: 280_000,
    });
    expect(record).toMatchObject({ outcome: 'relapsed', ttr: { lo: 39_500, hi: 41_000 } });
    expect(record.reason).toBe('stable since 40 s after the fault, but dns went down again 29 s later, for 3 min');
    const told = { afterMs: 29_250, lastedMs: 180_000, totalMs: 180_000, slis: ['dns'] };
    expect(record.downAgain).toEqual({ ...told, relapse: true });
    expect(record.fullRecovery).toMatchObject({ censored: true });
    expect(record.fullRecoveryMissing).toContain('dns went down again');
  });

  const again = (...more: readonly (readonly [number, number])[]) =>
    analyse({ probes: probes([[32_000, 71_000], ...more]), endMs: 160_000 });

  it('is what was down again for five seconds, from the first failed request to the last, though it healed', () => {
    expect(again([110_000, 115_500])).toMatchObject({
      outcome: 'relapsed',
      reason: 'stable since 40 s after the fault, but dns went down again 39 s later, for 5.0 s',
      downAgain: { afterMs: 39_250, lastedMs: 5000, totalMs: 5000, slis: ['dns'], relapse: true },
      fullRecovery: { censored: true, at: 240_000 },
      fullRecoveryMissing: ['dns went down again'],
    });
    expect(again([110_000, 115_000])).toMatchObject({
      outcome: 'recovered',
      downAgain: { totalMs: 4500, relapse: false },
    });
  });

  it('is none where it was over sooner: a blip is told, is downtime, and full recovery comes after it', () => {
    const before = again();
    const blip = again([110_000, 111_500]);
    expect(blip).toMatchObject({
      outcome: 'recovered',
      reason: 'stable since 40 s after the fault; dns went down again 39 s later, for 1.0 s',
      downAgain: { afterMs: 39_250, lastedMs: 1000, totalMs: 1000, slis: ['dns'], relapse: false },
      ttr: before.ttr,
      badnessMs: before.badnessMs + 1500,
      // The last failed request was due at 111 s, the fault came from 30 s to 31 s.
      fullRecovery: { lo: 79_750, hi: 81_250 },
      fullRecoveryMissing: [],
    });
    expect(before.fullRecovery).toEqual({ lo: 43_000, hi: 45_000 });
    // Two requests are no outage.
    expect(again([110_000, 111_000])).not.toHaveProperty('downAgain');
  });

  it('is five seconds in all: of several the first is told, and all of them count', () => {
    expect(again([100_000, 102_500], [120_000, 122_500]).downAgain).toMatchObject({ totalMs: 4000, relapse: false });
    expect(again([100_000, 103_000], [120_000, 123_000])).toMatchObject({
      outcome: 'relapsed',
      downAgain: { afterMs: 29_250, lastedMs: 2500, totalMs: 5000, relapse: true },
    });
  });

  it('is what still stands at the end, however short it was until then', () => {
    expect(again([158_000, forever])).toMatchObject({
      outcome: 'relapsed',
      downAgain: { lastedMs: 2000, totalMs: 2000, relapse: true },
    });
    // Too few good requests have followed for it to be over.
    expect(again([157_000, 159_000]).outcome).toBe('relapsed');
    expect(again([155_000, 157_000]).outcome).toBe('recovered');
  });

  it('is of everything that went down with it, but only of what had been broken', () => {
    const record = analyse({
      breaks: ['dns', 'api'],
      probes: probes(
        [
          [32_000, 71_000],
          [100_000, 104_000],
        ],
        [
          {
            sli: 'api',
            outages: [
              [32_000, 50_000],
              [102_000, 110_000],
            ],
          },
          { sli: 'web', outages: [[90_000, 95_000]] },
        ],
      ),
    });
    const told = { afterMs: 29_250, lastedMs: 9500, totalMs: 9500, slis: ['api', 'dns'] };
    expect(record.downAgain).toEqual({ ...told, relapse: true });
  });

  it('is not what the durability check stirs up, unless that stays', () => {
    // Checked from 149 s on; the result came at 152 s, and counts until 157 s.
    const check = (...more: readonly (readonly [number, number])[]) =>
      analyse({
        probes: probes([[32_000, 71_000], ...more]),
        endMs: 180_000,
        verifyMs: 149_000,
        durability: { atMs: 152_000, ok: true },
      });
    expect(check([149_000, 153_000])).toMatchObject({ outcome: 'recovered', badnessMs: 43_000 });
    expect(check([157_000, 170_000]).outcome).toBe('recovered');
    expect(check([157_500, 170_000]).outcome).toBe('relapsed');
    expect(check([148_500, 160_000]).outcome).toBe('relapsed');
    expect(check([157_000, 160_000])).not.toHaveProperty('downAgain');
    expect(check([157_500, 160_000]).downAgain).toMatchObject({ totalMs: 2000, relapse: false });
    expect(check([150_000, forever]).outcome).toBe('relapsed');
  });

  it('is flapping to the end, also when the last look is good', () => {
    const record = analyse({
      probes: probes([
        [32_000, 71_000],
        [100_000, 106_000],
        [108_000, 114_000],
      ]),
    });
    expect(record.outcome).toBe('relapsed');
  });
});

describe('invalid trials', () => {
  const invalid = (change: Partial<LogSpec>): string => {
    const record = analyse(change);
    expect(record.outcome).toBe('invalid');
    return record.reason;
  };

  it('have no onset, no witness, or no steady state', () => {
    expect(invalid({ inject: null })).toBe('the fault was never injected');
    expect(invalid({ inject: [30_000] })).toBe('no witness confirmed the fault');
    expect(invalid({ cause: 'no-steady-state', detail: 'dns not good' })).toBe('no steady state: dns not good');
    expect(invalid({ cause: 'interrupted' })).toBe('interrupted');
  });

  it('were cut off by kill -9, at any instant', () => {
    for (let cutAtMs = 0; cutAtMs < 119_000; cutAtMs += 4777) expect(invalid({ cutAtMs })).toMatch(/^cut off after/);
  });

  it('are valid when only the teardown was cut', () => {
    expect(analyse({ cutAtMs: 120_000 }).outcome).toBe('recovered');
  });

  it('name the SLI that had to break and did not', () => {
    expect(invalid({ breaks: ['dns', 'api'] })).toContain('api');
    expect(analyse({ breaks: ['dns', 'api'] }).ttr).toBeUndefined();
  });

  it('already have the TTR while they still run, for the engine asks', () => {
    expect(analyse({ cutAtMs: 95_000 }).ttr).toEqual({ lo: 39_500, hi: 41_000 });
    expect(analyse({ cutAtMs: 85_000 }).ttr).toEqual({ censored: true, at: 240_000 });
  });
});

describe('unknown trials', () => {
  it('had a starved harness', () => {
    expect(analyse({ loopDelayP99Ms: 600 })).toMatchObject({
      outcome: 'unknown',
      harness: { starved: true, loopDelayP99Ms: 600 },
    });
    expect(analyse({ latenessP99Ms: 501 }).outcome).toBe('unknown');
    expect(analyse({ latenessP99Ms: 499 }).outcome).toBe('recovered');
    expect(analyse({ waitedShare: 0.51 })).toMatchObject({ outcome: 'unknown', harness: { starved: true } });
    expect(analyse({ waitedShare: 0.49 }).outcome).toBe('recovered');
  });

  it('ran on a machine whose CPUs its host gave to others', () => {
    const record = analyse({ stolenShare: 0.26 });
    expect(record).toMatchObject({ outcome: 'unknown', harness: { starved: true, stolenShare: 0.26 } });
    expect(record.reason).toContain('26 % of its CPU time');
    expect(analyse({ stolenShare: 0.24 })).toMatchObject({ outcome: 'recovered', harness: { stolenShare: 0.24 } });
  });

  it('ran beside programs that kept the nodes waiting, but not those whose nodes kept one another waiting', () => {
    const contention = { nodesRunning: 0.2, nodesWaiting: 3.8, othersShare: 0.76 };
    const record = analyse({ contention });
    expect(record).toMatchObject({ outcome: 'unknown', harness: { starved: true, crowdedShare: 0.722 } });
    expect(record.reason).toContain('in 72 % of their time: end them');
    const share = (change: Partial<typeof contention>) => analyse({ contention: { ...contention, ...change } });
    // A cluster that starts all of its pods again fills the machine by itself.
    expect(share({ nodesWaiting: 40, othersShare: 0.1 })).toMatchObject({ outcome: 'recovered' });
    // Others fill the machine, and the nodes hardly want more than they get.
    expect(share({ nodesWaiting: 0.2, othersShare: 0.9 }).harness).toMatchObject({
      starved: false,
      crowdedShare: 0.45,
    });
    expect(analyse({}).harness).not.toHaveProperty('crowdedShare');
    expect(share({ nodesRunning: 0, nodesWaiting: 0 }).harness).not.toHaveProperty('crowdedShare');
  });

  it('had a probe that did not ask', () => {
    const record = analyse({ probes: [{ sli: 'dns', outages: [[32_000, 71_000]], gaps: [[80_000, 90_000]] }] });
    expect(record.outcome).toBe('unknown');
    expect(record.reason).toContain('dns');
    // A sampler writes down what it could not send, too: however short a gap is, something is missing.
    const short = analyse({ probes: [{ sli: 'dns', outages: [[32_000, 71_000]], gaps: [[80_000, 80_400]] }] });
    expect([short.outcome, short.reason]).toEqual(['unknown', 'the log is incomplete: request 156 of dns is missing']);
  });
});

describe('data', () => {
  const lossy = [{ store: 'ledger', missing: 3, duplicated: 1, oldestLostAckMs: 28_500 }];

  it('lost makes a recovery one with loss, and gives the recovery point', () => {
    expect(analyse({ audits: lossy })).toMatchObject({
      outcome: 'recovered-with-loss',
      data: { lost: 4, rpoMs: 2000 },
    });
  });

  it('lost is never a full recovery, however green everything is', () => {
    const record = analyse({ audits: lossy });
    expect(record.fullRecoveryMissing).toEqual(['4 rows lost or damaged']);
    expect(record.fullRecovery).toMatchObject({ censored: true });
  });

  it('never read is unknown, not zero', () => {
    expect(analyse({ audits: [] }).data).toBe('unknown');
    const failed = analyse({ auditFailed: ['documents'] });
    expect(failed.data).toBe('unknown');
    expect(failed).toMatchObject({
      outcome: 'recovered',
      reason: expect.stringContaining('could not be read') as string,
    });
    // a known loss is worse than not knowing about another store
    expect(analyse({ audits: lossy, auditFailed: ['documents'] }).outcome).toBe('recovered-with-loss');
  });

  it('lost without recovery is no recovery', () => {
    const record = analyse({ audits: lossy, probes: probes([[32_000, forever]]), endMs: 280_000 });
    expect(record).toMatchObject({
      outcome: 'not-recovered',
      reason: expect.stringContaining('4 rows lost') as string,
    });
  });
});

describe('harm and collateral', () => {
  const item = (name: string, uid: string, inside: boolean, restarts = 0) => ({
    name,
    uid,
    owner: name,
    restarts,
    inside,
  });
  const before = [item('a/web-1', 'u1', false), item('a/db-0', 'u2', true, 1), item('a/media', 'u3', false)];

  it('is a bystander that goes bad after the runbook began and stays so; one that came back is collateral', () => {
    const hit = (from: number, to: number) =>
      analyse({ probes: probes([[32_000, 71_000]], [{ sli: 'web', bystander: true, outages: [[from, to]] }]) });
    expect(hit(62_000, forever)).toMatchObject({
      outcome: 'harmed',
      reason: expect.stringContaining('web was good before') as string,
    });
    expect(hit(62_000, 64_000)).toMatchObject({ outcome: 'recovered', collateral: { bystanderBadMs: 2000 } });
    // a blip just before the end, and over: it has not stayed
    expect(hit(117_500, 118_500)).toMatchObject({ outcome: 'recovered', collateral: { bystanderBadMs: 1000 } });
    expect(hit(118_500, forever).outcome).toBe('harmed');
    // before the first command it is the fault's doing, and only collateral
    expect(hit(40_000, forever).outcome).toBe('recovered');
  });

  it('is an object outside the blast radius that is gone; one made again is collateral', () => {
    const after = [item('a/db-0', 'other', true), item('a/media', 'u3', false, 2)];
    const gone = analyse({ before, after });
    expect(gone).toMatchObject({
      outcome: 'harmed',
      collateral: { deleted: 1, deletedInside: 1, restarts: 2, restartsInside: 0 },
    });
    expect(gone.reason).toContain('a/web-1 outside the blast radius gone');
    const successor = { ...item('a/web-2', 'new', false), owner: 'a/web-1' };
    expect(analyse({ before, after: [...after, successor] })).toMatchObject({
      outcome: 'recovered',
      collateral: { deleted: 1 },
    });
  });

  it("is not what the harness' own durability check deleted", () => {
    const after = [item('a/db-0', 'u2', true, 3), item('a/media', 'u3', false)];
    const told = { atMs: 119_010, ok: true, detail: 'a/web-1 deleted on worker; web-9 ready' };
    // Logs of older versions name it in the sentence only.
    for (const durability of [told, { ...told, deletedUid: 'u1', detail: 'whatever it says' }])
      expect(analyse({ before, after, durability })).toMatchObject({
        outcome: 'recovered',
        collateral: { deleted: 0, restartsInside: 2 },
      });
    // What is said of another pod, and what was deleted of another: not its doing.
    for (const durability of [
      { ...told, detail: 'a/web-10 deleted on worker' },
      { ...told, deletedUid: 'u9' },
    ])
      expect(analyse({ before, after, durability })).toMatchObject({ collateral: { deleted: 1 } });
  });

  it('is not what happens while nobody does anything', () => {
    expect(analyse({ steps: [], before, after: [] })).toMatchObject({
      outcome: 'recovered',
      collateral: { deleted: 2 },
    });
  });

  it('is an SLI that the runbook broke for good', () => {
    const record = analyse({ probes: probes([[32_000, 71_000]], [{ sli: 'api', outages: [[63_000, forever]] }]) });
    expect(record).toMatchObject({
      outcome: 'harmed',
      reason: expect.stringContaining('api was good before') as string,
    });
  });
});

describe('detectors', () => {
  const status = (readings: LogSpec['readings'], change: Partial<LogSpec> = {}) =>
    analyse({ readings: readings ?? [], ...change }).detectors[0];
  const quiet = { atMs: 3000, detector: 'node', state: 'quiet' } as const;
  const fires = (atMs: number, what = 'worker is NotReady') =>
    ({ atMs, detector: 'node', state: 'firing', what }) as const;

  it('detect', () => {
    expect(status([quiet, ...alive('node'), fires(43_000)])).toMatchObject({
      status: 'detected',
      ttd: { lo: 12_000, hi: 13_000 },
      what: 'worker is NotReady',
      falseAlarms: 0,
    });
    // before the witness looked: the time to detect is not negative
    expect(status([quiet, ...alive('node'), fires(30_500)])?.ttd).toEqual({ lo: 0, hi: 500 });
    // Its loop cannot be faster than a second after the onset, of which only an interval is known.
    expect(status([quiet, ...alive('node'), fires(31_500)])?.ttd).toEqual({ lo: 1000, hi: 1500 });
  });

  it('miss, are blind, or say the wrong thing', () => {
    expect(status([quiet, ...alive('node')])?.status).toBe('missed');
    expect(
      status([quiet, ...alive('node'), { atMs: 50_000, detector: 'node', state: 'blind', what: 'no API' }]),
    ).toMatchObject({
      status: 'blind',
      what: 'no API',
    });
    expect(status([quiet, ...alive('node'), fires(43_000, 'disk is full')])?.status).toBe('misdiagnosed');
  });

  it('die', () => {
    expect(status([quiet, ...alive('node', 30_000)])?.status).toBe('dead');
    expect(status([quiet, ...alive('node', 60_000)])?.status).toBe('dead');
    expect(status([])?.status).toBe('dead');
    expect(
      status([quiet, ...alive('node'), { atMs: 40_000, detector: 'node', state: 'ended', what: 'EOF' }]),
    ).toMatchObject({
      status: 'dead',
      what: 'EOF',
    });
  });

  it('are noisy when they fire before the fault, and false alarms are counted', () => {
    expect(status([quiet, fires(10_000), ...alive('node'), fires(43_000)])).toMatchObject({
      status: 'noisy',
      falseAlarms: 1,
    });
    const calmed = [quiet, fires(10_000), { ...quiet, atMs: 15_000 }, ...alive('node'), fires(43_000)];
    expect(status(calmed)).toMatchObject({ status: 'detected', falseAlarms: 1 });
  });
});

describe('full recovery', () => {
  it('says what is missing', () => {
    const sick = { ...whole, nodesReady: 2, podsReady: 8, pending: 1, terminating: 2 };
    const record = analyse({
      states: [{ atMs: 110_000, ...sick }],
      durability: { atMs: 119_010, ok: false, detail: 'pod was not replaced' },
    });
    expect(record.fullRecovery).toEqual({ censored: true, at: 240_000 });
    expect(record.fullRecoveryMissing).toEqual([
      '2 of 3 nodes Ready',
      '8 of 10 pods ready',
      '1 pod Pending',
      '2 pods Terminating',
      'not durable: pod was not replaced',
    ]);
  });

  it('is when the last thing became whole, and overlooks what the durability check itself stirs up', () => {
    const states = [
      { atMs: 40_000, reachable: false },
      { atMs: 89_000, ...whole, pending: 1 },
      { atMs: 90_000, ...whole },
      { atMs: 119_005, ...whole, terminating: 1 },
    ];
    expect(analyse({ states }).fullRecovery).toEqual({ lo: 58_000, hi: 60_000 });
  });

  it('is not asked about the minutes in which a cure is being confirmed: others are not watched so long', () => {
    const states = [
      { atMs: 40_000, reachable: false },
      { atMs: 90_000, ...whole },
      { atMs: 320_000, ...whole, pending: 1 },
      { atMs: 330_000, ...whole },
    ];
    const checked = { verifyMs: 118_000, durability: { atMs: 120_000, ok: true } };
    expect(analyse({ states, ...checked, endMs: 400_000 }).fullRecovery).toEqual({ lo: 43_000, hi: 60_000 });
    // Within the horizon, which is 240 s after the onset, all are.
    const sooner = states.map((state) => (state.atMs > 300_000 ? { ...state, atMs: state.atMs - 80_000 } : state));
    expect(analyse({ states: sooner, ...checked, endMs: 400_000 }).fullRecovery).toMatchObject({ hi: 220_000 });
  });

  it('needs the alert that fired to be quiet again, and the durability check', () => {
    const readings = (outage.readings ?? []).filter((r) => r.atMs !== 75_000);
    expect(analyse({ readings, durability: null }).fullRecoveryMissing).toEqual([
      'alert node is still firing',
      'durability was not checked',
    ]);
  });
});

describe('a control without fault', () => {
  const control: Partial<LogSpec> = { inject: null, control: 'healthy', runbook: 'none', steps: [], readings: [] };

  it('shows the noise floor, and is not invalid because nothing broke', () => {
    const record = analyse({ ...control, probes: probes([]), readings: alive('node') });
    expect(record).toMatchObject({ outcome: 'control-clean', control: 'healthy', badnessMs: 0 });
    expect(record.onset).toBeUndefined();
    expect(record.ttr).toBeUndefined();
    expect(record.reason).toBe('control without fault: nothing broke, no alert fired');
  });

  it('is known by its kind, or by having nothing to break', () => {
    const { control: _, ...unnamed } = control;
    expect(analyse({ ...unnamed, breaks: [], probes: probes([]) }).outcome).toBe('control-clean');
    expect(analyse({ ...unnamed, probes: probes([]) }).outcome).toBe('invalid');
  });

  it('counts every alert as false', () => {
    const record = analyse({ ...control, probes: probes([]), readings: outage.readings ?? [] });
    expect(record.outcome).toBe('control-disturbed');
    expect(record.detectors[0]).toMatchObject({ status: 'misdiagnosed', falseAlarms: 1, what: 'worker is NotReady' });
    expect(record.reason).toContain('false alarms by node');
  });

  it('says what went down or was lost all the same', () => {
    const record = analyse({ ...control, audits: [{ store: 'ledger', missing: 2 }] });
    expect(record).toMatchObject({ outcome: 'control-disturbed', badnessMs: 39_000 });
    expect(record.reason).toBe('control without fault: dns went down anyway and 2 rows lost or damaged');
  });

  it('gives no data where the instrument cannot be believed, or the trial was cut off', () => {
    const quiet = { ...control, probes: probes([]) };
    expect(analyse({ ...quiet, loopDelayP99Ms: 900 }).outcome).toBe('unknown');
    expect(analyse({ ...quiet, probes: [{ sli: 'dns', gaps: [[50_000, 90_000]] }] }).reason).toMatch(
      /dns from .* of the watch/,
    );
    expect(analyse({ ...quiet, cutAtMs: 60_000 }).outcome).toBe('invalid');
    expect(analyse({ ...quiet, cause: 'no-steady-state' }).outcome).toBe('invalid');
  });
});

describe('a cure on a healthy cluster', () => {
  const cured: Partial<LogSpec> = {
    inject: null,
    control: 'on-healthy',
    steps: [{ name: 'restart', fromMs: 21_000, toMs: 25_000 }],
    readings: alive('node'),
  };
  const bad = (to: number): LogSpec['probes'] => probes([[22_000, to]], [{ sli: 'web', bystander: true }]);

  it('may cost nothing', () => {
    expect(analyse({ ...cured, probes: probes([]) })).toMatchObject({ outcome: 'control-clean', runbook: 'cure' });
  });

  it('costs bad time, and alerts that are not false: the runbook made them', () => {
    const record = analyse({ ...cured, probes: bad(30_000), readings: outage.readings ?? [] });
    expect(record).toMatchObject({ outcome: 'control-disturbed', badnessMs: 8000 });
    expect(record.detectors[0]).toMatchObject({ status: 'misdiagnosed', falseAlarms: 0 });
    expect(record.reason).toBe('on a healthy cluster: dns went down and alerts by node');
  });

  it('does harm where it leaves something bad, or loses rows that nothing had endangered', () => {
    expect(analyse({ ...cured, probes: bad(forever) })).toMatchObject({
      outcome: 'harmed',
      reason: 'on a healthy cluster the runbook harmed: dns was good before the runbook and no longer is',
    });
    expect(analyse({ ...cured, probes: bad(30_000), audits: [{ store: 'ledger', missing: 1 }] })).toMatchObject({
      outcome: 'harmed',
      reason: 'on a healthy cluster the runbook harmed: 1 row lost or damaged',
    });
  });
});

describe('properties', () => {
  const random = seeded(42);
  const pick = (from: number, to: number): number => Math.round(from + random() * (to - from));
  const anyTrial = (): Partial<LogSpec> => {
    const command = pick(25_000, 35_000);
    const bad = command + pick(0, 5000);
    const good = bad + pick(3000, 150_000);
    const step = command + pick(0, 120_000);
    return {
      inject: [command, command + pick(0, 2000)],
      breaks: ['dns', 'canary'],
      probes: [
        { sli: 'dns', periodMs: pick(100, 900), phaseMs: pick(0, 99), outages: [[bad, good]] },
        { sli: 'canary', periodMs: pick(1000, 7000), outages: [[bad, good + pick(0, 20_000)]] },
      ],
      steps: [
        { name: 'look', changes: false, fromMs: step, toMs: step + 100 },
        { name: 'change', fromMs: step + 100, toMs: step + pick(100, 60_000) },
      ],
      endMs: 300_000,
    };
  };

  it('parts are disjoint and add up exactly to the TTR', () => {
    let seen = 0;
    for (let i = 0; i < 50; i++) {
      const { ttr, parts } = analyse(anyTrial());
      if (ttr === undefined || 'censored' in ttr || parts === undefined) continue;
      seen++;
      const { waitingMs, mitigatingMs, settlingMs } = parts;
      expect(waitingMs + mitigatingMs + settlingMs).toBe(midpoint(ttr));
      expect(Math.min(waitingMs, mitigatingMs, settlingMs)).toBeGreaterThanOrEqual(0);
    }
    expect(seen).toBeGreaterThan(25);
  });

  it('shifting all instants changes only instants', () => {
    for (let i = 0; i < 8; i++) {
      const trial = anyTrial();
      const [here, there] = [analyse(trial), analyse({ ...trial, shiftMs: 7_654_321 })];
      for (const key of [
        'outcome',
        'reason',
        'ttr',
        'fullRecovery',
        'parts',
        'badnessMs',
        'detectors',
        'collateral',
      ] as const) {
        expect(there[key]).toEqual(here[key]);
      }
      expect(there.onset?.lo).toBe((here.onset?.lo ?? 0) + 7_654_321);
    }
  });

  it('the same events give the same bytes, and no number is NaN or infinite', () => {
    for (let i = 0; i < 8; i++) {
      const log = buildLog({ ...outage, ...anyTrial() });
      const text = JSON.stringify(analyseTrial(log));
      expect(JSON.stringify(analyseTrial(log))).toBe(text);
      // JSON writes NaN and Infinity as null
      expect(text).not.toContain('null');
    }
  });

  it('a log without trial.started is an error for people', () => {
    expect(() => analyseTrial([])).toThrow(/no trial\.started/);
  });
});
