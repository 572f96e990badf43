import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { EventOf } from '../model/events.ts';

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

/** Linux' pressure stall information, where the kernel has it. */
function cpuPressure(): number | undefined {
  try {
    return parsePressure(readFileSync('/proc/pressure/cpu', 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Measures the harness itself once a second: a starved observer blames the system for its own pauses. Event-loop delay is
 * the 99th percentile of the last two seconds (Node's histogram loses the first interval after a reset, so two of them
 * take turns and a pause is never missed); lateness and CPU are those of the last second.
 */
export function watchHealth(options: {
  /** How late probes started since the last call, ms. */
  takeLateness(): readonly number[];
  onHealth(health: EventOf<'harness'>): void;
  readonly intervalMs?: number;
}): { stop(): void } {
  const histograms = [
    monitorEventLoopDelay({ resolution: resolutionMs }),
    monitorEventLoopDelay({ resolution: resolutionMs }),
  ];
  for (const histogram of histograms) histogram.enable();
  let turn = 0;
  let before = { cpu: process.cpuUsage(), at: performance.now() };
  const round = (x: number): number => Math.round(x * 100) / 100;
  const timer = setInterval(() => {
    const now = { cpu: process.cpuUsage(), at: performance.now() };
    const cpuMs = (now.cpu.user + now.cpu.system - before.cpu.user - before.cpu.system) / 1000;
    const histogram = histograms[turn++ % 2];
    const delay = histogram && histogram.count > 0 ? histogram.percentile(99) / 1e6 - resolutionMs : 0;
    histogram?.reset();
    const pressure = cpuPressure();
    options.onHealth({
      type: 'harness',
      loopDelayP99Ms: round(Math.max(0, delay)),
      latenessP99Ms: round(Math.max(0, quantile(options.takeLateness(), 0.99))),
      cpuCores: round(cpuMs / Math.max(1, now.at - before.at)),
      ...(pressure === undefined ? {} : { cpuPressure: pressure }),
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
