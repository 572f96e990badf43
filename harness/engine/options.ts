import type { RuleSet } from '../alerts/live/rule-set.ts';
import type { Limits } from '../model/limits.ts';
import type { Trigger } from '../model/plan.ts';
import type { OnProgress } from '../model/progress.ts';
import type { ImageMode, KubernetesMinor } from '../images/refs.ts';
import type { PlanOptions } from './plan.ts';
import type { OnCall, Responders } from './on-call.ts';
import type { Turns } from './turns.ts';
import type { Resumed } from './resume.ts';

/** How a run draws its trials into the same blocks as others. */
export interface Beside {
  /** This run, among them. */
  readonly who: string;
  readonly turns: Turns;
  /** The others' ids, for the plan. */
  readonly runs: readonly string[];
  /** When it was planned, milliseconds since the Unix epoch: its id comes of it, and the others must know it. */
  readonly createdEpochMs: number;
}

/** What a run is asked to do: what is planned, and how it is carried out. */
export interface RunOptions extends Omit<PlanOptions, 'createdEpochMs'> {
  readonly trigger: Trigger;
  /** How many blocks at once. */
  readonly parallel: number;
  readonly keep: 'never' | 'on-failure' | 'always';
  readonly images: ImageMode;
  /** Kubernetes' minor version on the nodes; default: the one that all outages were run on. */
  readonly kubernetes?: KubernetesMinor;
  /** Folder of the reports; the run makes `<out>/<scenario>/<runId>`. */
  readonly out: string;
  readonly openFence: boolean;
  /** Every cluster is made anew, none restored from a snapshot. */
  readonly fresh: boolean;
  readonly timeoutMs?: number;
  /** A person who answers in place of the runbook; of one trial. */
  readonly onCall?: OnCall;
  /** When a trial is stopped, for this machine's sake. */
  readonly limits: Limits;
  /** The blocks that it shares with other runs: one trial at a time, and no cluster left between two. */
  readonly shared?: Beside;
  /** A run that is resumed, its finished trials kept. Profile, seed and runbooks are its own. */
  readonly resume?: Resumed;
  /** Rules that a Prometheus evaluates beside each trial; the scenario has their alerts as detectors. Absent: none runs. */
  readonly rules?: RuleSet;
  /** Who responds, by the ids of the runbooks that stand for them. */
  readonly responders?: Responders;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}
