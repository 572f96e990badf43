import { canaryDelayMs, controlKinds, noRunbook, undoRunbook, type ControlKind } from '../model/control.ts';
import { FiredrillError } from '../model/errors.ts';
import type { PlannedTrial } from '../model/plan.ts';
import type { Profile } from '../model/profile.ts';
import { claimed, type Scenario } from '../model/scenario.ts';
import type { ClaimedRunbook } from '../model/runbook.ts';
import { humanDuration, millis, seconds, type Millis } from '../model/units.ts';

/** What `--controls` takes: the kinds of control arms, and `wait`, which is a runbook of every scenario. */
export const controlWords = ['healthy', 'on-healthy', 'wait', 'harness-undo', 'delayed'] as const;
export type ControlWord = (typeof controlWords)[number];

/** An arm of a plan: a runbook of the scenario, or a control. */
export type Arm = Pick<PlannedTrial, 'runbook' | 'control'>;

/**
 * The control arms of these kinds beside the chosen runbooks, in a fixed order. Fixes are the chosen runbooks that should recover, or all
 * that change something when none of those was chosen: each is run on a healthy cluster, and the first is the canary's. Precautions are none.
 * All kinds at once (what a bare `--controls` asks for) leave out what there is nothing for.
 *
 * @throws FiredrillError `usage` when a kind was asked for by name and no chosen runbook changes anything
 */
export function controlArms(chosen: readonly ClaimedRunbook[], kinds: readonly ControlKind[]): readonly Arm[] {
  const fixes = fixesAmong(chosen);
  const needed = kinds.find((kind) => kind === 'on-healthy' || kind === 'delayed');
  if (fixes.length === 0 && needed !== undefined && kinds.length < controlKinds.length)
    throw new FiredrillError('usage', `--controls ${needed}: none of the chosen runbooks changes anything`, {
      hint: 'add one with --runbook <id>',
    });
  return controlKinds
    .filter((kind) => kinds.includes(kind))
    .flatMap((control): readonly Arm[] => {
      switch (control) {
        case 'healthy':
          return [{ runbook: noRunbook, control }];
        case 'harness-undo':
          return [{ runbook: undoRunbook, control }];
        case 'on-healthy':
          return fixes.map((id) => ({ runbook: id, control }));
        case 'delayed':
          return fixes.slice(0, 1).map((id) => ({ runbook: id, control }));
      }
    });
}

function fixesAmong(chosen: readonly ClaimedRunbook[]): readonly string[] {
  const changing = chosen.filter(
    ({ runbook }) => runbook.instead === undefined && runbook.steps.some((step) => step.changes),
  );
  const meant = changing.filter(({ claim }) => claim.expect === 'recovers');
  return (meant.length > 0 ? meant : changing).map(({ runbook }) => runbook.id);
}

/**
 * What a trial of this arm runs, and what is expected of it: of a control nothing, so that none ever turns a run red. Undefined when the
 * scenario has no such runbook.
 */
export function runbookOf(scenario: Scenario, arm: Arm): ClaimedRunbook | undefined {
  const { control } = arm;
  if (control === 'healthy') {
    return claimed({ id: noRunbook, ...pageOf(arm), steps: [] }, 'unknown', titleOf(arm));
  }
  if (control === 'harness-undo') {
    return claimed({ id: undoRunbook, ...pageOf(arm), steps: scenario.fault.undo }, 'unknown', titleOf(arm));
  }
  const found = scenario.runbooks.find(({ runbook }) => runbook.id === arm.runbook);
  if (found === undefined || control === undefined) return found;
  return claimed(found.runbook, 'unknown', titleOf(arm));
}

const pageOf = (arm: Arm) => ({
  title: titleOf(arm),
  source: 'control: docs/measurement.md, "Controls"',
  why: titleOf(arm),
});

/** What a control arm is, in one line. */
export function titleOf({ runbook, control }: Arm): string {
  if (control === undefined) return runbook;
  switch (control) {
    case 'healthy':
      return 'No fault and no runbook: false alarms, and the noise floor of the probes';
    case 'on-healthy':
      return `${runbook} on a healthy cluster: what the fix itself costs`;
    case 'harness-undo':
      return "The fault's own undo as a runbook: no runbook can be faster";
    case 'delayed':
      return `${runbook} started ${humanDuration(canaryDelayMs)} later: the comparison must detect that`;
  }
}

/** How long a healthy cluster is watched: as long as the alerts look back, and a minute at least. */
export function healthyWatchMs(profile: Profile): Millis {
  return millis(Math.max(seconds(60), profile.alertWindowMs));
}

/** How much later than others the runbook of this arm begins. */
export const delayOf = (control: ControlKind | undefined): Millis =>
  control === 'delayed' ? canaryDelayMs : millis(0);
