import type { Outcome } from './outcome.ts';

/**
 * What a long piece of work says while it goes on, for whoever watches: the command line draws it, nothing is measured or
 * decided from it, and losing one changes no result. Plain data, so that `--reporter jsonl` is these lines as they are.
 *
 * Durations are milliseconds. `atMs` is absent on purpose: the renderer stamps an event when it arrives.
 */
export type ProgressEvent =
  | ProgressSeries
  | ProgressSetup
  | ProgressRun
  | ProgressTrial
  | ProgressPhase
  | ProgressDetected
  | ProgressStep
  | ProgressSlis
  | ProgressOutcome
  | ProgressNote;

/** Of several scenarios, the next one's turn. */
export interface ProgressSeries {
  readonly type: 'series';
  readonly scenario: string;
  /** From 1. */
  readonly index: number;
  readonly of: number;
  /** Estimate until the last of them is over. */
  readonly etaMs: number;
}

/** One part of making this machine ready: Docker, a binary, an image, the node image. Parts are counted so that a bar can be drawn. */
export interface ProgressSetup {
  readonly type: 'setup';
  /** What is being made or fetched: `kind`, `node image: kubelet`, `docker`. */
  readonly part: string;
  readonly state: 'started' | 'working' | 'done' | 'failed' | 'skipped';
  /** From 1. */
  readonly index: number;
  /** How many parts there are in all, as far as known now. */
  readonly of: number;
  /** Since this set-up began (not this part). */
  readonly elapsedMs: number;
  /** Estimate of what is left of the whole set-up. */
  readonly etaMs?: number;
  /** What it is doing, how large, how long: one line. */
  readonly detail?: string;
}

/** A run has its folder and knows how many trials it is going to make. */
export interface ProgressRun {
  readonly type: 'run';
  readonly scenario: string;
  readonly profile: string;
  readonly runDir: string;
  readonly trials: number;
  /** Estimate of the whole run; of one that ends when it is decided, up to its first look. */
  readonly etaMs?: number;
  /** Whether it may end at a look, before all its trials. */
  readonly decide?: boolean;
}

/** A trial begins. */
export interface ProgressTrial {
  readonly type: 'trial';
  readonly id: string;
  readonly runbook: string;
  /** From 1. */
  readonly index: number;
  readonly of: number;
  /** Estimate until the last trial of the run is over; of one that ends when it is decided, until its next look. */
  readonly etaMs?: number;
  readonly decide?: boolean;
}

/** A phase of the trial (see `phaseNames` in events.ts). */
export interface ProgressPhase {
  readonly type: 'phase';
  readonly name: string;
  readonly state: 'started' | 'done' | 'failed';
  /** How long this phase may take from its start before it gives up. */
  readonly deadlineMs?: number;
  readonly detail?: string;
}

/** An alert fired. */
export interface ProgressDetected {
  readonly type: 'detected';
  readonly id: string;
  readonly title: string;
  /** Since the fault's inject command was sent; absent for an alert that fired before it. */
  readonly sinceInjectMs?: number;
  /** What the alert says. */
  readonly what?: string;
}

/** One command of the fault, its undo or the runbook. */
export interface ProgressStep {
  readonly type: 'step';
  readonly part: 'setup' | 'prepare' | 'inject' | 'undo' | 'runbook';
  readonly name: string;
  readonly on: string;
  readonly state: 'started' | 'done' | 'failed' | 'skipped';
  /** Of this step; 0 when it starts. */
  readonly elapsedMs: number;
  readonly detail?: string;
}

/** Which service level indicators are good and which are bad now. Sent when one of them changes sides. */
export interface ProgressSlis {
  readonly type: 'slis';
  readonly good: readonly string[];
  readonly bad: readonly string[];
}

/** What became of a trial. */
export interface ProgressOutcome {
  readonly type: 'outcome';
  readonly trialId: string;
  readonly runbook: string;
  readonly outcome: Outcome;
  readonly ttrMs?: number;
  readonly reason: string;
}

/** Something a person should know and that fits nowhere else: one line. */
export interface ProgressNote {
  readonly type: 'note';
  readonly level?: 'info' | 'warning';
  readonly text: string;
}

/** Whoever wants to hear of progress. Must not throw and must return at once. */
export type OnProgress = (event: ProgressEvent) => void;
