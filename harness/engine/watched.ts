import type { AlertStack } from '../alerts/live/stack.ts';
import type { EventOf } from '../model/events.ts';
import type { TrialClock } from './clock.ts';
import type { Journal } from './journal.ts';
import type { StepContext } from './steps.ts';
import type { SliTracker, Unanswered } from './tracker.ts';
import type { TrialSpec } from './trial-spec.ts';

/** What a trial sees of its cluster while it runs. */
export interface Watched extends StepContext {
  readonly journal: Journal;
  readonly clock: TrialClock;
  readonly spec: TrialSpec;
  readonly tracker: SliTracker;
  readonly unanswered: Unanswered;
  /** Where rules are evaluated beside the trial. */
  readonly alerts?: AlertStack | undefined;
}

/** The cluster's latest account of itself; undefined before the first. */
export function lastState({ journal }: { readonly journal: Journal }): EventOf<'state'> | undefined {
  return journal.events.findLast((event) => event.type === 'state');
}

/** Raised inside a trial when the experiment does not hold; ends it as `invalid` with this cause. */
export class TrialStopped extends Error {
  readonly outcome: EventOf<'trial.ended'>['cause'];
  constructor(outcome: EventOf<'trial.ended'>['cause'], message: string) {
    super(message);
    this.outcome = outcome;
  }
}
