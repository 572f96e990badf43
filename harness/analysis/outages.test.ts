import { describe, expect, it } from 'vitest';
import { seeded } from '../model/random.ts';
import type { Answer } from './log.ts';
import { isDown, needsOf, outagesOf, type Outage } from './outages.ts';

/** `+` good, `-` bad; one every period, answered after 10 ms. */
const answers = (picture: string, periodMs = 250): readonly Answer[] =>
  Array.from(picture).map((c, i) => ({ intendedMs: i * periodMs, endedMs: i * periodMs + 10, ok: c === '+' }));

/** The outages of such a picture, as it shows them: `=` is in an outage, `!` in one that is still on. */
function marked(picture: string, probe: { periodMs?: number; slo?: number } = {}): string {
  const { periodMs = 250 } = probe;
  const chars = Array.from(picture);
  for (const { firstBadMs, lastBadMs, ended } of outagesOf(answers(picture, periodMs), { ...probe, periodMs }, 0, 1e9))
    chars.fill(ended === undefined ? '!' : '=', firstBadMs / periodMs, lastBadMs / periodMs + 1);
  return chars.join('');
}

describe('a burst', () => {
  it.each([
    ['+++-+++++++++++', '+++-+++++++++++'],
    ['+++--++++++++++', '+++--++++++++++'],
    ['+++---+++++++++', '+++===+++++++++'],
    ['+++-+--++++++++', '+++====++++++++'],
    ['+++-+-+-+++++++', '+++=====+++++++'],
    ['+++--++-+++++++', '+++--++-+++++++'],
    ['+++-+-++-++++++', '+++-+-++-++++++'],
    // As many good ones as end an outage lie between two, or fewer: then they are one.
    ['+---++++---++++', '+===++++===++++'],
    ['+---+++---+++++', '+=========+++++'],
    ['---++++++++++++', '===++++++++++++'],
  ])('%s', (picture, expected) => {
    expect(marked(picture)).toBe(expected);
  });

  it.each([
    ['++-++++++', '++-++++++'],
    ['++--+++++', '++==+++++'],
    ['++-+-++++', '++===++++'],
    ['++-++-+++', '++-++-+++'],
  ])('of a probe that asks each 3 s is two: %s', (picture, expected) => {
    expect(marked(picture, { periodMs: 3000 })).toBe(expected);
  });

  it('is two from a period of 2 s on', () => {
    expect([250, 1999, 2000, 3000].map(needsOf)).toEqual([3, 3, 2, 2]);
  });
});

describe('a bleed', () => {
  const every = (n: number, times: number): string => `-${'+'.repeat(n - 1)}`.repeat(times);
  const rest = '+'.repeat(20);

  it('is one in ten that fails, five times', () => {
    const down = (picture: string) => marked(picture).includes('=');
    expect(down(every(10, 5) + rest)).toBe(true);
    expect(down(every(10, 4) + rest)).toBe(false);
    expect(down(every(11, 8) + rest)).toBe(false);
  });

  it('is so many more of a probe with a stricter objective', () => {
    expect(marked(every(50, 5) + rest, { slo: 0.99 })).toContain('=');
    expect(marked(every(50, 5) + rest, { slo: 0.95 })).not.toContain('=');
    expect(marked(every(3, 5) + rest, { slo: 0.5 })).not.toContain('=');
    expect(marked(every(2, 5) + rest, { slo: 0 })).toContain('=');
  });

  it('is as many of a slow probe', () => {
    expect(marked(every(10, 5) + rest, { periodMs: 3000 })).toContain('=');
    expect(marked(every(10, 4) + rest, { periodMs: 3000 })).not.toContain('=');
  });

  it('is not broken by bursts in it, and goes on through them', () => {
    const picture = `${every(9, 2)}---++++++++${every(9, 3)}${rest}`;
    const [outage, ...more] = outagesOf(answers(picture), { periodMs: 250 }, 0, 1e9);
    expect(more).toEqual([]);
    expect(outage).toMatchObject({ firstBadMs: 0, lastBadMs: picture.lastIndexOf('-') * 250, failures: 8 });
  });

  it('is not made of a burst and two lost requests near it', () => {
    expect(marked(`---+++++++-++++++++-${rest}`)).toBe(`===+++++++-++++++++-${rest}`);
    expect(marked(`---+++++++-++++++++-+++++++-${rest}`)).toContain('======');
  });

  it('is still on until more good ones in a row have come than it had itself', () => {
    const picture = every(8, 5).slice(0, -7);
    expect(marked(`${picture}${'+'.repeat(7)}`)).toContain('!');
    expect(marked(`${picture}${'+'.repeat(8)}`)).not.toContain('!');
  });
});

