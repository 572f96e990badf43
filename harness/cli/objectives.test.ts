import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { objectiveFor, objectivesOf } from './objectives.ts';

const dir = mkdtempSync(join(tmpdir(), 'firedrill-objectives-'));
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe('a recovery objective', () => {
  it('is a time, and rows where something is said of them, for one outage or the one that is run', () => {
    expect(objectivesOf('5m')).toEqual([{ objective: { recoverMs: 300_000 } }]);
    expect(objectivesOf('90s, 0 rows')).toEqual([{ objective: { recoverMs: 90_000, rows: 0 } }]);
    expect(objectivesOf('cni-wipe: 1.5m, 1 row')).toEqual([
      { scenario: 'cni-wipe', objective: { recoverMs: 90_000, rows: 1 } },
    ]);
  });

  it('stands in a file, one a line', () => {
    const file = join(dir, 'objectives');
    writeFileSync(file, '# ours\ncni-wipe: 5m, 0 rows  # RTO, RPO\n\ncoredns-loop: 2m\n');
    expect(objectivesOf(file).map(({ scenario }) => scenario)).toEqual(['cni-wipe', 'coredns-loop']);
    writeFileSync(file, 'cni-wipe: 5m\ncoredns-loop: soon\n');
    expect(() => objectivesOf(file)).toThrow(`${file}:2: "coredns-loop: soon" is no objective`);
  });

  it.each(['5', '5m 0 rows', 'cni-wipe 5m', '5m, none', ''])('is not %j', (text) => {
    expect(() => objectivesOf(text)).toThrow('is no objective');
  });

  it('is the last one for an outage, and no longer than that is watched', () => {
    const given = [...objectivesOf('2m'), ...objectivesOf('cni-wipe: 1m')];
    expect(objectiveFor(given, 'cni-wipe', 135_000)?.recoverMs).toBe(60_000);
    expect(objectiveFor(given, 'coredns-loop', 135_000)?.recoverMs).toBe(120_000);
    expect(objectiveFor([], 'cni-wipe', 135_000)).toBeUndefined();
    expect(() => objectiveFor(objectivesOf('5m'), 'cni-wipe', 135_000)).toThrow(
      'is 300 s, and its trials are watched for 135 s',
    );
  });
});
