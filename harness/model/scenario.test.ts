import { describe, expect, it } from 'vitest';
import { profiles } from './profile.ts';
import { timersOf } from './scenario.ts';
import { seconds } from './units.ts';

describe('timersOf', () => {
  it("holds as long as the scenario asks where that is longer, and leaves the profile's other timers alone", () => {
    expect(timersOf({}, 'fast')).toEqual(profiles.fast);
    expect(timersOf({ holdMs: { stock: seconds(1), fast: seconds(75) } }, 'fast')).toEqual({
      ...profiles.fast,
      holdMs: 75_000,
    });
    expect(timersOf({ holdMs: { stock: seconds(1), fast: seconds(75) } }, 'stock').holdMs).toBe(profiles.stock.holdMs);
  });
});
