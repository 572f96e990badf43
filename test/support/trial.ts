import type { WholeRecord } from '../../harness/model/record.ts';
import { analyseTrial } from '../../harness/analysis/record.ts';
import { buildLog, type LogSpec } from './log-builder.ts';

/** A trial whose DNS is good again at the given instant (fault at 30 to 31 s), noticed by `node` at 40 s. */
export function trial(trialId: string, goodMs: number, change: Partial<LogSpec> = {}): WholeRecord {
  const runbook = trialId.replace(/-\d+$/, '');
  return analyseTrial(
    buildLog({
      trialId,
      runbook,
      probes: [{ sli: 'dns', outages: [[32_000, goodMs]] }],
      steps: runbook === 'wait' ? [] : [{ name: 'restart', fromMs: 61_000, toMs: 65_000 }],
      detectors: [{ id: 'node', periodMs: 1e6 }],
      readings: [
        { atMs: 40_000, detector: 'node', state: 'firing', what: 'NotReady' },
        { atMs: goodMs + 1000, detector: 'node', state: 'quiet' },
      ],
      endMs: goodMs > 250_000 ? 290_000 : goodMs + 40_000,
      ...change,
    }),
  );
}
/** Good again after everything is over. */
export const never = 1e9;
