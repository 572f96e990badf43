import { oneLine } from '../model/errors.ts';
import type { Cluster } from '../model/cluster.ts';
import type { EventOf } from '../model/events.ts';
import type { Probe, ProbeSession, Sample } from '../model/probe.ts';
import { instant, type Instant } from '../model/units.ts';
import { watchContention } from './contention.ts';
import { watchHealth } from './health.ts';
import { goFirst } from './priority.ts';

/** What the sampler needs of a clock. `sleepUntil` rejects when its signal aborts. */
export interface SamplerClock {
  now(): Instant;
  sleepUntil(at: number, signal?: AbortSignal): Promise<void>;
}

/** What is sampled: a probe's timing and one function that makes a request. */
export interface Sampled {
  readonly sli: string;
  readonly periodMs: number;
  readonly timeoutMs: number;
  attempt(n: number, signal: AbortSignal): Promise<void>;
}

/** Why a slot was never sent: the harness was late or its own attempts piled up. Never the system's doing. */
export const notSent = 'not sent: harness';

/** An attempt that started this much after its slot says so in its error, lest the system be blamed for it. */
const tellingLatenessMs = 100;

const turnOfTheLoop = (): Promise<undefined> =>
  new Promise((resolve) => {
    setImmediate(() => {
      resolve(undefined);
    });
  });

/** How many attempts of one probe may be under way: those that the time-out lets overlap, and one. */
export function concurrencyLimit(periodMs: number, timeoutMs: number): number {
  return Math.ceil(timeoutMs / periodMs) + 1;
}

/** A running sampler. */
export interface Sampler {
  /** Starts nothing new and waits for what is under way, which its time-outs bound. */
  stop(): Promise<void>;
  /** How late attempts were started since the last call, ms; an attempt never sent counts by how late it was given up. */
  takeLateness(): readonly number[];
}

/**
 * Open-loop sampling: attempt n of a probe is meant for `startMs + n * periodMs`, whatever became of those before, and
 * everything counts from that intended instant: an answer that comes after `intended + timeoutMs` is bad, be the system
 * or the harness late (the sample's `startedMs` tells which). Exactly one Sample for each n, in the order of finishing;
 * failures never stop it. After a pause of this process the missed slots are started late, and those whose deadline is
 * already past become bad samples `not sent: harness`, as do those beyond the bound on concurrency (see
 * `concurrencyLimit`), which only attempts that ignore their signal can reach.
 *
 * When `signal` aborts, observation is over: what is under way is dropped and gives no sample.
 */
