import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyseTrial } from '../../harness/analysis/record.ts';
import { fakeCluster } from '../support/fake-cluster.ts';
import { startClock } from '../../harness/engine/clock.ts';
import type { EventBody, TrialEvent } from '../../harness/model/events.ts';
import type { Sample } from '../../harness/model/probe.ts';
import type { WholeRecord } from '../../harness/model/record.ts';
import { millis } from '../../harness/model/units.ts';
import { newConnection } from '../../harness/probes/new-connection.ts';
import { sample } from '../../harness/sampling/sampler.ts';

/**
 * The instrument on outages that the test itself makes: a port is closed and opened again at known instants, sampled by the
 * real probe over real sockets in real time, and judged by the real analysis. What it reports must agree with what was done
 * within one probe period. Few outages, for they take as long as they last: many more, of many kinds, are in simulated-outages.test.ts.
 *
 * The truth is when the port was really closed and opened, read from the same clock: a machine that is busy makes the outage
 * longer, not the test fail. What a busy machine does to the sampling itself (an attempt that starts late) is read from the
 * samples and allowed for.
 */
const periodMs = 250;
const holdMs = 5000;
const baselineMs = 1500;
/** Three failed requests are an outage: none shorter. */
const lengths = [900, 1400, 2300, 3700, 7000];
const phases = [0, 0.33, 0.66];

interface Case {
  readonly lengthMs: number;
  readonly phase: number;
}

/** What was done, as two instants that are each known as an interval. */
interface Truth {
  readonly closed: readonly [before: number, after: number];
  readonly opened: readonly [before: number, after: number];
}

interface Run {
  readonly case: Case;
  readonly truth: Truth | undefined;
  readonly samples: readonly Sample[];
  readonly record: WholeRecord;
  /** How late the worst attempt started. */
  readonly latenessMs: number;
}

const clock = startClock();
const runs: Run[] = [];

/**
 * Listens below the range from which the system takes ports of outgoing connections: one of those could take ours while it is
 * closed, and connecting to a closed port in that range can even connect to itself.
 */
async function listenSomewhere(server: Server): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    try {
      await listen(server, port);
      return port;
    } catch {
      // Taken: another.
    }
  }
  throw new Error('no free port');
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen({ host: '127.0.0.1', port });
  await once(server, 'listening');
}

function newServer(): Server {
  const server = createServer((_request, response) => {
    response.end('ok');
  });
  server.keepAliveTimeout = 1;
  return server;
}

async function measure(wanted: Case, broken: boolean): Promise<Run> {
  let server = newServer();
  const port = await listenSomewhere(server);
  const cluster = fakeCluster({ endpoints: { web: { host: '127.0.0.1', port } } });
  const observation = new AbortController();
  const probe = { ...newConnection(), timeoutMs: millis(5000) };
  const session = await probe.open({ cluster, now: () => clock.now(), signal: observation.signal });
  const samples: Sample[] = [];
  const startMs = clock.now() + 200;
  const sampler = sample(
    { sli: probe.sli, periodMs, timeoutMs: probe.timeoutMs, attempt: (n, signal) => session.attempt(n, signal) },
    { startMs, clock, onSample: (s) => samples.push(s), signal: observation.signal },
  );
  const closeAt = startMs + baselineMs + wanted.phase * periodMs;
  await clock.sleepUntil(closeAt);
  let truth: Truth | undefined;
  if (broken) {
    const closing = clock.now();
    server.close();
    server.closeAllConnections();
    const closed = clock.now();
    await clock.sleepUntil(closed + wanted.lengthMs);
    server = newServer();
    const opening = clock.now();
    await listen(server, port);
    truth = { closed: [closing, closed], opened: [opening, clock.now()] };
  }
  await clock.sleep(holdMs + 1200);
  const endMs = clock.now();
  await sampler.stop();
  await session.close();
  observation.abort(new Error('over'));
  server.close();
  server.closeAllConnections();
  const latenessMs = Math.max(0, ...samples.map((s) => s.startedMs - s.intendedMs));
  return { case: wanted, truth, samples, record: judge(samples, truth, closeAt, endMs), latenessMs };
}

