import { seconds } from './units.ts';

/**
 * What an arm is that is no answer to the outage but shows what the answers are worth:
 * - `healthy`: no fault, no runbook: false alarms, and the noise floor of the probes;
 * - `on-healthy`: a runbook on a cluster that nothing is wrong with: what the fix itself costs;
 * - `harness-undo`: the fault, taken back by the harness as by a runbook: no runbook can be faster;
 * - `delayed`: a runbook begun 30 s later: a comparison that does not see that sees nothing.
 */
export const controlKinds = ['healthy', 'on-healthy', 'harness-undo', 'delayed'] as const;
export type ControlKind = (typeof controlKinds)[number];

/** How much later the canary begins. */
export const canaryDelayMs = seconds(30);

/** Names that stand for a runbook where an arm has none of the scenario's. */
export const noRunbook = 'none';
export const undoRunbook = 'harness-undo';

/** Whether nothing is broken in such an arm: no onset, no time to recover. */
export function isFaultFree(kind: ControlKind | undefined): boolean {
  return kind === 'healthy' || kind === 'on-healthy';
}

/** The name of an arm, by which reports and `compare` call it; that of an arm without a control kind is its runbook's. */
export function armName(arm: { readonly runbook: string; readonly control?: ControlKind }): string {
  const { runbook, control } = arm;
  if (control === undefined) return runbook;
  switch (control) {
    case 'healthy':
      return 'healthy';
    case 'harness-undo':
      return undoRunbook;
    case 'on-healthy':
      return `${runbook}-on-healthy`;
    case 'delayed':
      return `${runbook}-delayed-${canaryDelayMs / 1000}s`;
  }
}
