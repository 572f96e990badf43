import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EventOf } from '../model/events.ts';
import { parsePressure, quantile, watchHealth } from './health.ts';

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