/** The log as the engine would have written it, and what the analysis makes of it. */
function judge(
  samples: readonly Sample[],
  truth: Truth | undefined,
  baselineEndMs: number,
  endMs: number,
): WholeRecord {
  const sli = 'new-connection';
  const at: { readonly atMs: number; readonly body: EventBody }[] = [
    {
      atMs: 0,
      body: {
        type: 'trial.started',
        schemaVersion: 1,
        trialId: 'known',
        scenario: 'known-outage',
        runbook: 'wait',
        profile: 'fast',
        seed: 1,
        wallEpochMs: 0,
        breaks: truth === undefined ? [] : [sli],
        keeps: [],
        probes: [{ sli, title: sli, periodMs, timeoutMs: 5000, bystander: false }],
        detectors: [],
        claim: { says: '', expect: 'unknown' },
        steps: [],
        holdMs,
        horizonMs: 60_000,
        runbookDelayMs: 0,
      },
    },
    { atMs: baselineEndMs - 1, body: { type: 'phase', name: 'steady', state: 'done' } },
    ...samples.map((s) => ({ atMs: s.endedMs, body: { type: 'sample', ...s } satisfies EventBody })),
    { atMs: endMs, body: { type: 'phase', name: 'teardown', state: 'started' } },
    { atMs: endMs + 1, body: { type: 'trial.ended', cause: 'completed' } },
  ];
  if (truth !== undefined) {
    const step = {
      type: 'step',
      part: 'inject',
      index: 0,
      name: 'close',
      on: 'port',
      command: 'close',
      changes: true,
    } as const;
    at.push({ atMs: truth.closed[0], body: { ...step, state: 'started' } });
    at.push({ atMs: truth.closed[1], body: { type: 'witness', confirmed: true, evidence: ['closed'] } });
  }
  const events = at.sort((a, b) => a.atMs - b.atMs).map(({ atMs, body }, seq): TrialEvent => ({ ...body, seq, atMs }));
  return analyseTrial(events);
}

const title = (c: Case): string =>
  `${(c.lengthMs / 1000).toFixed(1)} s at ${Math.round(c.phase * 100)} % of the period`;
const cases = lengths.flatMap((lengthMs) => phases.map((phase) => ({ lengthMs, phase })));

function runOf(wanted: Case): Run & { readonly truth: Truth } {
  const run = runs.find((r) => r.case === wanted);
  if (run?.truth === undefined) throw new Error('was not run');
  return { ...run, truth: run.truth };
}

beforeAll(async () => {
  // Side by side: the whole takes as long as the longest.
  const broken = Promise.all(cases.map((each) => measure(each, true)));
  const healthy = Promise.all(phases.map((phase) => measure({ lengthMs: 0, phase }, false)));
  runs.push(...(await broken), ...(await healthy));
}, 60_000);

afterAll(() => {
  runs.length = 0;
});

describe('the instrument', () => {
  it.each(cases.map((c) => [title(c), c] as const))('measures an outage of %s within one period', (_title, wanted) => {
    const { truth, samples, record, latenessMs } = runOf(wanted);
    const ttr = record.ttr;
    expect(ttr).toBeDefined();
    if (ttr === undefined || 'censored' in ttr) throw new Error(`no recovery was seen: ${record.reason}`);
    const shortest = truth.opened[0] - truth.closed[1];
    const longest = truth.opened[1] - truth.closed[0];
    // Whole milliseconds are rounded outwards by one.
    const allowed = periodMs + latenessMs + 1;
    expect((ttr.lo + ttr.hi) / 2).toBeGreaterThanOrEqual(shortest - allowed);
    expect((ttr.lo + ttr.hi) / 2).toBeLessThanOrEqual(longest + allowed);
    // A busy machine's answers are late, by what the samples say.
    const slowest = Math.max(0, ...samples.filter((one) => one.ok).map((one) => one.endedMs - one.intendedMs));
    // The interval is honest: the truth lies in it. An attempt that started late moves its ends by that much, and one whose answer was late counts
    // from when the answer was there.
    expect(ttr.lo - latenessMs - slowest - 1).toBeLessThanOrEqual(longest);
    expect(ttr.hi + latenessMs + 1).toBeGreaterThanOrEqual(shortest);
    expect(ttr.hi - ttr.lo).toBeLessThanOrEqual(periodMs + (truth.closed[1] - truth.closed[0]) + 2 + slowest);
  });

  it.each(cases.map((c) => [title(c), c] as const))(
    'never calls it shorter by more than a period: %s',
    (_title, wanted) => {
      const { truth, samples, record, latenessMs } = runOf(wanted);
      const shortest = truth.opened[0] - truth.closed[1];
      const bad = samples.filter((s) => !s.ok);
      const first = bad[0]?.intendedMs ?? 0;
      const last = Math.max(...bad.map((s) => s.intendedMs));
      expect(last - first + periodMs).toBeGreaterThanOrEqual(shortest - periodMs - latenessMs - 1);
      expect(record.slis[0]?.firstSymptom).toBeDefined();
      expect(record.badnessMs).toBeGreaterThanOrEqual(shortest - periodMs - latenessMs - 1);
    },
  );

  it('reports exactly one sample for each slot, and each bad one for the reason that the test gave', () => {
    for (const { samples } of runs) {
      const numbers = samples.map((s) => s.n).sort((a, b) => a - b);
      expect(numbers).toEqual(numbers.map((_, n) => n));
      for (const s of samples) if (!s.ok) expect(s.error).toMatch(/ECONNREFUSED|ECONNRESET|socket hang up|broke off/);
    }
  });

  it('reports no outage and no bad sample where nothing was done', () => {
    for (const { truth, samples, record } of runs) {
      if (truth !== undefined) continue;
      expect(samples.filter((s) => !s.ok)).toEqual([]);
      expect(record.firstSymptom).toBeUndefined();
      expect(record.slis.every((s) => !s.broke && s.badMs === 0)).toBe(true);
    }
  });
});
