import { armName, canaryDelayMs } from '../../harness/model/control.ts';
import type { Plan, PlannedControl, PlannedTrial } from '../../harness/model/plan.ts';
import type { WholeRecord } from '../../harness/model/record.ts';
import { analyseTrial } from '../../harness/analysis/record.ts';
import { buildLog } from './log-builder.ts';
import { planOf } from './plan.ts';

const controls: readonly PlannedControl[] = [
  { id: 'healthy', kind: 'healthy', title: 'No fault & no runbook' },
  { id: 'cure-on-healthy', kind: 'on-healthy', runbook: 'cure', title: 'fix on a healthy cluster' },
  { id: 'harness-undo', kind: 'harness-undo', title: 'The undo' },
  { id: 'cure-delayed-30s', kind: 'delayed', runbook: 'cure', title: 'cure, later' },
];

/** `planOf` with all four kinds of controls of the runbook `cure` in each block. */
export function controlledPlan(blocks: number): Plan {
  const plan = planOf(blocks);
  const arms = controls.map(({ kind, runbook }) => ({
    control: kind,
    runbook: runbook ?? (kind === 'healthy' ? 'none' : 'harness-undo'),
  }));
  const trials = Array.from({ length: blocks }, (_, i) => [
    ...plan.trials.filter((t) => t.block === i + 1),
    ...arms.map((arm) => ({ id: `${armName(arm)}-${String(i + 1)}`, block: i + 1, ...arm, seed: i })),
  ]).flat();
  return { ...plan, trials, controls };
}

/** What one trial did otherwise than the others of its arm. */
interface Change {
  readonly falseAlarm?: boolean;
  readonly lost?: number;
  readonly cutAtMs?: number;
  /** Of a delayed one. */
  readonly delayMs?: number;
}

/** A trial of such a plan: `cure` begins at 61 s and service is back 10 s later, the undo takes 2 s, the rest never helps. */
export function trialOf(plan: Plan, trial: PlannedTrial, change: Change = {}): WholeRecord {
  const { control, runbook, block } = trial;
  const faultFree = control === 'healthy' || control === 'on-healthy';
  const late = control === 'delayed' ? (change.delayMs ?? canaryDelayMs) : 0;
  const startMs = control === 'on-healthy' ? 21_000 : 61_000 + late + block * 500;
  const goodMs = runbook === 'cure' ? startMs + 10_000 : runbook === 'harness-undo' ? 65_000 : 1e9;
  const outages = control === 'healthy' ? [] : control === 'on-healthy' ? [[22_000, 30_000]] : [[32_000, goodMs]];
  const fired = !faultFree || change.falseAlarm === true;
  return analyseTrial(
    buildLog({
      trialId: trial.id,
      runbook,
      ...(control === undefined ? {} : { control, claim: { says: 'it shows', expect: 'unknown' as const } }),
      ...(faultFree ? { inject: null } : {}),
      probes: [{ sli: 'dns', outages: outages as [number, number][] }],
      steps:
        runbook === 'wait' || runbook === 'none' ? [] : [{ name: 'restart', fromMs: startMs, toMs: startMs + 4000 }],
      detectors: [{ id: 'node', periodMs: 1e6 }],
      readings: [
        { atMs: 3000, detector: 'node', state: 'quiet' },
        ...(fired ? [{ atMs: 40_000, detector: 'node', state: 'firing' as const, what: 'NotReady' }] : []),
        { atMs: 70_000, detector: 'node', state: 'quiet' },
      ],
      audits: [{ store: 'ledger', missing: change.lost ?? 0 }],
      ...(change.cutAtMs === undefined ? {} : { cutAtMs: change.cutAtMs }),
      endMs: faultFree ? 90_000 : goodMs > 250_000 ? 290_000 : goodMs + 40_000,
    }),
  );
}

/** Every trial of such a plan. */
export const controlledRecords = (plan: Plan): readonly WholeRecord[] => plan.trials.map((t) => trialOf(plan, t));
