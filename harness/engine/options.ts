import type { ProfileName } from '../model/profile.ts';
import type { Trigger } from '../model/plan.ts';
import type { OnProgress } from '../model/progress.ts';
import type { Scenario } from '../model/scenario.ts';
import type { ImageMode, KubernetesMinor } from '../images/refs.ts';
import type { ControlWord } from './controls.ts';
import type { Resumed } from './resume.ts';

/** What a run is asked to do. */
export interface RunOptions {
  readonly scenarioId: string;
  readonly scenario: Scenario;
  readonly profile: ProfileName;
  readonly trials: number;
  /** How many blocks at once. */
  readonly parallel: number;
  readonly seed: number;
  readonly runbooks?: readonly string[];
  /** Control arms beside them; none when absent. */
  readonly controls?: readonly ControlWord[];
  readonly keep: 'never' | 'on-failure' | 'always';
  readonly images: ImageMode;
  /** Kubernetes' minor version on the nodes; default: the one that all outages were run on. */
  readonly kubernetes?: KubernetesMinor;
  /** Folder of the reports; the run makes `<out>/<scenario>/<runId>`. */
  readonly out: string;
  readonly trigger: Trigger;
  /** Arms are dropped, and the run ends, by the rules that its plan declares. */
  readonly decide?: boolean;
  /** How long an arm is watched, once, after service is stable; the profile's time when absent. */
  readonly confirmMs?: number;
  readonly openFence: boolean;
  /** Every cluster is made by kind, none restored from a snapshot. */
  readonly fresh: boolean;
  readonly timeoutMs?: number;
  /** A run that is gone on with, its finished trials kept. Profile, seed and runbooks are its own. */
  readonly resume?: Resumed;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}
