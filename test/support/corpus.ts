import type { Truth } from '../../harness/alerts/truth.ts';

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
    right: [],
    sha256: '',
    ...more,
  };
}
