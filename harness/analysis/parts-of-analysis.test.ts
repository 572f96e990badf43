import { describe, expect, it } from 'vitest';
import { badTime } from './sli.ts';
import { bandsOf } from './sli.ts';
import { elapsed, latest, lowerBound, outward, whole } from './numbers.ts';
import { splitTtr } from './time-spent.ts';
import { findFirstGood, findStable, type Broken } from './recovery.ts';
import { outagesOf } from './outages.ts';

/** `+` good, `-` bad, a space is a request that was never sent; one every 1000 ms, answered after 10 ms. */
const samples = (picture: string, periodMs = 1000) =>
  Array.from(picture).flatMap((c, i) =>
    c === ' ' ? [] : [{ intendedMs: i * periodMs, endedMs: i * periodMs + 10, ok: c === '+' }],
  );

const sli = (picture: string, periodMs = 1000): Broken => {
  const answers = samples(picture, periodMs);
  const log = { sli: 'dns', title: 'DNS', periodMs, timeoutMs: 1000, bystander: false, samples: answers };
  return { sli: log as unknown as Broken['sli'], outages: outagesOf(answers, { periodMs }, 0, 1e6) };
};

describe('findStable', () => {
  const at = (picture: string, toMs: number, periodMs = 1000) => findStable([sli(picture, periodMs)], toMs, 10_000)?.at;

  it('needs the whole window, seen and without a gap', () => {
    expect(at('+----++++++++++', 15_000)).toEqual({ lo: 4000, hi: 5000 });
    expect(at('+----++++++++++', 14_999)).toBeUndefined();
    expect(at('+----+++++++++', 15_000)).toBeUndefined();
    expect(at('+----++    ++++', 15_000)).toEqual({ lo: 4000, hi: 5000 });
    expect(at('+----++     +++', 15_000)).toBeUndefined();
  });

  it('is broken by an outage, not by a lost request', () => {
    expect(at('+----+++-++++-+', 15_000)).toEqual({ lo: 4000, hi: 5000 });
    expect(at('+----+++++++---+++++++++++', 26_000)).toEqual({ lo: 14_000, hi: 15_000 });
  });

  it('asks a slow probe as often as it takes for an outage to be over', () => {
    expect(at('+--+++', 36_000, 6000)).toEqual({ lo: 12_000, hi: 18_000 });
    expect(at('+--+++', 35_000, 6000)).toBeUndefined();
    expect(at('+--++', 60_000, 6000)).toBeUndefined();
  });

  it('is not upset by the last digits of floating-point instants', () => {
    const periodMs = 1000 / 3;
    const odd = Array.from({ length: 60 }, (_, i) => ({
      intendedMs: 0.1 + i * periodMs,
      endedMs: 5 + i * periodMs,
      ok: i > 20,
    }));
    const one = { ...sli('', periodMs), outages: outagesOf(odd, { periodMs }, 0, 1e6) };
    const broken = { ...one, sli: { ...one.sli, samples: odd as unknown as Broken['sli']['samples'] } };
    expect(findStable([broken], 0.1 + 51 * periodMs, 10_000)).toBeDefined();
    expect(findStable([broken], 50.9 * periodMs, 10_000)).toBeUndefined();
  });

  it('is the last of several: between the greatest lower and the greatest upper end', () => {
    // slow: bad at 10 s, good at 15 s; fast: bad at 10 s, good at 11 s
    const both = [sli('+--++++', 5000), sli('+++++------+++++++++++++++++++++++')];
    expect(findStable(both, 35_000, 10_000)).toEqual({ at: { lo: 10_000, hi: 15_000 }, fromMs: 15_000 });
    expect(findStable(both, 24_000, 10_000)).toBeUndefined();
  });

  it('has one end for SLIs that went down one after the other', () => {
    const [first, second] = [sli('+----+++++++++++++++++++++'), sli('+++++++---++++++++++++++++')] as const;
    expect(findStable([first, second], 26_000, 10_000)?.at).toEqual({ lo: 9000, hi: 10_000 });
    expect(findFirstGood([first, second])).toEqual({ lo: 9000, hi: 10_000 });
    expect(findFirstGood([first])).toEqual({ lo: 4000, hi: 5000 });
  });
});

