import type { Censored, Interval } from './units.ts';
import type { ControlKind } from './control.ts';
import type { EventOf } from './events.ts';
import type { Outcome } from './outcome.ts';

/** One alarm in one trial. `ttd` counts from the onset. */
export interface DetectorRecord {
  readonly id: string;
  readonly title: string;
  readonly loop: string;
  readonly leastTtdMs: number;
  /**
   * `detected`; `missed` (alive and silent); `dead` (neither fired nor beat); `blind` (alive and said it could not see);
   * `misdiagnosed` (fired only with something unexpected, in a control at all); `noisy` (was firing before the fault).
   */
  readonly status: 'detected' | 'missed' | 'dead' | 'blind' | 'misdiagnosed' | 'noisy';
  readonly ttd?: Interval;
  /** What the alert said. */
  readonly what?: string;
  readonly falseAlarms: number;
  /**
   * How long after the onset it was asked, in ms: to the first changing command, or to the end of the watch where nothing was changed. What
   * fires later may have noticed the cure. Absent in records of definitions 1.
   */
  readonly askedMs?: number;
}

/** A stretch of one SLI's timeline in which it was good or bad, for drawing. Trial milliseconds. */
export interface Band {
  readonly fromMs: number;
  readonly toMs: number;
  readonly good: boolean;
}

/** What of an SLI is held of many trials. */
export interface SliRecord {
  readonly sli: string;
  readonly title: string;
  readonly firstSymptom?: Interval;
  /** Downtime in ms: every failed request stands for one period, from the inject command to the horizon or the end. */
  readonly badMs: number;
}

/** An SLI with what is needed to draw it. */
export interface WholeSliRecord extends SliRecord {
  readonly bystander: boolean;
  /** Between two requests, in ms, and the share of them that must be good; absent in records of definitions 1. */
  readonly periodMs?: number;
  readonly slo?: number;
  /** Whether it had an outage between onset and end. */
  readonly broke: boolean;
  /** Since when it was stable, counted from the onset; censored when never. Absent when it never broke. */
  readonly ttr?: Interval | Censored;
  readonly samples: number;
  readonly bad: number;
  readonly lastError?: string;
  readonly bands: readonly Band[];
}

/** A step with its instants, in trial milliseconds. */
export interface StepRecord {
  readonly part: string;
  readonly name: string;
  /** What it printed is a finding. */
  readonly finding?: boolean;
  readonly fromMs: number;
  readonly toMs: number;
  readonly ok: boolean;
  /** What it printed; where only the numbers of a trial are kept, only of findings. */
  readonly output?: string;
}

/** A step as it was typed. */
export interface WholeStepRecord extends StepRecord {
  readonly on: string;
  readonly command: string;
  readonly changes: boolean;
  readonly exitCode?: number;
}

export interface DataLoss {
  readonly stores: readonly Omit<EventOf<'audit'>, 'type'>[];
  readonly lost: number;
  /** Onset minus the oldest lost acknowledgement; absent when nothing was lost. */
  readonly rpoMs?: number;
}

export interface Collateral {
  /** Outside the blast radius: container restarts, objects deleted, bad seconds of bystanders. */
  readonly restarts: number;
  readonly deleted: number;
  readonly bystanderBadMs: number;
  /** Inside it, for comparison. */
  readonly restartsInside: number;
  readonly deletedInside: number;
}

/**
 * Every number of one trial, derived from its events and from nothing else: what summaries, comparisons and verdicts read, and all of it that is kept in
 * memory of many trials.
 */