describe('a lost request', () => {
  it('next to an outage does not move its end by more than two periods', () => {
    const picture = `++++${'-'.repeat(20)}${'+'.repeat(40)}`;
    for (let at = 24; at < 64; at++) {
      const lost = `${picture.slice(0, at)}-${picture.slice(at + 1)}`;
      const [outage, ...more] = outagesOf(answers(lost), { periodMs: 250 }, 0, 1e9);
      expect(more).toEqual([]);
      expect((outage?.lastBadMs ?? 0) / 250 - 23).toBeLessThanOrEqual(at === 24 ? 1 : 0);
    }
  });

  it('is part of the outage where good ones are as rare in it', () => {
    expect(marked('+-+-+-+-+++++++')).toBe('+=======+++++++');
    expect(marked('+-------+-+++++')).toBe('+=======+-+++++');
    expect(marked('+-----+---+++++')).toBe('+=========+++++');
    expect(marked('+------+--+++++')).toBe('+=========+++++');
  });
});

describe('the end of an outage', () => {
  const only = (samples: readonly Answer[], periodMs = 250): Outage => {
    const [outage, ...more] = outagesOf(samples, { periodMs }, 0, 1e9);
    expect(more).toEqual([]);
    if (outage === undefined) throw new Error('no outage');
    return outage;
  };

  it('lies between the last failed request and the first good one', () => {
    expect(only(answers('++---++++'))).toEqual({
      firstBadMs: 500,
      lastBadMs: 1000,
      began: { lo: 250, hi: 510 },
      overdueMs: 510,
      ended: { lo: 1000, hi: 1250 },
      failures: 3,
    });
  });

  it('is not known before one good request more than makes a burst', () => {
    expect(only(answers('++---+++')).ended).toBeUndefined();
    expect(only(answers('++---++++')).ended).toBeDefined();
    expect(only(answers('++--+++', 3000), 3000).ended).toBeDefined();
    expect(only(answers('++--++', 3000), 3000).ended).toBeUndefined();
  });

  it('is told by the ends of requests that waited for it, not by when they began', () => {
    // Asked each 3 s, with 10 s to answer; down from 6 s until 39 s, a pod takes 1 s.
    const waited = Array.from({ length: 25 }, (_, n) => {
      const intendedMs = 3000 * n;
      const doneMs = intendedMs < 6000 || intendedMs > 39_000 ? intendedMs + 1000 : 39_500;
      return { intendedMs, endedMs: Math.min(doneMs, intendedMs + 10_000), ok: doneMs <= intendedMs + 10_000 };
    });
    expect(only(waited, 3000)).toMatchObject({ lastBadMs: 27_000, ended: { lo: 35_500, hi: 39_500 } });
    // As long as only those that waited have been answered, it was over by the first of them.
    expect(only(waited.slice(0, 14), 3000).ended?.hi).toBe(39_500);
  });

  it('is where a request was good from its beginning that took no longer than is usual, slow as that is', () => {
    const slow = Array.from({ length: 60 }, (_, n) => {
      const intendedMs = 250 * n;
      const ok = n < 10 || n >= 30;
      return { intendedMs, endedMs: intendedMs + (ok ? 800 + (n % 3) * 50 : 2), ok };
    });
    expect(only(slow).ended).toEqual({ lo: 7250, hi: 7500 });
  });

  it('needs more good requests in a row than there were in it: one node of two is still down', () => {
    // Every other pod goes to the node that is down.
    const outage = only(answers('+++-+-+-+-+++++++++', 3000), 3000);
    expect(outage).toMatchObject({ lastBadMs: 27_000, ended: { lo: 27_000, hi: 33_000 } });
  });

  it('is told by pods that waited on the node that was down, not by those of the other', () => {
    const pods = Array.from({ length: 30 }, (_, n) => {
      const intendedMs = 3000 * n;
      const down = n % 2 === 0 && intendedMs >= 6000 && intendedMs < 51_000;
      const doneMs = down ? 51_500 : intendedMs + 1000;
      return { intendedMs, endedMs: Math.min(doneMs, intendedMs + 10_000), ok: doneMs <= intendedMs + 10_000 };
    });
    expect(only(pods, 3000).ended).toEqual({ lo: 47_500, hi: 51_500 });
  });
});

