import type { Millis } from './units.ts';

/** Which nodes a step, a fault or a check acts on. `control-plane` and `workers` are the roles; a number is one worker, from 1. */
export type NodeSelector = 'control-plane' | 'workers' | 'nodes' | { readonly worker: number };

/**
 * Where a command is typed: on the nodes (over ssh in production, by `docker exec` here: it does not depend on the cluster), or
 * on the engineer's workstation, where `kubectl` and `$KUBECONFIG` of the cluster are at hand, `$MANIFESTS` is the folder
 * with the workload's YAML (their git repository), `$BACKUP` an empty folder and `$PACKAGES` the unpacked upstream packages
 * (CNI plugins) that a reinstall would download.
 */
export type Place = 'workstation' | NodeSelector;

interface StepBase {
  /** Short name for progress lines and reports. */
  readonly name: string;
  /** Upper bound; a step that overruns it is killed and counts as failed. */
  readonly timeoutMs: Millis;
  /** False for steps that only look (get, logs): the first changing step is where mitigation starts. */
  readonly changes: boolean;
  /** What is lost if this step goes wrong, in words; undefined when nothing is destroyed. */
  readonly destroys?: string;
  /** A failing optional step does not end the runbook. */
  readonly optional?: boolean;
  /** The postmortem's own command where ours is another (k3s-uninstall.sh, k3s certificate rotate, ...). */
  readonly standsFor?: string;
  /** What it prints is a finding (which culprit a diagnosis points to): reports show it beside the runbook. */
  readonly finding?: boolean;
}

/** One shell command (`sh -ec`), the very text a person would type. On several nodes it runs on all of them side by side. */
export interface ShellStep extends StepBase {
  readonly kind: 'shell';
  readonly on: Place;
  readonly command: string;
}

/** Power-cycles nodes: the container is stopped and started again, with its address. `command` is what a person types. */
export interface RebootStep extends StepBase {
  readonly kind: 'reboot';
  readonly on: NodeSelector;
}

/** Switches nodes off without warning; `reboot` switches them on again. */
export interface PowerOffStep extends StepBase {
  readonly kind: 'power-off';
  readonly on: NodeSelector;
}

/** What a machine does after a kernel panic: `reboot` by itself (ten seconds later is Ubuntu's default), or `halt` until a person comes. */
export interface OnPanicStep extends StepBase {
  readonly kind: 'on-panic';
  readonly on: NodeSelector;
  readonly then: 'reboot' | 'halt';
}

/**
 * Waits until a command succeeds (exit 0), as a person does who looks again and again; fails at its time-out.
 * Polled once a second.
 */
export interface UntilStep extends StepBase {
  readonly kind: 'until';
  readonly on: Place;
  readonly command: string;
}

/** Data, not code: the same value is printed by `describe` and `--dry-run`, stored in the plan, and executed. */
export type Step = ShellStep | RebootStep | PowerOffStep | OnPanicStep | UntilStep;

/** How long steps may wait for something at most, milliseconds; commands take moments. */
export const waitingMs = (steps: readonly Step[]): number =>
  steps.reduce((sum, { kind, timeoutMs }) => (kind === 'until' ? sum + timeoutMs : sum), 0);
