import type { Distribution, Requirement } from './distribution.ts';
import type { NodeSelector, Step } from './step.ts';

/**
 * How true to life a fault is. `real`: the same mechanism; `equivalent`: the same state reached by another hand;
 * `emulated`: the trigger is ours, its consequences are the system's own.
 */
export const fidelities = ['real', 'equivalent', 'emulated'] as const;
export type Fidelity = (typeof fidelities)[number];

/** One look at one place that must confirm the fault: `command` is run, and its stdout must match `expect`. */
export interface WitnessCheck {
  readonly name: string;
  readonly on: NodeSelector;
  readonly command: string;
  /** Source of a regular expression (multiline) that the trimmed stdout must match on every selected node. */
  readonly expect: string;
}

/**
 * An outage that really happened, as data. The undo is written to the trial's ledger before `inject` runs, so it must not
 * depend on anything that inject computes; `prepare` saves on the node what undo needs.
 */
export interface Fault {
  readonly id: string;
  readonly title: string;
  /** Which postmortem or manual it comes from. */
  readonly source: string;
  readonly fidelity: Fidelity;
  readonly params: Readonly<Record<string, string | number | boolean>>;
  /** What a distribution must be like for this outage to exist there; absent where it exists everywhere. */
  readonly requires?: readonly Requirement[];
  /** Nodes inside the blast radius. */
  readonly targets: NodeSelector;
  readonly prepare: readonly Step[];
  readonly inject: readonly Step[];
  /** All checks must hold for the fault to count as in effect; none holding by `witnessDeadlineMs` makes the trial invalid. */
  readonly witness: readonly WitnessCheck[];
  readonly witnessDeadlineMs: number;
  /**
   * For a fault that takes a while to take effect: checks of which each, while it holds, proves that the fault is not in effect yet (a quota that is not
   * reached, a host that has not been restarted). They are looked at from the first step of `inject` until the witness holds, and the onset lies
   * after the last look that held. What is only seen late (a line of log, a pod's status) is no such proof.
   */
  readonly notYet?: readonly WitnessCheck[];
  readonly undo: readonly Step[];
}

/** A fault as its file exports it: made for a distribution, for what is typed on a cluster depends on it; or the same on every one. */
export type DeclaredFault = Fault | ((distribution: Distribution) => Fault);

/** Types a fault file's default export; errors in it show at compile time. */
export function defineFault<D extends DeclaredFault>(declared: D): D {
  return declared;
}
