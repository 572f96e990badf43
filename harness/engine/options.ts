import type { Trigger } from '../model/plan.ts';
import type { OnProgress } from '../model/progress.ts';
import type { ImageMode, KubernetesMinor } from '../images/refs.ts';
import type { PlanOptions } from './plan.ts';
import type { Resumed } from './resume.ts';

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
  /** Every cluster is made by kind, none restored from a snapshot. */
  readonly fresh: boolean;
  readonly timeoutMs?: number;
  /** A run that is resumed, its finished trials kept. Profile, seed and runbooks are its own. */
  readonly resume?: Resumed;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}
