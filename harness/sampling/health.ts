import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { EventOf } from '../model/events.ts';

/** One of so many reports says how the nodes shared the CPUs. */
const contentionEvery = 5;

/** How the nodes and all else shared the CPUs; units: see the event `harness`. */
export type Contention = Required<Pick<EventOf<'harness'>, 'nodesRunning' | 'nodesWaiting' | 'othersShare'>>;

/** How often the loop's timer is meant to fire, ms: what the histogram shows on an idle loop, so it is subtracted. */
const resolutionMs = 10;

/** The value below which `share` of the values lie (nearest rank); 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** The share of the last 10 s in which some task waited for a CPU, percent, from the text of /proc/pressure/cpu. */
export function parsePressure(text: string): number | undefined {
  const found = /^some avg10=([\d.]+)/m.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** How long a thread has run and has waited for a CPU since it began, ms, from the text of its schedstat. */
export function parseSchedstat(text: string): { readonly ran: number; readonly waited: number } | undefined {
  const [, ran, waited] = /^(\d+) (\d+) \d+/.exec(text) ?? [];
  return ran === undefined ? undefined : { ran: Number(ran) / 1e6, waited: Number(waited) / 1e6 };
}

/** CPU time of the whole machine, in ticks: all, what was used in it, and what the machine's host gave to others; from the text of /proc/stat. */
export function parseCpuTicks(
  text: string,
): { readonly all: number; readonly busy: number; readonly stolen: number } | undefined {
  const found = /^cpu +([\d ]+)/m.exec(text)?.[1]?.trim().split(' ').map(Number);
  // user nice system idle iowait irq softirq steal; the two for guests are counted in the first two already.
  if (found === undefined || found.length < 8) return undefined;
  const all = found.slice(0, 8).reduce((sum, ticks) => sum + ticks, 0);
  const [, , , idle = 0, iowait = 0, , , stolen = 0] = found;
  return { all, busy: all - idle - iowait - stolen, stolen };
}

/** What the kernel says, where it is Linux and says it. */
export function fromKernel<T>(file: string, parse: (text: string) => T | undefined): T | undefined {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

const takeStock = () => ({
  cpu: process.cpuUsage(),
  at: performance.now(),
  waited: fromKernel('/proc/self/schedstat', parseSchedstat)?.waited,
  ticks: fromKernel('/proc/stat', parseCpuTicks),
});

/**
 * Measures the harness itself once a second: a starved observer blames the system for its own pauses. Event-loop delay is
 * the 99th percentile of the last two seconds (Node's histogram loses the first interval after a reset, so two of them
 * take turns and a pause is never missed); all else is of the last second. CPU pressure is the machine's, and high whenever a
 * cluster starts; what the harness itself waited for a CPU, and what the machine's host took away, are told apart from it.
 */
export function watchHealth(options: {
  /** How late probes started since the last call, ms. */
  takeLateness(): readonly number[];
  onHealth(health: EventOf<'harness'>): void;
  /** How the nodes shared the CPUs since the last call, asked every fifth time: it takes longer than all the rest. */
  takeContention?(): Contention | undefined;
  readonly intervalMs?: number;
}): { stop(): void } {
  const histograms = [
    monitorEventLoopDelay({ resolution: resolutionMs }),
    monitorEventLoopDelay({ resolution: resolutionMs }),
  ];
  for (const histogram of histograms) histogram.enable();
  let turn = 0;
  let before = takeStock();
  const round = (x: number): number => Math.round(x * 100) / 100;
  const known = <K extends string>(key: K, value: number | undefined) =>
    (value === undefined || !Number.isFinite(value) ? {} : { [key]: round(value) }) as Partial<Record<K, number>>;
  const timer = setInterval(() => {
    const now = takeStock();
    const wallMs = Math.max(1, now.at - before.at);
    const cpuMs = (now.cpu.user + now.cpu.system - before.cpu.user - before.cpu.system) / 1000;
    const histogram = histograms[turn++ % 2];
    const shared = turn % contentionEvery === 0 ? options.takeContention?.() : undefined;
    const delay = histogram && histogram.count > 0 ? histogram.percentile(99) / 1e6 - resolutionMs : 0;
    histogram?.reset();
    const waitedMs = (now.waited ?? Number.NaN) - (before.waited ?? Number.NaN);
    const ticks = (now.ticks?.all ?? Number.NaN) - (before.ticks?.all ?? Number.NaN);
    const stolen = (now.ticks?.stolen ?? 0) - (before.ticks?.stolen ?? 0);
    options.onHealth({
      type: 'harness',
      loopDelayP99Ms: round(Math.max(0, delay)),
      latenessP99Ms: round(Math.max(0, quantile(options.takeLateness(), 0.99))),
      cpuCores: round(cpuMs / wallMs),
      ...known('cpuPressure', fromKernel('/proc/pressure/cpu', parsePressure)),
      ...known('waitedShare', waitedMs / wallMs),
      ...known('stolenShare', stolen / ticks),
      ...shared,
    });
    before = now;
  }, options.intervalMs ?? 1000);
  return {
    stop() {
      clearInterval(timer);
      for (const histogram of histograms) histogram.disable();
    },
  };
}
