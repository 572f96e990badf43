import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addToCorpus } from '../../harness/alerts/corpus.ts';
import type { Truth } from '../../harness/alerts/truth.ts';
import { must, realRunner } from '../../harness/host/run.ts';
import { makeData, type ToolsForTests, type Values } from './prometheus.ts';

/** The truth of a made-up trial: healthy for 100 s, then an outage that users notice after 10 s; changed at 200 s, stable at 250 s. Unix ms from `fromMs`. */
export function keptTruth(more: Partial<Truth> = {}, fromMs = 0): Truth {
  const at = (s: number): number => fromMs + s * 1000;
  return {
    schemaVersion: 1,
    outage: 'cni-wipe',
    title: 'an outage',
    trialId: 'b1-wait',
    profile: 'stock',
    factor: 1,
    runbook: 'wait',
    distribution: 'kubeadm',
    scrapeMs: 5000,
    evaluationMs: 5000,
    lookbackMs: 300_000,
    dataFromMs: at(0),
    dataToMs: at(300),
    onset: { lo: at(100), hi: at(100) },
    firstSymptom: { sli: 'dns', interval: { lo: at(110), hi: at(110) } },
    changedMs: at(200),
    restoredMs: at(240),
    stableMs: at(250),
    endMs: at(300),
    healthy: [{ fromMs: at(0), toMs: at(100) }],
    sha256: '',
    ...more,
  };
}

/** Makes a TSDB of these series and packs it as a trial's metrics are; returns the archive. */
export async function archive(
  tools: ToolsForTests,
  dir: string,
  series: Values,
  fromMs: number,
  stepMs: number,
): Promise<string> {
  await makeData(tools, dir, series, fromMs, stepMs);
  rmSync(join(dir, 'series.txt'));
  const file = `${dir}.tar.gz`;
  await must(realRunner, 'packing', 'tar', ['-czf', file, '-C', dir, ...readdirSync(dir)]);
  return file;
}

/** Puts a made-up trial into a corpus. */
export async function keepTrial(
  tools: ToolsForTests,
  corpus: string,
  name: string,
  series: Values,
  fromMs: number,
  stepMs: number,
  truth: Truth,
): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'kept-'));
  try {
    await addToCorpus(corpus, name, await archive(tools, join(work, 'data'), series, fromMs, stepMs), truth);
  } finally {
    rmSync(work, { recursive: true });
  }
}
