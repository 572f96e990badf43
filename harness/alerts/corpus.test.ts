import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { must, realRunner } from '../host/run.ts';
import { archive, keepTrial, keptTruth } from '../../test/support/corpus.ts';
import { toolsForTests } from '../../test/support/prometheus.ts';
import { addToCorpus, readCorpus } from './corpus.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'corpus-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

describe.skipIf(typeof toolsForTests === 'string')('a corpus', () => {
  const tools = toolsForTests;
  if (typeof tools === 'string') return;
  const fromMs = 1_760_000_000_000;
  const add = (name: string) => keepTrial(tools, dir, name, { up: [1, 1, 0, 0] }, fromMs, 5000, keptTruth({}, fromMs));

  it('keeps a trial with the span and the checksum of its data', async () => {
    await add('a');
    const { trials, damaged } = await readCorpus([dir]);
    expect(damaged).toEqual([]);
    expect(trials).toHaveLength(1);
    expect(trials[0]?.truth).toMatchObject({ outage: 'cni-wipe', dataFromMs: fromMs, dataToMs: fromMs + 15_000 });
    expect(trials[0]?.truth.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('names what is damaged and reads the rest', async () => {
    for (const name of ['a', 'cut', 'other', 'gone', 'old']) await add(name);
    appendFileSync(join(dir, 'cut', 'metrics.tar.gz'), 'x');
    writeFileSync(join(dir, 'other', 'truth.json'), '{"schemaVersion":1}');
    rmSync(join(dir, 'gone', 'truth.json'));
    const text = readFileSync(join(dir, 'old', 'truth.json'), 'utf8');
    writeFileSync(join(dir, 'old', 'truth.json'), text.replace('"schemaVersion": 1', '"schemaVersion": 9'));
    const { trials, damaged } = await readCorpus([dir]);
    expect(trials.map(({ name }) => name)).toEqual(['a']);
    expect(damaged.map(({ name, why }) => `${name}: ${why}`)).toEqual([
      'cut: metrics.tar.gz is not what truth.json says',
      expect.stringMatching(/^gone: .*no such file/),
      'old: schemaVersion: written by another version of firedrill',
      expect.stringMatching(/^other: \w+: is missing/),
    ]);
  });

  it('takes no archive without blocks at its top', async () => {
    const nested = join(dir, 'nested');
    mkdirSync(join(nested, 'data'), { recursive: true });
    await archive(tools, join(nested, 'data', 'tsdb'), { up: [1] }, fromMs, 5000);
    await must(realRunner, 'packing', 'tar', ['-czf', join(dir, 'bad.tar.gz'), '-C', nested, 'data']);
    await expect(addToCorpus(dir, 'x', join(dir, 'bad.tar.gz'), keptTruth())).rejects.toThrow('has no blocks');
  });
});

it('a folder without a trial, or none at all, is told', async () => {
  await expect(readCorpus([dir])).rejects.toThrow(`no corpus at ${dir}`);
  await expect(readCorpus([join(dir, 'gone')])).rejects.toThrow('no corpus at');
});
