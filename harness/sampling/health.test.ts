import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EventOf } from '../model/events.ts';
import { parseCpuTicks, parsePressure, parseSchedstat, quantile, watchHealth } from './health.ts';

describe('health', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('takes the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
    expect(quantile(hundred, 0.99)).toBe(99);
    expect(quantile([5], 0.99)).toBe(5);
    expect(quantile([], 0.99)).toBe(0);
  });

  it('reads pressure', () => {
    expect(parsePressure('some avg10=8.60 avg60=17.27 avg300=27.08 total=1\nfull avg10=0.00')).toBe(8.6);
    expect(parsePressure('')).toBeUndefined();
  });

  it('reads how long a thread waited, and what the host took', () => {
    expect(parseSchedstat('5000000 3853939 12\n')).toEqual({ ran: 5, waited: 3.853939 });
    expect(parseSchedstat('')).toBeUndefined();
    // The two columns of guests are in user and nice already.
    expect(parseCpuTicks('cpu  100 0 50 700 10 0 40 100 30 0\ncpu0 1 2 3\n')).toEqual({
      all: 1000,
      busy: 190,
      stolen: 100,
    });
    expect(parseCpuTicks('intr 1 2 3')).toBeUndefined();
  });

  it.runIf(process.platform === 'linux')('reads both from this kernel', async () => {
    vi.useRealTimers();
    const reports: EventOf<'harness'>[] = [];
    const watch = watchHealth({ takeLateness: () => [], onHealth: (health) => reports.push(health), intervalMs: 50 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    watch.stop();
    expect(reports.length).toBeGreaterThan(0);
    for (const { waitedShare = -1, stolenShare = -1 } of reports) {
      expect(waitedShare).toBeGreaterThanOrEqual(0);
      expect(stolenShare).toBeGreaterThanOrEqual(0);
      expect(stolenShare).toBeLessThanOrEqual(1);
    }
  });

  it('asks how the nodes share the CPUs every fifth time', () => {
    const reports: EventOf<'harness'>[] = [];
    const shared = { nodesRunning: 0.5, nodesWaiting: 1, othersShare: 0.3 };
    const takeContention = vi.fn(() => shared);
    const watch = watchHealth({ takeLateness: () => [], takeContention, onHealth: (health) => reports.push(health) });
    vi.advanceTimersByTime(11_000);
    watch.stop();
    expect(takeContention).toHaveBeenCalledTimes(2);
    expect(reports.map((report) => report.othersShare)).toEqual(
      Array.from({ length: 11 }, (_, i) => (i === 4 || i === 9 ? 0.3 : undefined)),
    );
    expect(reports[4]).toMatchObject(shared);
  });

  it('reports once a second with numbers only, and stops', () => {
    const reports: EventOf<'harness'>[] = [];
    let late = [1, 2, 300];
    const watch = watchHealth({
      takeLateness: () => late,
      onHealth: (health) => {
        reports.push(health);
        late = [];
      },
    });
    vi.advanceTimersByTime(3000);
    watch.stop();
    vi.advanceTimersByTime(3000);
    expect(reports).toHaveLength(3);
    expect(reports.map((r) => r.latenessP99Ms)).toEqual([300, 0, 0]);
    for (const { loopDelayP99Ms, cpuCores } of reports) {
      expect(Number.isFinite(loopDelayP99Ms) && loopDelayP99Ms >= 0).toBe(true);
      expect(Number.isFinite(cpuCores) && cpuCores >= 0).toBe(true);
    }
  });
});
