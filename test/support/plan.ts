import type { Plan } from '../../harness/model/plan.ts';

/** A plan of one block per number, with `wait`, `cure` and `nuclear`. */
export function planOf(blocks: number, change: Partial<Plan> = {}): Plan {
  const step = { name: 'restart', on: 'workstation', command: 'kubectl rollout restart <all> & | `x`', changes: true };
  const runbooks: Plan['runbooks'] = [
    { id: 'wait', title: 'Do nothing', why: 'The floor.', says: 'never heals', expect: 'does-not-recover', steps: [] },
    { id: 'cure', title: 'Restart', why: 'It helps.', says: 'cures it', expect: 'recovers', steps: [step] },
    {
      id: 'nuclear',
      title: 'Rebuild',
      why: 'When nothing else does.',
      says: 'cures it, too',
      expect: 'recovers',
      steps: [{ ...step, destroys: 'the cluster' }],
    },
  ];
  return {
    schemaVersion: 1,
    runId: '20251121-041500-0001',
    scenario: 'test-outage',
    profile: 'fast',
    seed: 1,
    createdEpochMs: Date.UTC(2025, 10, 21),
    trials: Array.from({ length: blocks }, (_, i) =>
      runbooks.map((r) => ({ id: `${r.id}-${String(i + 1)}`, block: i + 1, runbook: r.id, seed: i })),
    ).flat(),
    outage: {
      title: 'The outage',
      source: 'postmortem 999',
      date: '2025-10-05',
      says: ['All was down.'],
      undetectedMs: 2 * 86_400_000,
      recoveryMs: 8 * 3_600_000,
    },
    fidelity: 'real',
    differences: ['smaller'],
    runbooks,
    horizonMs: 240_000,
    holdMs: 20_000,
    ...change,
  };
}
