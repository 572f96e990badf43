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

/** The two times that a comparison is about, in the order in which they are asked. */
export const endpoints = ['downtime', 'ttr'] as const;
export type Endpoint = (typeof endpoints)[number];

/** A point at which the comparison is looked at. */
export interface Look {
  /** After so many whole blocks. */
  readonly blocks: number;
  /** What an adjusted p must not be above to count as shown at this look. */
  readonly level: number;
}

/** How a run's arms will be compared, decided before the first trial. */
export interface PlannedComparison {
  /** Runbooks that are answers to the outage, by id. */
  readonly arms: readonly string[];
  readonly endpoints: readonly Endpoint[];
  /** In the order of their blocks; one at the end of the plan where nothing is decided on the way. */
  readonly looks: readonly Look[];
  /** Whether arms are dropped and the run ends as soon as it is decided. */
  readonly decide: boolean;
  /** An arm that never recovered in so many blocks, in which another recovered every time, is dropped. Only where `decide`. */
  readonly dropAfter?: number;
  /** The first recovery of each arm is watched for so long after it is stable; ms. No arm is named without such a watch. */
  readonly confirmMs: number;
  /** What was changed after the run had begun, earliest first: what is compared by it is exploratory. */
  readonly amendments?: readonly { readonly atEpochMs: number; readonly trialsSeen: number; readonly what: string }[];
}

/** An arm that was given up on the way, by the declared rule. */
export interface Dropped {
  readonly arm: string;
  readonly afterBlock: number;
  readonly why: string;
}

/** What the trials of a run do to a cluster and how they watch it. Trials with different ones are not comparable. */
export interface PlannedTest {
  readonly workers: number;
  /** Folder under `manifests/`. */
  readonly workload: string;
  /** Done on every trial's cluster before steady state is measured. */
  readonly setup: readonly PlannedStep[];
  readonly fault: {
    readonly id: string;
    readonly params: Readonly<Record<string, string | number | boolean>>;
    readonly targets: string;
    readonly prepare: readonly PlannedStep[];
    readonly inject: readonly PlannedStep[];
    /** Each command's output must match the regular expression. */
    readonly witness: readonly {
      readonly name: string;
      readonly on: string;
      readonly command: string;
      readonly expect: string;
    }[];
    readonly witnessDeadlineMs: number;
    readonly notYet?: PlannedTest['fault']['witness'];
    readonly undo: readonly PlannedStep[];
  };
  readonly probes: readonly {
    readonly sli: string;
    readonly periodMs: number;
    readonly timeoutMs: number;
    /** Share of requests that must be good, 0 to 1. */
    readonly slo: number;
    /** `breaks`: the outage must break it; `keeps`: it must not; `bystander`: outside the blast radius; `watched`: neither. */
    readonly role: 'breaks' | 'keeps' | 'bystander' | 'watched';
  }[];
  readonly detectors: readonly { readonly id: string; readonly loop: string; readonly expects: string }[];
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
  /** Absent in plans from before it was planned. */
  readonly test?: PlannedTest;
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
  /** Absent in plans from before comparisons were planned. */
  readonly comparison?: PlannedComparison;
  /** What was given up while the run went on, in that order; absent where nothing was. */
  readonly dropped?: readonly Dropped[];
  /** Why the run ended before its last block; absent where it did not. */
  readonly decided?: { readonly afterBlock: number; readonly why: string };
  /** Absent where none were asked for. */
  readonly controls?: readonly PlannedControl[];
  readonly horizonMs: number;
  readonly holdMs: number;
}

/** `20251121-093015-4f2a`: sorts by time, short enough for container names. */
export function runIdOf(epochMs: number, seed: number): string {
  const stamp = new Date(epochMs).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${stamp}-${(seed % 65536).toString(16).padStart(4, '0')}`;
}

/** Whether a folder is named as one of a run is. */
export const isRunId = (name: string): boolean => /^\d{8}-\d{6}-[0-9a-f]{4}$/.test(name);

/** The arms of a plan's comparison that were not dropped; none where nothing was declared. */
export function armsIn({ comparison, dropped }: Pick<Plan, 'comparison' | 'dropped'>): readonly string[] {
  return (comparison?.arms ?? []).filter((arm) => !(dropped ?? []).some((d) => d.arm === arm));
}

/** Whether a trial of a plan is still to be run: its arm was not dropped before its block, and the run was not decided. */
export function isWanted(
  { dropped, decided }: Pick<Plan, 'dropped' | 'decided'>,
  { runbook, control, block }: PlannedTrial,
): boolean {
  if (decided !== undefined && block > decided.afterBlock) return false;
  return !(dropped ?? []).some((d) => control === undefined && d.arm === runbook && block > d.afterBlock);
}

/** The kinds of control arms that a plan has: what makes the same ones again. */
export function controlsOf(plan: Plan): readonly ControlKind[] {
  return [...new Set((plan.controls ?? []).map(({ kind }) => kind))];
}