describe('borders', () => {
  it('are by intended starts, the first in and the last out', () => {
    const samples = answers('++++---+++++++---++++');
    const within = (fromMs: number, toMs: number) => outagesOf(samples, { periodMs: 250 }, fromMs, toMs);
    expect(within(1000, 1501)).toHaveLength(1);
    expect(within(1001, 1501)).toHaveLength(0);
    expect(within(1000, 1500)).toHaveLength(0);
    expect(within(0, 5000)).toHaveLength(2);
    expect(within(1000, 1501)[0]).toMatchObject({ began: { lo: 750 } });
    expect(within(0, 1501)[0]?.ended).toBeUndefined();
  });

  it('hold for nothing, for all good and for all bad', () => {
    expect(outagesOf([], { periodMs: 250 }, 0, 1e9)).toEqual([]);
    expect(outagesOf(answers('++++'), { periodMs: 250 }, 0, 1e9)).toEqual([]);
    expect(outagesOf(answers('----'), { periodMs: 250 }, 0, 1e9)).toEqual([
      { firstBadMs: 0, lastBadMs: 750, began: { lo: 0, hi: 10 }, overdueMs: 0, failures: 4 },
    ]);
  });

  it('are what the display goes by', () => {
    expect(isDown(answers('+++--'), { periodMs: 250 })).toBe(false);
    expect(isDown(answers('+++---'), { periodMs: 250 })).toBe(true);
    expect(isDown(answers('+++---+++'), { periodMs: 250 })).toBe(true);
    expect(isDown(answers('+++---++++'), { periodMs: 250 })).toBe(false);
  });
});

describe('properties', () => {
  const random = seeded(11);
  const anything = (share: number): readonly Answer[] => {
    let bad = false;
    return Array.from({ length: 200 }, (_, i) => {
      if (random() < 0.05) bad = !bad;
      const ok = random() > (bad ? share : 0.02);
      return { intendedMs: 1000 + i * 250, endedMs: 1000 + i * 250 + random() * (ok ? 400 : 3000), ok };
    });
  };
  const cases = Array.from({ length: 400 }, (_, i) => anything(0.2 + (0.8 * i) / 400));
  const all = (samples: readonly Answer[]) => outagesOf(samples, { periodMs: 250 }, 0, 1e9);

  it('outages are in order, apart, begin and end with failed requests, and hold as many as they say', () => {
    let seen = 0;
    for (const samples of cases) {
      let previous = Number.NEGATIVE_INFINITY;
      for (const outage of all(samples)) {
        seen++;
        const within = samples.filter((s) => s.intendedMs >= outage.firstBadMs && s.intendedMs <= outage.lastBadMs);
        expect(within[0]?.ok).toBe(false);
        expect(within.at(-1)?.ok).toBe(false);
        expect(within.filter((s) => !s.ok)).toHaveLength(outage.failures);
        expect(outage.failures).toBeGreaterThanOrEqual(3);
        expect(outage.firstBadMs).toBeGreaterThan(previous);
        previous = outage.lastBadMs;
      }
    }
    expect(seen).toBeGreaterThan(400);
  });

  it('intervals are never inside out, and no outage ends before its last failed request began', () => {
    for (const samples of cases)
      for (const { began, ended, lastBadMs, overdueMs } of all(samples)) {
        expect(began.hi).toBeGreaterThanOrEqual(began.lo);
        expect(overdueMs).toBeLessThanOrEqual(began.hi);
        if (ended === undefined) continue;
        expect(ended.hi).toBeGreaterThanOrEqual(ended.lo);
        expect(ended.lo).toBeGreaterThanOrEqual(lastBadMs);
      }
  });

  it('only the last may be still on', () => {
    for (const samples of cases)
      expect(
        all(samples)
          .slice(0, -1)
          .every((o) => o.ended !== undefined),
      ).toBe(true);
  });

  it('shifting all instants shifts the outages', () => {
    const shift = 1_048_576;
    for (const samples of cases.slice(0, 50)) {
      const later = samples.map((s) => ({ ...s, intendedMs: s.intendedMs + shift, endedMs: s.endedMs + shift }));
      expect(all(later).map((o) => [o.firstBadMs - shift, o.lastBadMs - shift, o.failures])).toEqual(
        all(samples).map((o) => [o.firstBadMs, o.lastBadMs, o.failures]),
      );
    }
  });

  it('one more failed request makes no outage vanish', () => {
    for (const samples of cases)
      for (const at of samples.keys()) {
        if (samples[at]?.ok !== true || random() > 0.1) continue;
        const worse = all(samples.map((s, i) => (i === at ? { ...s, ok: false } : s)));
        for (const { firstBadMs, lastBadMs } of all(samples))
          expect(worse.some((o) => o.firstBadMs <= lastBadMs && o.lastBadMs >= firstBadMs)).toBe(true);
      }
  });
});
