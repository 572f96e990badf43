import { FiredrillError } from '../model/errors.ts';
import type { OnProgress, ProgressSetup } from '../model/progress.ts';
import { paceOf, remaining, startable, type Finished, type Work } from './estimate.ts';

/** One step of making images. `id` names it in progress and in recorded durations; `ms` is its typical duration. */
export interface Step extends Work {
  /** What it does, for people: `kubelet, kubeadm and five more from source`. */
  readonly title: string;
  /** Hash of all that goes into it: recipe, arguments, versions, the keys of what it needs. */
  readonly key: string;
  /** Whether its result for this very key is there. Must be cheap and change nothing. */
  readonly present: (signal?: AbortSignal) => Promise<boolean>;
  /**
   * Makes the result. Killed at any instant it must leave nothing that `present` takes for done, and being run again must
   * cope with what it left. `say` takes one line of what it is at. The returned line, if any, tells how it went.
   */
  readonly run: (context: StepContext) => Promise<string | undefined>;
}

/** What a running step is handed. */
export interface StepContext {
  readonly signal: AbortSignal;
  readonly say: (detail: string) => void;
}

/** What became of a step. */
export interface StepTiming {
  readonly id: string;
  readonly title: string;
  readonly state: 'done' | 'skipped';
  readonly ms: number;
}

/** Everything a run of steps needs besides the steps. */
export interface RunStepsOptions {
  readonly progress: OnProgress;
  readonly signal?: AbortSignal | undefined;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  /** Told as soon as a step is done, to remember how long it took. */
  readonly onDone?: (id: string, ms: number) => void;
  /** Starts a heartbeat and returns what stops it. */
  readonly every?: (ms: number, beat: () => void) => () => void;
}

const heartbeatMs = 5_000;

/**
 * Which steps have to run for these goals: a goal whose result is there needs nothing, not even its inputs. In the order
 * of the list.
 */
export async function pendingSteps(
  steps: readonly Step[],
  goals: readonly string[],
  signal?: AbortSignal,
): Promise<readonly Step[]> {
  const byId = new Map(steps.map((s) => [s.id, s]));
  const seen = new Set<string>();
  const pending = new Set<string>();
  const visit = async (id: string): Promise<void> => {
    if (seen.has(id)) return;
    seen.add(id);
    const step = byId.get(id);
    if (step === undefined) throw new FiredrillError('internal', `no step is called ${id}`);
    if (await step.present(signal)) return;
    pending.add(id);
    for (const need of step.needs) await visit(need);
  };
  for (const goal of goals) await visit(goal);
  return steps.filter((s) => pending.has(s.id));
}

/**
 * Runs what the goals need, at most two at once and never two of one lane, the longest chain first. The first failure
 * stops the others, waits for them, and is thrown as it is.
 */
export async function runSteps(
  steps: readonly Step[],
  goals: readonly string[],
  options: RunStepsOptions,
): Promise<readonly StepTiming[]> {
  const now = options.now ?? (() => performance.now());
  const every = options.every ?? realEvery;
  const todo = await pendingSteps(steps, goals, options.signal);
  const skipped = reachable(steps, goals).filter((s) => !todo.includes(s));
  const timings: StepTiming[] = skipped.map((s) => ({ id: s.id, title: s.title, state: 'skipped', ms: 0 }));
  if (todo.length === 0) return timings;

  const began = now();
  const open = new Set(todo.map((s) => s.id));
  const running = new Map<
    string,
    { readonly since: number; readonly index: number; detail?: string; end: Promise<void> }
  >();
  const finished: Finished[] = [];
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  let started = 0;
  let failure: { readonly error: unknown } | undefined;

  const etaMs = (): number => {
    const at = now();
    const elapsed = new Map([...running].map(([id, r]) => [id, at - r.since]));
    return Math.round(remaining(todo, open, elapsed, paceOf(finished)));
  };
  const tell = (step: Step, index: number, state: ProgressSetup['state'], detail?: string): void => {
    options.progress({
      type: 'setup',
      part: step.title,
      state,
      index,
      of: todo.length,
      elapsedMs: Math.round(now() - began),
      etaMs: etaMs(),
      ...(detail === undefined ? {} : { detail }),
    });
  };

  const launch = (step: Step): void => {
    const index = ++started;
    open.delete(step.id);
    const since = now();
    const entry: { readonly since: number; readonly index: number; detail?: string; end: Promise<void> } = {
      since,
      index,
      end: Promise.resolve(),
    };
    running.set(step.id, entry);
    tell(step, index, 'started');
    const say = (detail: string): void => {
      entry.detail = detail;
    };
    const work = async (): Promise<void> => {
      try {
        const detail = await step.run({ signal, say });
        const ms = now() - since;
        running.delete(step.id);
        finished.push({ tookMs: ms, typicalMs: step.ms });
        timings.push({ id: step.id, title: step.title, state: 'done', ms });
        options.onDone?.(step.id, ms);
        tell(step, index, 'done', detail);
      } catch (error) {
        running.delete(step.id);
        // What others throw because they were stopped must not hide why.
        failure ??= { error };
        tell(step, index, 'failed', error instanceof Error ? error.message : String(error));
        stop.abort(error);
      }
    };
    entry.end = work();
  };

  const byId = new Map(todo.map((s) => [s.id, s]));
  const stopBeat = every(heartbeatMs, () => {
    for (const [id, r] of running) {
      const step = byId.get(id);
      if (step !== undefined) tell(step, r.index, 'working', r.detail);
    }
  });
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      if (failure === undefined) {
        for (const id of startable(todo, open, new Set(running.keys()))) {
          const step = byId.get(id);
          if (step !== undefined) launch(step);
        }
      }
      if (running.size === 0) break;
      await Promise.race([...running.values()].map((r) => r.end));
    }
  } finally {
    stopBeat();
    stop.abort(new Error('stopped'));
    await Promise.all([...running.values()].map((r) => r.end));
  }
  if (failure !== undefined) throw failure.error;
  if (open.size > 0) throw new FiredrillError('internal', `these steps wait for one another: ${[...open].join(', ')}`);
  return timings;
}

/** The goals and all that they are made from. */
export function reachable<T extends Work>(steps: readonly T[], goals: readonly string[]): readonly T[] {
  const byId = new Map(steps.map((s) => [s.id, s]));
  const seen = new Set<string>();
  const visit = (id: string): void => {
    if (seen.has(id)) return;
    seen.add(id);
    byId.get(id)?.needs.forEach(visit);
  };
  goals.forEach(visit);
  return steps.filter((s) => seen.has(s.id));
}

function realEvery(ms: number, beat: () => void): () => void {
  const timer = setInterval(beat, ms);
  return () => {
    clearInterval(timer);
  };
}