export function sample(
  sampled: Sampled,
  options: {
    readonly startMs: number;
    readonly clock: SamplerClock;
    readonly onSample: (sample: Sample) => void;
    readonly signal: AbortSignal;
  },
): Sampler {
  const { sli, periodMs, timeoutMs } = sampled;
  const { startMs, clock, onSample, signal } = options;
  const limit = concurrencyLimit(periodMs, timeoutMs);
  const scheduling = new AbortController();
  const underWay = new Set<Promise<void>>();
  // One listener on the trial's signal for all attempts, not one for each.
  const aborts = new Set<() => void>();
  let lateness: number[] = [];
  let running = 0;

  const emit = (n: number, intendedMs: number, startedMs: number, endedMs: number, error?: string): void => {
    if (signal.aborted) return;
    const late = startedMs - intendedMs;
    const overrun = endedMs - intendedMs - timeoutMs;
    const tells =
      error === undefined || error.startsWith(notSent)
        ? ''
        : late > tellingLatenessMs
          ? ` (started ${Math.round(late)} ms late by the harness)`
          : overrun > tellingLatenessMs
            ? ` (read ${Math.round(overrun)} ms late by the harness)`
            : '';
    onSample({
      sli,
      n,
      intendedMs,
      startedMs,
      endedMs,
      ok: error === undefined,
      ...(error === undefined ? {} : { error: error + tells }),
    });
  };

  const attempt = async (n: number, intendedMs: number, startedMs: number): Promise<void> => {
    const deadlineMs = intendedMs + timeoutMs;
    const own = new AbortController();
    const gaveUp = new DOMException('the probe gave up at its deadline', 'AbortError');
    const timer = new AbortController();
    const onAbort = (): void => {
      own.abort(signal.reason);
      timer.abort(signal.reason);
    };
    aborts.add(onAbort);
    running++;
    const request = Promise.resolve()
      .then(() => sampled.attempt(n, own.signal))
      .then(
        () => undefined,
        (error: unknown) => (error === gaveUp ? '' : oneLine(error) || 'failed without a reason'),
      )
      .finally(() => {
        running--;
      });
    const late = `no answer within ${Math.round(timeoutMs)} ms`;
    const deadline = clock.sleepUntil(deadlineMs, timer.signal).then(
      () => late,
      () => undefined,
    );
    let error = await Promise.race([request, deadline]);
    // A result that the event loop brought only after the deadline is late, whichever promise was read first.
    if (error === undefined && clock.now() > deadlineMs) error = late;
    const endedMs = clock.now();
    timer.abort();
    own.abort(gaveUp);
    if (error === late && !signal.aborted) {
      // An attempt may say how far it came ("Pending on worker"), if it does so at once.
      const detail = await Promise.race([request, turnOfTheLoop()]);
      if (detail !== undefined && detail !== '' && !detail.includes('aborted')) error = `${late}: ${detail}`;
    }
    aborts.delete(onAbort);
    emit(n, intendedMs, startedMs, endedMs, error);
  };

  const run = async (): Promise<void> => {
    for (let n = 0; ; n++) {
      const intendedMs = startMs + n * periodMs;
      // Timers may fire a fraction early; an attempt never does.
      while (clock.now() < intendedMs) {
        if (scheduling.signal.aborted) return;
        await clock.sleepUntil(intendedMs, scheduling.signal).catch(() => undefined);
      }
      if (scheduling.signal.aborted) return;
      // After a pause, those past their deadline get to give up their places first.
      if (running >= limit) await turnOfTheLoop();
      const startedMs = clock.now();
      lateness.push(startedMs - intendedMs);
      if (running >= limit) emit(n, intendedMs, startedMs, startedMs, `${notSent} (${running} attempts hang on)`);
      else if (startedMs >= intendedMs + timeoutMs) emit(n, intendedMs, startedMs, startedMs, `${notSent} (paused)`);
      else {
        const one = attempt(n, intendedMs, startedMs);
        underWay.add(one);
        void one.finally(() => underWay.delete(one));
      }
    }
  };

  const onAbort = (): void => {
    scheduling.abort(signal.reason);
    for (const abort of aborts) abort();
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  const schedule = run();

  return {
    async stop() {
      scheduling.abort(new Error('the sampler was stopped'));
      await schedule;
      await Promise.all(underWay);
      signal.removeEventListener('abort', onAbort);
    },
    takeLateness() {
      const taken = lateness;
      lateness = [];
      return taken;
    },
  };
}

/** The probes of a trial while they are sampled. */
export interface Sampling {
  /** Opened sessions by SLI, for their final audits; they stay usable after `stop()`, until the signal aborts. */
  readonly sessions: ReadonlyMap<string, ProbeSession>;
  /** Sends no more of this SLI, and resolves when all that were sent are over: others may be waited for much longer. */
  settled(sli: string): Promise<void>;
  /** Stops sampling, waits for what is under way and closes the sessions. */
  stop(): Promise<void>;
}

/**
 * Opens the probes and samples them all until stopped, each at its own phase so that their requests do not come in bursts,
 * and reports the harness' own health once a second.
 *
 * @throws whatever a probe's `open` throws, after closing the others
 */
export async function startSampling(options: {
  readonly scenario: { readonly probes: readonly Probe[] };
  readonly cluster: Cluster;
  /** The ids of the trial's containers: what they use of the CPUs is its own, and what they wait for others is reported. */
  readonly containers: readonly string[];
  readonly clock: SamplerClock;
  readonly onSample: (sample: Sample) => void;
  readonly onHealth: (health: EventOf<'harness'>) => void;
  readonly signal: AbortSignal;
}): Promise<Sampling> {
  const { cluster, clock, signal, onSample } = options;
  const { probes } = options.scenario;
  const sessions = new Map<string, ProbeSession>();
  const closeAll = async (): Promise<void> => {
    await Promise.allSettled([...sessions.values()].map((session) => session.close()));
  };
  try {
    for (const probe of probes) {
      sessions.set(probe.sli, await probe.open({ cluster, signal, now: () => instant(clock.now()) }));
    }
  } catch (error) {
    await closeAll();
    throw error;
  }
  // Half a second ahead: the first attempts too start on time.
  const startMs = clock.now() + 500;
  const samplers = probes.map((probe, i) => {
    const session = sessions.get(probe.sli);
    if (session === undefined) throw new Error(`two probes have the SLI ${probe.sli}`);
    const { sli, periodMs, timeoutMs } = probe;
    const sampled = { sli, periodMs, timeoutMs, attempt: (n: number, s: AbortSignal) => session.attempt(n, s) };
    return sample(sampled, { startMs: startMs + (i * periodMs) / probes.length, clock, onSample, signal });
  });
  const restorePriority = goFirst();
  const health = watchHealth({
    takeLateness: () => samplers.flatMap((sampler) => sampler.takeLateness()),
    takeContention: watchContention(options.containers),
    onHealth: options.onHealth,
  });
  let stopped: Promise<void> | undefined;
  return {
    sessions,
    async settled(sli) {
      await samplers[probes.findIndex((probe) => probe.sli === sli)]?.stop();
    },
    stop() {
      stopped ??= (async () => {
        await Promise.all(samplers.map((sampler) => sampler.stop()));
        health.stop();
        restorePriority();
        await closeAll();
      })();
      return stopped;
    },
  };
}
