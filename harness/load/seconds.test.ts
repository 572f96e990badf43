import { describe, expect, it } from 'vitest';
import type { EventOf } from '../model/events.ts';
import { LoadSeconds } from './seconds.ts';

const zero = 1_700_000_000_000;

function counting() {
  const told: EventOf<'load'>[] = [];
  const seconds = new LoadSeconds({
    ratePerSecond: 10,
    zeroEpochMs: zero,
    answeredWithinMs: 2500,
    onSecond: (s) => told.push(s),
  });
  return { told, seconds };
}

const every100 = (from: number, to: number) =>
  Array.from({ length: (to - from) / 100 }, (_, i) => zero + from + i * 100);

describe('LoadSeconds', () => {
  it('tells each second once, as soon as a later line shows that all its answers are in', () => {
    const { told, seconds } = counting();
    for (const start of every100(5000, 8500)) seconds.line(`${start} 1`);
    expect(told).toEqual([]);
    seconds.line(`${zero + 8500} 1`);
    expect(told).toEqual([{ type: 'load', secondMs: 5000, good: 10, bad: 0, dropped: 0 }]);
    for (const start of every100(8600, 10_600)) seconds.line(`${start} 1`);
    expect(told.map((s) => s.secondMs)).toEqual([5000, 6000, 7000]);
  });

  it('counts bad ones where they started, and slots without a line as dropped', () => {
    const { told, seconds } = counting();
    for (const start of every100(0, 300)) seconds.line(`${start} 1`);
    for (const start of every100(4000, 5000)) seconds.line(`${start} 1`);
    // Hung for two seconds each, so they come late.
    for (const start of every100(2000, 2400)) seconds.line(`${start} 0`);
    seconds.line(`${zero + 5500} 1`);
    expect(told.map(({ good, bad, dropped }) => [good, bad, dropped])).toEqual([
      [3, 0, 7],
      [0, 0, 10],
      [0, 4, 6],
    ]);
  });

  it('is not confused by jitter, nor by lines in the order of finishing', () => {
    const { told, seconds } = counting();
    const starts = every100(0, 2000).map((start, i) => start + (i % 3) * 17);
    for (const start of [...starts.slice(3), ...starts.slice(0, 3)]) seconds.line(`${start} 1`);
    seconds.line(`${zero + 4600} 1`);
    expect(told.map((s) => [s.good, s.dropped])).toEqual([
      [10, 0],
      [10, 0],
    ]);
  });

  it('says nothing of what the generator said nothing of', () => {
    const { told, seconds } = counting();
    expect(seconds.line('time="..." level=warning msg="Request Failed"')).toBe(false);
    expect(seconds.line('')).toBe(false);
    expect(told).toEqual([]);
  });
});
