import type { CommandListener } from '../desk/command-log.ts';
import type { DeskAlert } from '../desk/alert-feed.ts';
import type { Desk } from '../desk/desk.ts';
import type { DeskEnding } from '../desk/program.ts';
import type { Cluster } from '../model/cluster.ts';
import type { EventOf, TrialEvent } from '../model/events.ts';
import type { Clock } from './clock.ts';

/** Somebody who responds to an outage at a desk: a program or an agent. */
export interface Responder {
  /** `on-call`: at the desk since before the fault. `called`: comes when a runbook would begin. */
  readonly comes: 'on-call' | 'called';
  /**
   * Works at the desk until done, or until the signal aborts, which it has to obey within seconds. Must not reject for what happens at the desk.
   * @param given.log where what it prints may be kept
   */
  work(
    desk: Desk,
    given: { readonly limitMs: number; readonly log: string; readonly signal: AbortSignal },
  ): Promise<DeskEnding>;
}

/** By the id of the runbook that stands for each. */
export type Responders = ReadonlyMap<string, Responder>;

/** How a person's shift ends before its time. */
export type Leaving = Extract<EventOf<'on-call'>['state'], 'gave-up' | 'left'>;

/** What a person on call is handed: a healthy cluster, and the means to say what is done with it. */
export interface Shift {
  readonly cluster: Cluster;
  readonly clock: Clock;
  /** All events of the trial so far. */
  readonly events: readonly TrialEvent[];
  /** Hears of commands. Those given before the fault are no part of the answer to it, and become notes. */
  readonly commands: CommandListener;
  /** Where alerts go as they fire and are resolved. */
  alerts(tell: (alert: DeskAlert) => void): void;
  hint(hint: Omit<EventOf<'hint'>, 'type'>): void;
  /** The person gives up, or has left. */
  leave(how: Leaving): void;
}

/** A person on call in place of a runbook: sits down at a healthy cluster, and is told when the shift is over. */
export interface OnCall {
  /** Between these, in ms after the shift began, the fault comes; drawn from the trial's seed. */
  readonly quietMs: { readonly least: number; readonly most: number };
  /** Sits down; resolves when it can begin. */
  begin(shift: Shift, signal: AbortSignal): Promise<void>;
  /** The shift is over: whatever was opened for it closes. Called also when the trial was stopped; then there may have been no `begin`. */
  end(): Promise<void>;
}
