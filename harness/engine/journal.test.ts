import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEvents } from '../analysis/read.ts';
import type { TrialEvent } from '../model/events.ts';
import { instant } from '../model/units.ts';
import { Journal } from './journal.ts';

let dir = '';
let path = '';
let journal: Journal;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'firedrill-journal-'));
  path = join(dir, 'events.jsonl');
  let nowMs = 0;
  const now = () => instant(nowMs++);
  journal = new Journal(path, { now, sleep: () => Promise.resolve(), sleepUntil: () => Promise.resolve() });
});
afterEach(() => {
  journal.close();
  rmSync(dir, { recursive: true });
});

describe('Journal', () => {
  /** Python: `s = zlib.crc32(b'{"type":"note","text":"one","seq":0,"atMs":0}')`, then `zlib.crc32(line.encode(), s)` of the next. */
  it('carries a sum on from line to line, which any CRC-32 gives, and which is no part of the event', () => {
    journal.write({ type: 'note', text: 'one' });
    journal.write({ type: 'note', text: 'zwölf' });
    const text = readFileSync(path, 'utf8');
    expect(text.match(/(?<="sum":")\w+/g)).toEqual(['b4a5ef99', '63a438b9']);
    expect(text.split('\n')[0]).toBe('{"type":"note","text":"one","seq":0,"atMs":0,"sum":"b4a5ef99"}');
    expect(readEvents(text)).toEqual(journal.events);
    expect(journal.events[0]).toEqual({ type: 'note', text: 'one', seq: 0, atMs: 0 });
  });

  it('ends with the end of the trial, for its followers too', async () => {
    const followed: TrialEvent[] = [];
    const following = (async () => {
      for await (const event of journal.live.subscribe(new AbortController().signal)) followed.push(event);
    })();
    journal.write({ type: 'trial.ended', cause: 'completed' });
    expect(journal.write({ type: 'note', text: 'one more thing' })).toBeUndefined();
    await following;
    expect(followed.map((e) => e.type)).toEqual(['trial.ended']);
    expect(readEvents(readFileSync(path, 'utf8'))).toHaveLength(1);
  });

  it('costs microseconds a line', () => {
    const sample = { type: 'sample', sli: 'dns', n: 1, intendedMs: 1, startedMs: 1, endedMs: 2, ok: true } as const;
    const began = performance.now();
    for (let n = 0; n < 5000; n++) journal.write({ ...sample, n });
    // A trial writes fifty a second; this is for the case that somebody makes it a hundred times dearer.
    expect((performance.now() - began) / 5000).toBeLessThan(1);
  });
});
