import { describe, expect, it } from 'vitest';
import { FiredrillError } from '../model/errors.ts';
import { readEvents } from './read.ts';
import { buildLog } from './testing/log-builder.ts';

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
});
