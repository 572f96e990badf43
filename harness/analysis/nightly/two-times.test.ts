import { describe, expect, it } from 'vitest';
import { nightlyMarkdown, nightlyTerminal } from '../../reporters/nightly.ts';
import type { NightLine } from '../../model/night.ts';
import { history, tonightOf, type HistoryOptions } from '../../../test/support/histories.ts';
import type { Night } from './lines.ts';
import { judgeNight, type ScenarioVerdict } from './verdict.ts';

/** Downtime beside time to recover: what makes a night red, what is said of it, and what of a baseline that has none. */

const pinned = 5;

function judged(nights: readonly Night[], baseline = nights.slice(0, pinned)): ScenarioVerdict {
  const tonight = nights.at(-1);
  if (tonight === undefined) throw new Error('no night');
  const asked = { history: nights.slice(0, -1), baseline, expected: [], nights: 5 };
  const [verdict] = judgeNight({ ...asked, tonight: [tonightOf(tonight)] });
  if (verdict === undefined) throw new Error('no verdict');
  return verdict;
}

const since = (what: string, downtimeMs: number, ttrMs: number, share = 0.9): HistoryOptions => ({
  seed: 11,
  nights: pinned + 5,
  share,
  planted: (night, name) => (night >= pinned && name === what ? { downtimeMs, ttrMs } : 0),
});

const changed = (night: Night, to: (line: NightLine) => NightLine): Night => ({
  ...night,
  arms: new Map([...night.arms].map(([id, line]) => [id, to(line)])),
});

const withoutDowntime = (night: Night): Night =>
  changed(night, ({ downAgain: _again, ...line }) => ({
    ...line,
    blocks: line.blocks.map(({ downtimeMs: _ms, ...block }) => block),
  }));

describe('two times', () => {
  it('are both said where both are longer, downtime first', () => {
    const { verdict, reason } = judged(history(since('nuclear', 20_000, 20_000)));
    expect(verdict).toBe('red');
    expect(reason).toMatch(
      /^nuclear: downtime \d+ s longer in the last 5 nights than in the baseline \(\d+ s then, \d+ s now; 95 %: \S+ s to \S+ s; p below \S+ adjusted over 4\); TTR \d+ s longer \(/,
    );
  });

  it('are red when only one is longer, and what is not significantly different is said', () => {
    expect(judged(history(since('nuclear', 20_000, 0))).reason).toMatch(
      /^nuclear: downtime \d+ s longer .*; TTR not significantly different \(\d+ s then, \d+ s now\)$/,
    );
    expect(judged(history(since('nuclear', 0, 40_000))).reason).toMatch(
      /^nuclear: TTR \d+ s longer .*; downtime not significantly different/,
    );
  });

  it('are red when one is longer and the other shorter: that is for somebody to weigh', () => {
    const { verdict, reason } = judged(history(since('nuclear', -20_000, 40_000)));
    expect(verdict).toBe('red');
    expect(reason).toMatch(/^nuclear: downtime \d+ s shorter .*; TTR \d+ s longer/);
  });

  it('stand in the tables', () => {
    const verdict = judged(history(since('nuclear', 20_000, 0)));
    expect(nightlyMarkdown([verdict], [])).toMatch(
      /\| +\| downtime: baseline → now \| TTR: baseline → now +\|[^]*\| `nuclear` +\| \*\*\d+ s → \d+ s\*\* +\| \d+ s → \d+ s +\|/,
    );
    expect(nightlyTerminal([verdict], [], { colour: false, width: 160 })).toMatch(
      /nuclear +\d+ s → \d+ s +\d+ s → \d+ s/,
    );
  });
});

describe('a baseline from before downtimes were recorded', () => {
  const nights = history(since('nuclear', 20_000, 20_000));

  it('is read, and TTR alone is compared with the whole error', () => {
    const old = nights.map((night, i) => (i < pinned ? withoutDowntime(night) : night));
    const { verdict, reason, also, timing } = judged(old);
    expect(verdict).toBe('red');
    expect(reason).toMatch(/^nuclear: TTR \d+ s longer .* adjusted over 2\)$/);
    expect(also.join()).toContain('the baseline predates recorded downtimes');
    expect(timing?.canary?.says).toMatch(
      /^cure-delayed-30s: TTR [^:]*: \S+ s to \S+ s\) than in the baseline: the planted 30 s are seen$/,
    );
    expect(judged(nights).also.join()).not.toContain('no downtimes');
  });
});

describe('the canary', () => {
  it('is asked in both times, where 30 s of outage are less downtime, too', () => {
    for (const share of [1, 0.5]) {
      const { timing } = judged(history({ seed: 4, nights: pinned + 5, share }));
      expect(timing?.canary).toMatchObject({ kind: 'seen' });
      expect(timing?.canary?.says).toMatch(/downtime .* and TTR .*: the planted 30 s are seen in both$/);
    }
  });

  it('is only asked of TTR where hardly any of it is downtime', () => {
    const { timing } = judged(history({ seed: 4, nights: pinned + 5, share: 0.1 }));
    expect(timing?.canary?.kind).toBe('seen');
    expect(timing?.canary?.says).not.toContain('downtime');
  });

  it('is not seen when a time does not move with it', () => {
    const blind = history({ seed: 4, nights: pinned + 5 }).map((night) =>
      changed(night, (line) => ({
        ...line,
        blocks: line.blocks.map((b) =>
          line.kind === 'delayed' ? { ...b, downtimeMs: (b.downtimeMs ?? 0) - 27_000 } : b,
        ),
      })),
    );
    const { verdict, cause, reason } = judged(blind);
    expect({ verdict, cause }).toEqual({ verdict: 'no-data', cause: 'invalid' });
    expect(reason).toMatch(/the planted 30 s are not seen in downtime\)$/);
  });
});

describe('down again', () => {
  const nights = history({ seed: 9, nights: pinned + 4 });
  const last = (arm: string, downAgain: number) =>
    nights.map((night, i) =>
      i < nights.length - 1 ? night : changed(night, (line) => (line.arm === arm ? { ...line, downAgain } : line)),
    );

  it('is red after one trial where it never was', () => {
    expect(judged(last('cure', 1))).toMatchObject({
      verdict: 'red',
      reason: 'cure: went down again in 1 of 3 trials, in the baseline in none',
    });
  });

  it('is no news where it was in the baseline, by outcome in lines that do not count it', () => {
    const [first, ...others] = last('cure', 1);
    if (first === undefined) throw new Error('no night');
    const once = changed(first, ({ downAgain: _again, ...line }) => ({
      ...line,
      outcomes: line.arm === 'cure' ? { recovered: 2, relapsed: 1 } : line.outcomes,
    }));
    expect(judged([once, ...others]).gates).toEqual([]);
  });

  it('is nothing that waiting can be blamed for', () => {
    expect(judged(last('wait', 1)).gates).toEqual([]);
  });
});