describe('findStable under a prevention', () => {
  const at = (picture: string, toMs: number, changedMs: number) =>
    findStable([sli(picture)], toMs, 10_000, changedMs)?.at;
  // Down at 1 s and again at 20 s, good for fourteen seconds between.
  const twice = `+-----++++++++++++++------++++++++++++++++`;

  it('is not stable between two steps of a change that goes on', () => {
    expect(at(twice, 40_000, 0)).toEqual({ lo: 5000, hi: 6000 });
    expect(at(twice, 40_000, 18_000)).toEqual({ lo: 25_000, hi: 26_000 });
  });

  it('is stable since its last outage, also where the change went on after that, and only after a window behind it', () => {
    expect(at(twice, 40_000, 28_000)).toEqual({ lo: 25_000, hi: 26_000 });
    expect(at(twice, 38_000, 28_000)).toEqual({ lo: 25_000, hi: 26_000 });
    expect(at(twice, 37_999, 28_000)).toBeUndefined();
  });
});

describe('findFirstGood', () => {
  it('is when everything was good at once', () => {
    const [a, b] = [sli('+---+++++---+++++++++'), sli('++-----------+++++++++')] as const;
    expect(findFirstGood([a, b])).toEqual({ lo: 12_000, hi: 13_000 });
    expect(findFirstGood([a, sli('+---++++++++++++++++++')])).toEqual({ lo: 3000, hi: 4000 });
    expect(findFirstGood([a, sli('++++++++++++++++++----')])).toBeUndefined();
    expect(findFirstGood([])).toBeUndefined();
  });
});

describe('badTime', () => {
  it('counts a period for every bad sample, cut at the end', () => {
    expect(badTime(samples('+--+-'), 1000, 0, 4500)).toBe(2500);
    expect(badTime(samples('+--+-'), 1000, 2000, 4000)).toBe(1000);
  });
});

describe('bandsOf', () => {
  it('joins neighbours, ends with the observation, and leaves holes empty', () => {
    expect(bandsOf(samples('++--+           +'), 1000, 16_500)).toEqual([
      { fromMs: 0, toMs: 2000, good: true },
      { fromMs: 2000, toMs: 4000, good: false },
      { fromMs: 4000, toMs: 5000, good: true },
      { fromMs: 16_000, toMs: 16_500, good: true },
    ]);
  });
});

describe('splitTtr', () => {
  const onset = { lo: 0, hi: 0 };
  it.each([
    ['during the runbook', 40_000, { startMs: 30_000, endMs: 60_000 }, [30_000, 10_000, 0]],
    ['after it', 40_000, { startMs: 30_000, endMs: 35_000 }, [30_000, 5000, 5000]],
    ['before the runbook began', 20_000, { startMs: 30_000, endMs: 35_000 }, [20_000, 0, 0]],
    ['without a runbook', 20_000, undefined, [20_000, 0, 0]],
  ])('recovery %s', (_name, ttr, mitigation, parts) => {
    expect(Object.values(splitTtr({ lo: ttr, hi: ttr }, onset, mitigation))).toEqual(parts);
  });
});

describe('numbers', () => {
  it('round outwards, never negative zero', () => {
    expect(outward(1.2, 3.1)).toEqual({ lo: 1, hi: 4 });
    expect(outward(1.0000000001, 2.9999999999)).toEqual({ lo: 1, hi: 3 });
    expect(Object.is(whole(-0.2), 0)).toBe(true);
    expect(elapsed({ lo: 10, hi: 20 }, { lo: 15, hi: 30 })).toEqual({ lo: 0, hi: 20 });
    expect(latest([])).toBeUndefined();
    expect(lowerBound([1, 3, 5], 4, (x) => x)).toBe(2);
  });
});
