import { describe, expect, it } from 'vitest';
import { FiredrillError } from '../model/errors.ts';
import { seal } from './checksum.ts';
import { readEvents } from './read.ts';
import { buildLog } from '../../test/support/log-builder.ts';

const log = buildLog({ probes: [{ sli: 'dns' }], endMs: 40_000 });
const text = log.map((e) => `${JSON.stringify(e)}\n`).join('');

describe('readEvents', () => {
  it('gives back what was written', () => {
    expect(readEvents(text)).toEqual(log);
  });

  it('tolerates a half last line, wherever it was cut', () => {
    const lastLine = text.trimEnd().lastIndexOf('\n') + 1;
    for (let cut = lastLine + 1; cut < text.length - 1; cut += 7) {
      expect(readEvents(text.slice(0, cut))).toHaveLength(log.length - 1);
    }
    expect(readEvents(text.slice(0, -1))).toHaveLength(log.length);
  });

  it.each([
    ['{"type":"sample"', /line 2: not JSON/],
    ['{"type":"teleport","seq":1,"atMs":1}', /line 2: .*unknown type "teleport"/],
    ['{"type":"note","text":"no instant"}', /line 2: seq/],
    ['{"type":"note","text":"x","seq":1,"atMs":null}', /line 2: atMs/],
    ['7', /line 2/],
  ])('names the line of %s', (line, message) => {
    const lines = text.split('\n');
    const broken = [lines[0], line, ...lines.slice(1)].join('\n');
    expect(() => readEvents(broken, 'trial/events.jsonl')).toThrow(message);
    try {
      readEvents(broken, 'trial/events.jsonl');
    } catch (error) {
      expect(error).toBeInstanceOf(FiredrillError);
      expect((error as FiredrillError).code).toBe('usage');
      expect((error as FiredrillError).hint).toBe('sed -n 2p trial/events.jsonl');
    }
  });

  describe('of a log with checksums', () => {
    let sum = 0;
    const lines = log.map((event) => {
      const { line, sum: next } = seal(JSON.stringify(event), sum);
      sum = next;
      return line;
    });
    const textOf = (list: readonly string[]): string => list.map((line) => `${line}\n`).join('');

    it('gives back the same events, also after a system has changed the ends of lines', () => {
      expect(readEvents(textOf(lines))).toEqual(log);
      expect(readEvents(textOf(lines).replaceAll('\n', '\r\n'))).toEqual(log);
      expect(readEvents(textOf(lines).slice(0, -9))).toEqual(log.slice(0, -1));
    });

    it.each([
      ['is missing', lines.toSpliced(10, 1), /line 11: it does not follow from the line above/],
      ['is doubled', lines.toSpliced(10, 0, lines[9] ?? ''), /line 11: it does not follow/],
      [
        'was altered',
        lines.with(10, (lines[10] ?? '').replace('"ok":true', '"ok":false')),
        /line 11: it does not follow/,
      ],
      ['lost its checksum', lines.with(10, JSON.stringify(log[10])), /line 11: it has no checksum, and those above/],
      ['is of another log', [JSON.stringify(log[0]), ...lines.slice(1)], /line 2: it has a checksum, and those above/],
    ])('names the first line that does not fit where one %s', (_what, damaged, message) => {
      expect(() => readEvents(textOf(damaged))).toThrow(message);
    });
  });
});
