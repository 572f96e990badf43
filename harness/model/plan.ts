import type { ControlKind } from './control.ts';
import type { ProfileName } from './profile.ts';

/** When a runbook begins: a fixed delay after the onset (`oracle`), or when an alarm fires. */
export type Trigger = { readonly kind: 'oracle' } | { readonly kind: 'detector'; readonly id: string };

/** One trial to run: which runbook, in which block, with which seed. */
export interface PlannedTrial {
  readonly id: string;
  readonly block: number;
  readonly runbook: string;
  /** Absent in the arms that are compared as answers to the outage. */
  readonly control?: ControlKind;
  readonly seed: number;
  /** The invalid trial that this one makes up for: added to the plan while the run goes on. */
  readonly repeats?: string;
}

/** A step in words: what a reader of a stored run needs of it. */
export interface PlannedStep {
  readonly name: string;
  readonly on: string;
  readonly command: string;
  readonly changes: boolean;
  readonly destroys?: string;
}

/** A control arm of a run: what it asks, for whoever reads the reports. */
export interface PlannedControl {
  /** The arm's name (`armName`). */
  readonly id: string;
  readonly kind: ControlKind;
  /** The runbook that it is about; absent where there is none of the scenario's. */
  readonly runbook?: string;
  readonly title: string;
  /** What is run, where it is no runbook of the plan. */
  readonly steps?: readonly PlannedStep[];
}

/** `plan.json` of a run: what was decided before anything was touched. */
export interface Plan {
  readonly schemaVersion: 1;
  readonly runId: string;
  readonly scenario: string;
  readonly profile: ProfileName;
  readonly seed: number;
  readonly createdEpochMs: number;
  /** `oracle` where absent. */
  readonly trigger?: Trigger;
  readonly trials: readonly PlannedTrial[];
  /** The scenario's own words that reports print, so that a stored run needs no code of that day. */
  readonly outage: {
    readonly title: string;
    readonly source: string;
    readonly date: string;
    readonly says: readonly string[];
    readonly undetectedMs: number;
    readonly recoveryMs: number;
  };
  readonly fidelity: string;
  readonly differences: readonly string[];
  readonly runbooks: readonly {
    readonly id: string;
    readonly title: string;
    readonly why: string;
    readonly says: string;
    readonly expect: 'recovers' | 'does-not-recover' | 'unknown';
    /** A prevention's steps, done before anything breaks. */
    readonly before?: readonly PlannedStep[];
    /** How a prevention makes the change that broke everything. */
    readonly instead?: readonly PlannedStep[];
    readonly steps: readonly PlannedStep[];
  }[];
  /** Absent where none were asked for. */
  readonly controls?: readonly PlannedControl[];
  readonly horizonMs: number;
  readonly holdMs: number;
}

/** The kinds of control arms that a plan has: what makes the same ones again. */
export function controlsOf(plan: Plan): readonly ControlKind[] {
  return [...new Set((plan.controls ?? []).map(({ kind }) => kind))];
}
