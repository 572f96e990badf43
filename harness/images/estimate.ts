/** What kind of work a step is, so that two that want the same thing do not run at once. */
export type Lane = 'cpu' | 'net' | 'docker';

/** A piece of work as the scheduler and the estimate see it. */
export interface Work {
  readonly id: string;
  readonly needs: readonly string[];
  readonly lane: Lane;
  /** How long it typically takes, in milliseconds. */
  readonly ms: number;
}

/** How many steps run at once. More than two only queue on a small machine. */
export const maxParallel = 2;

/**
 * How long the longest chain of work from each piece to the end is: what has the longest chain behind it is started first.
 * Names in `needs` that are not in the list count as done.
 */
export function chains(work: readonly Work[]): ReadonlyMap<string, number> {
  const after = new Map<string, Work[]>();
  for (const w of work) for (const need of w.needs) after.set(need, [...(after.get(need) ?? []), w]);
  const memo = new Map<string, number>();
  const chain = (w: Work): number => {
    const known = memo.get(w.id);
    if (known !== undefined) return known;
    memo.set(w.id, w.ms); // a ring must not turn this into an endless descent
    const length = w.ms + Math.max(0, ...(after.get(w.id) ?? []).map(chain));
    memo.set(w.id, length);
    return length;
  };
  for (const w of work) chain(w);
  return memo;
}

/**
 * Which steps may start now: their needs are met, their lane is free, there is room; the longest chain first.
 * @param open ids of what is neither done nor running
 * @param running ids of what runs
 */
export function startable(
  work: readonly Work[],
  open: ReadonlySet<string>,
  running: ReadonlySet<string>,
  priority: ReadonlyMap<string, number> = chains(work),
): readonly string[] {
  const lanes = new Set(work.filter((w) => running.has(w.id)).map((w) => w.lane));
  const chosen: string[] = [];
  const ready = work
    .filter((w) => open.has(w.id) && w.needs.every((n) => !open.has(n) && !running.has(n)))
    .sort((a, b) => (priority.get(b.id) ?? 0) - (priority.get(a.id) ?? 0));
  for (const w of ready) {
    if (running.size + chosen.length >= maxParallel) break;
    if (lanes.has(w.lane)) continue;
    lanes.add(w.lane);
    chosen.push(w.id);
  }
  return chosen;
}

/**
 * How long the open work takes, by playing the scheduler through with typical durations.
 * @param open what has not started
 * @param running what runs, with the milliseconds since it began
 * @param pace how many times slower than typical this machine is (see `paceOf`)
 */
export function remaining(
  work: readonly Work[],
  open: ReadonlySet<string>,
  running: ReadonlyMap<string, number> = new Map(),
  pace = 1,
): number {
  const byId = new Map(work.map((w) => [w.id, w]));
  const todo = new Set(open);
  const left = new Map<string, number>();
  for (const [id, elapsed] of running) {
    const typical = (byId.get(id)?.ms ?? 0) * pace;
    // A step that is over its time is nearly done, but never promised to be: a tenth of it is always left.
    left.set(id, Math.max(typical - elapsed, typical * 0.1));
  }
  const priority = chains(work);
  let now = 0;
  for (;;) {
    for (const id of startable(work, todo, new Set(left.keys()), priority)) {
      todo.delete(id);
      left.set(id, (byId.get(id)?.ms ?? 0) * pace);
    }
    if (left.size === 0) return now;
    const step = Math.min(...left.values());
    now += step;
    for (const [id, ms] of left) {
      if (ms - step <= 1e-9) left.delete(id);
      else left.set(id, ms - step);
    }
  }
}

/** One finished step: how long it took and how long it typically takes, in milliseconds. */
export interface Finished {
  readonly tookMs: number;
  readonly typicalMs: number;
}

/**
 * How many times slower than typical the finished steps were: 1 until five typical seconds are done, then their ratio,
 * held between a twentieth (warm caches) and ten.
 */
export function paceOf(finished: readonly Finished[]): number {
  const typical = finished.reduce((sum, f) => sum + f.typicalMs, 0);
  if (typical < 5_000) return 1;
  const took = finished.reduce((sum, f) => sum + f.tookMs, 0);
  return Math.min(10, Math.max(0.05, took / typical));
}