export interface TrialRecord {
  readonly schemaVersion: 1;
  /** By which definitions of docs/measurement.md the numbers were computed; absent: 1, those of before. */
  readonly definitions?: 2;
  /** Computed from the timelines of an older record, whose events were not kept (`analysis/kept.ts`); absent in all others. */
  readonly from?: 'bands';
  readonly trialId: string;
  readonly scenario: string;
  readonly runbook: string;
  /** What kind of control arm it is of; absent in all others. */
  readonly control?: ControlKind;
  readonly profile: 'stock' | 'fast';
  readonly seed: number;
  readonly wallEpochMs: number;
  readonly outcome: Outcome;
  /** The change was made under a precaution; absent in all other trials. */
  readonly prevention?: true;
  /** One sentence: why this outcome. */
  readonly reason: string;
  readonly claim: EventOf<'trial.started'>['claim'];
  /** [inject command sent, witness confirmed]. */
  readonly onset?: Interval;
  readonly firstSymptom?: { readonly sli: string; readonly interval: Interval };
  readonly detectors: readonly DetectorRecord[];
  readonly mitigation?: {
    readonly startMs: number;
    readonly endMs: number;
    readonly commands: number;
    readonly failed: number;
    readonly destroys: readonly string[];
  };
  /** When everything that broke was first good at once, counted from the onset; absent where `ttr` is. */
  readonly firstGood?: Interval | Censored;
  /**
   * Time to recover, counted from the onset: since when service was stable, with no outage for a stability window, which is not added. Absent
   * for invalid trials.
   */
  readonly ttr?: Interval | Censored;
  readonly fullRecovery?: Interval | Censored;
  /** How long it was watched after it was stable, in ms; absent where it never was. */
  readonly watchedStableMs?: number;
  /** The first outage after it was stable: how long after that it began, how long it lasted at least, of which SLIs; ms. */
  readonly downAgain?: {
    readonly afterMs: number;
    readonly lastedMs: number;
    readonly slis: readonly string[];
    /** Over all outages after it was stable: how long anything was down. */
    readonly totalMs: number;
    /** Whether that undoes the recovery: 5 s or more in all, or down at the end. Less is a blip, which counts as downtime. */
    readonly relapse: boolean;
  };
  /** Why full recovery was not reached, if it was not. */
  readonly fullRecoveryMissing: readonly string[];
  /** Disjoint parts of TTR that add up to its midpoint, in ms: before the first changing command, while the runbook ran, after it. */
  readonly parts?: { readonly waitingMs: number; readonly mitigatingMs: number; readonly settlingMs: number };
  /** Downtime: mean over the SLIs of `breaks` of theirs, ms. */
  readonly badnessMs: number;
  readonly slis: readonly SliRecord[];
  /** `unknown` when the final read could not be done or nothing was read. */
  readonly data: DataLoss | 'unknown';
  readonly collateral: Collateral;
  readonly load: { readonly good: number; readonly bad: number; readonly dropped: number };
  /** How far the instrument can be believed; `why` and the share of CPU time that the host gave to others where they are known. */
  readonly harness: {
    readonly loopDelayP99Ms: number;
    readonly latenessP99Ms: number;
    readonly starved: boolean;
    readonly why?: string;
    readonly stolenShare?: number;
  };
  readonly environment: Readonly<Record<string, string>>;
  readonly phases: readonly { readonly name: string; readonly fromMs: number; readonly toMs: number }[];
  /** Where only the numbers of a trial are held, those of the runbook and findings. */
  readonly steps: readonly StepRecord[];
  /** End of observation in trial ms. */
  readonly endMs: number;
}

/** A trial's record.json: its numbers, and what is needed to draw it, which is most of it. Schema in docs. */
export interface WholeRecord extends TrialRecord {
  /** What showed that the fault was in effect. */
  readonly witness: readonly string[];
  readonly slis: readonly WholeSliRecord[];
  readonly steps: readonly WholeStepRecord[];
  /** User load second by second, for the timeline. */
  readonly loadSeries: readonly Omit<EventOf<'load'>, 'type'>[];
}

/** Fetches a trial's whole record where one is needed: of many trials they are not all held in memory. */
export type WholeOf = (trialId: string) => WholeRecord;
