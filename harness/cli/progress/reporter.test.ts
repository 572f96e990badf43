import { describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../model/progress.ts';
import type { Output } from '../output.ts';
import { chooseReporter, makeReporter, type ReporterWorld } from './reporter.ts';

function world(isTty = true) {
  let text = '';
  let nowMs = 0;
  const ticks: (() => void)[] = [];
  const output: Output = {
    result: () => {
      throw new Error('progress on stdout');
    },
    tell: (line) => {
      const write = () => (text += `${line}\n`);
      if (output.makeRoom === undefined) write();
      else output.makeRoom(write);
    },
    makeRoom: undefined,
    stderr: { isTty, columns: 80, colour: false, write: (part) => (text += part) },
    stdout: { isTty, columns: 80, colour: false },
  };
  const made: ReporterWorld = {
    output,
    now: () => nowMs,
    every: (_ms, run) => {
      ticks.push(run);
      return () => {
        ticks.length = 0;
      };
    },
  };
  return {
    world: made,
    text: () => text,
    clear: () => (text = ''),
    tick: (ms: number) => {
      nowMs += ms;
      for (const run of ticks) run();
    },
    ticking: () => ticks.length > 0,
  };
}

const begin: ProgressEvent = { type: 'phase', name: 'steady', state: 'started', deadlineMs: 60_000 };
const end: ProgressEvent = { type: 'phase', name: 'steady', state: 'done' };

/** What a terminal shows after these bytes: enough of one for "up n", carriage return and "erase below". */
function screen(bytes: string): readonly string[] {
  const lines: string[] = [''];
  let row = 0;
  for (const part of bytes.match(/\u001b\[\d*[A-Z]|\n|\r|[^\u001b\n\r]+/g) ?? []) {
    const up = /^\u001b\[(\d+)A$/.exec(part);
    if (up) row -= Number(up[1]);
    else if (part === '\u001b[0J') lines.splice(row, lines.length, '');
    else if (part === '\n') lines[++row] ??= '';
    else if (part !== '\r') lines[row] = part;
  }
  return lines;
}

describe('reporters', () => {
  it('plain: a line for each beginning and end, stamped with the time since the start', () => {
    const w = world();
    const reporter = makeReporter('plain', w.world);
    reporter.onProgress(begin);
    w.tick(5000);
    reporter.onProgress(end);
    expect(w.text()).toBe('   0:00     steady ... (at most 60 s)\n   0:05   + steady    5.0 s\n');
  });

  it('live: redraws the foot in place and leaves only what is over', () => {
    const w = world();
    const reporter = makeReporter('live', w.world);
    reporter.onProgress(begin);
    w.tick(1000);
    w.tick(1000);
    expect(screen(w.text())).toEqual(['> steady    0:02 of at most 1:00', '']);
    reporter.onProgress(end);
    reporter.onProgress({ type: 'note', text: 'done' });
    reporter.stop();
    reporter.stop();
    expect(screen(w.text())).toEqual(['  + steady    2.0 s', '  done', '']);
    expect(w.ticking()).toBe(false);
  });

  it('live: makes room for a line that somebody else writes', () => {
    const w = world();
    const reporter = makeReporter('live', w.world);
    reporter.onProgress(begin);
    w.tick(1000);
    w.world.output.tell('firedrill: SIGINT: tearing down');
    w.tick(1000);
    expect(screen(w.text())).toEqual(['firedrill: SIGINT: tearing down', '> steady    0:02 of at most 1:00', '']);
    reporter.stop();
    expect(screen(w.text())).toEqual(['firedrill: SIGINT: tearing down', '']);
  });

  it('jsonl: the events as they are', () => {
    const w = world();
    const reporter = makeReporter('jsonl', w.world);
    w.tick(250);
    reporter.onProgress(begin);
    expect(JSON.parse(w.text())).toEqual({ atMs: 250, ...begin });
  });

  it('silent: nothing', () => {
    const w = world();
    makeReporter('silent', w.world).onProgress(begin);
    expect(w.text()).toBe('');
  });

  it('is live on a terminal only, and never in CI, unless asked', () => {
    expect(chooseReporter(undefined, world(true).world.output, {})).toBe('live');
    expect(chooseReporter(undefined, world(false).world.output, {})).toBe('plain');
    expect(chooseReporter(undefined, world(true).world.output, { CI: 'true' })).toBe('plain');
    expect(chooseReporter(undefined, world(true).world.output, { TERM: 'dumb' })).toBe('plain');
    expect(chooseReporter('jsonl', world(true).world.output, {})).toBe('jsonl');
  });
});
