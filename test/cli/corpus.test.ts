import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { corpusAdd } from '../../harness/cli/commands/corpus-add.ts';
import { processOutput } from '../../harness/cli/output.ts';
import { readCorpus } from '../../harness/alerts/corpus.ts';
import { archive } from '../support/corpus.ts';
import { buildLog, type LogSpec } from '../support/log-builder.ts';
import { planOf } from '../support/plan.ts';
import { toolsForTests } from '../support/prometheus.ts';

/** DNS is bad from 32 s to 71 s; the fault was made between 30 and 31 s; the runbook changes something at 61 s. */
const outage: LogSpec = {
  probes: [{ sli: 'dns', outages: [[32_000, 71_000]] }, { sli: 'api' }],
  steps: [{ name: 'restart', fromMs: 61_000, toMs: 65_000 }],
  endMs: 120_000,
};

describe.skipIf(typeof toolsForTests === 'string')('alerts corpus add', () => {
  const tools = toolsForTests;
  if (typeof tools === 'string') return;
  let dir: string;
  let out = '';
  let zero = 0;
  const add = (name: string) =>
    corpusAdd(
      {
        env: {},
        signal: new AbortController().signal,
        lendInterrupts: () => () => undefined,
        ignoreSignals: () => undefined,
        output: {
          ...processOutput({}),
          result: (text) => {
            out = text;
          },
        },
      },
      name,
      { corpus: join(dir, 'corpus'), out: join(dir, 'reports') },
    );
  const run = (): string => join(dir, 'run');
  const trial = (id: string): string => join(run(), 'trials', id);
  const put = async (id: string, spec: Partial<LogSpec>, metrics = true): Promise<void> => {
    mkdirSync(trial(id), { recursive: true });
    const log = buildLog({ ...outage, trialId: id, ...spec });
    const [first] = log;
    if (first?.type === 'trial.started') zero = first.wallEpochMs;
    writeFileSync(join(trial(id), 'events.jsonl'), log.map((e) => `${JSON.stringify(e)}\n`).join(''));
    if (metrics)
      renameSync(await archive(tools, join(dir, id), { up: [1, 1] }, zero, 5000), join(trial(id), 'metrics.tar.gz'));
  };

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'corpus-add-'));
    mkdirSync(run());
    writeFileSync(join(run(), 'plan.json'), JSON.stringify(planOf(1)));
    await put('wait-1', { steps: [] });
    await put('cure-1', {});
    await put('nuclear-1', {}, false);
    writeFileSync(
      join(trial('cure-1'), 'metrics.json'),
      '{"factor":0.5,"scrapeMs":7500,"evaluationMs":15000,"lookbackMs":150000,"prometheus":"3.1.0"}',
    );
  });
  afterAll(() => {
    rmSync(dir, { recursive: true });
  });

  it('keeps the trials that have metrics, with what their records know, as Unix time', async () => {
    expect(await add(run())).toBe(0);
    expect(out).toContain('left out nuclear-1: it has no metrics.tar.gz, or no record');
    const { trials, damaged } = await readCorpus([join(dir, 'corpus')]);
    expect(damaged).toEqual([]);
    expect(trials.map(({ name }) => name)).toEqual(['test-outage-fast-cure-1', 'test-outage-fast-wait-1']);
    expect(trials[0]?.truth).toMatchObject({
      outage: 'test-outage',
      profile: 'fast',
      distribution: 'kubeadm',
      factor: 0.5,
      prometheus: '3.1.0',
      onset: { lo: zero + 30_000, hi: zero + 31_000 },
      witnessMs: zero + 31_000,
      firstSymptom: { sli: 'dns' },
      changedMs: zero + 61_000,
      endMs: zero + 120_000,
      healthy: [{ fromMs: zero + 2000, toMs: zero + 30_000 }],
      dataFromMs: zero,
      dataToMs: zero + 5000,
    });
    // Of an outage that is not among ours, nobody has said what names it.
    expect(trials[0]?.truth).not.toHaveProperty('right');
    const { firstSymptom, restoredMs, stableMs } = trials[0]?.truth ?? {};
    for (const [ms, at] of [
      [firstSymptom?.interval.hi, 32_000],
      [restoredMs, 71_000],
      [stableMs, 71_000],
    ] as const) {
      expect(Math.abs((ms ?? 0) - zero - at)).toBeLessThanOrEqual(1000);
    }
    // Without a word of its own the profile's clocks: 2 s where stock has 15 s.
    expect(trials[1]?.truth).toMatchObject({ scrapeMs: 2000, evaluationMs: 4000, lookbackMs: 40_000 });
    expect(trials[1]?.truth).not.toHaveProperty('changedMs');
  });

  it('takes one trial by its folder', async () => {
    rmSync(join(dir, 'corpus'), { recursive: true });
    await add(trial('wait-1'));
    expect((await readCorpus([join(dir, 'corpus')])).trials.map(({ name }) => name)).toEqual([
      'test-outage-fast-wait-1',
    ]);
    expect(readFileSync(join(dir, 'corpus', 'test-outage-fast-wait-1', 'truth.json'), 'utf8')).toMatch(/\n$/);
  });

  it('with nothing to keep is told', async () => {
    await expect(add(trial('nuclear-1'))).rejects.toThrow('left out nuclear-1');
    await expect(add(join(dir, 'nowhere'))).rejects.toThrow('no run');
  });
});
